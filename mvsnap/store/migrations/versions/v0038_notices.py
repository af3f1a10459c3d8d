"""Who is notified when: what was kept back, grouped, escalated, seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "notices",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("room", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("camera", sa.Text, nullable=False),
        sa.Column("noted_at", moment, nullable=False),
        sa.Column("due_at", moment),
        sa.Column("group_id", sa.Text, nullable=False),
        sa.Column("is_extra", sa.Boolean, nullable=False),
        sa.Column("escalate_at", moment),
    )
    op.create_index("notices_due", "notices", ["due_at"])
    op.create_index("notices_to_escalate", "notices", ["escalate_at"])
    op.create_index("notices_of_camera", "notices", ["room", "camera", "noted_at"])
    op.create_index("notices_of_group", "notices", ["group_id"])
    op.create_table(
        "notice_groups",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("camera", sa.Text, nullable=False),
        sa.Column("ends_at", moment, nullable=False),
        sa.Column(
            "handed_over", sa.Boolean, nullable=False, server_default=sa.text("false")
        ),
    )
    op.create_index("notice_groups_due", "notice_groups", ["handed_over", "ends_at"])
    op.create_index(
        "notice_groups_of_camera", "notice_groups", ["room", "camera", "ends_at"]
    )
    op.create_table(
        "seen_jobs",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("seen_at", moment, nullable=False),
        sa.Column("seen_by", sa.Text, nullable=False),
    )
