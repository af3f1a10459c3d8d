"""Messages of alarms, as they came; the clips of a job or alarm are found at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0034"


def upgrade() -> None:
    op.create_table(
        "alarm_messages",
        sa.Column("event_id", sa.Text(), primary_key=True),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
    )
    op.create_index("alarm_messages_by_age", "alarm_messages", ["stored_at"])
    op.create_index("clips_of_job", "clips", ["job_id"])
    op.create_index("clips_of_alarm", "clips", ["about"])
