"""How often a waiting job was triggered, and whose share a clip uses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "repeats",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("begun", sa.Boolean, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.add_column(
        "clips",
        sa.Column("caller", sa.Text, nullable=False, server_default=sa.text("''")),
    )
