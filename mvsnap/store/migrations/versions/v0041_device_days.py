"""Wi-Fi analytics: devices of each day, and the longest visit of a quarter of an hour.

They are counted at the first start: the rule that says by which zone is empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.create_table(
        "device_days",
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("source_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("previous_day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("is_long", sa.Boolean, primary_key=True),
        sa.Column("visits", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.add_column("visit_counts", sa.Column("longest_s", sa.BigInteger))
    op.add_column("visit_counts", sa.Column("measured_s", sa.BigInteger))
    op.add_column("visit_count_rule", sa.Column("zone", sa.Text))
