"""Which events were published over MQTT, and events by when they were stored."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "published_events",
        sa.Column("event_id", sa.Text(), primary_key=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("published_events_by_time", "published_events", ["published_at"])
    op.create_index("events_by_recording", "events", ["recorded_at"])
