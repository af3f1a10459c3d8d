"""What was wrong with the site, and which job reported so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "troubles",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("advice", sa.Text, nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("reported_by", sa.Text, nullable=False),
        sa.Column("over_by", sa.Text, nullable=False),
        sa.Column("handed_over", sa.Boolean, nullable=False),
    )
    op.create_index("troubles_open", "troubles", ["over_by", "handed_over"])
    op.create_index("troubles_reported_by", "troubles", ["reported_by"])
    op.create_table(
        "reported_ends",
        sa.Column("trouble_id", sa.Text, primary_key=True),
        sa.Column("room", sa.Text, primary_key=True),
        sa.Column("job_id", sa.Text, nullable=False),
    )
