"""Events, deliveries, workers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "events",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("occurred_at", moment, nullable=False),
        sa.Column("recorded_at", moment, nullable=False),
        sa.Column("serial", sa.Text, nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("trigger_kind", sa.Text, nullable=False),
        sa.Column("trigger_by", sa.Text, nullable=False),
        sa.Column("camera_name", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("video_link", sa.Text),
        sa.Column("snapshot_path", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("details", sa.JSON, nullable=False),
    )
    op.create_index("events_newest", "events", ["occurred_at", "id"])
    op.create_index("events_of_camera", "events", ["serial", "occurred_at", "id"])
    op.create_index("events_of_kind", "events", ["kind", "occurred_at", "id"])
    op.create_index("events_of_job", "events", ["job_id"])
    op.create_table(
        "deliveries",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("message_id", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("changed_at", moment, nullable=False),
    )
    op.create_table(
        "workers",
        sa.Column("executor_id", sa.Text, primary_key=True),
        sa.Column("seen_at", moment, nullable=False),
    )
