"""What jobs wait for, and how they ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0012"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "job_states",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("accepted_at", moment, nullable=False),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("thread", sa.Text, nullable=False),
        sa.Column("waits_for", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("next_at", moment),
        sa.Column("changed_at", moment, nullable=False),
    )
    op.add_column(
        "deliveries",
        sa.Column(
            "may_have_arrived",
            sa.Boolean,
            nullable=False,
            server_default=sa.text("false"),
        ),
    )
    op.create_index("job_states_newest", "job_states", ["accepted_at", "job_id"])
    op.create_index(
        "job_states_by_state", "job_states", ["state", "accepted_at", "job_id"]
    )
    op.create_index("job_states_waiting", "job_states", ["waits_for", "accepted_at"])
    op.create_index("job_states_of_thread", "job_states", ["thread", "state"])
