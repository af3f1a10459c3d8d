"""When data was cleaned last, and schedules ran: what the clock may not undo."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "cleanings",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("cleaned_at", sa.DateTime(timezone=True)),
        sa.Column("held", sa.Text, nullable=False),
    )
    op.create_table(
        "schedule_runs",
        sa.Column("schedule", sa.Text, primary_key=True),
        sa.Column("moment", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_back_at", sa.DateTime(timezone=True)),
    )
