"""Which listener works on which zones, and what a listener cannot watch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "zone_buckets",
        sa.Column("bucket", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("worked_until", sa.DateTime(timezone=True)),
    )
    op.add_column(
        "listeners",
        sa.Column("refused", sa.Integer, nullable=False, server_default="0"),
    )
