"""Wi-Fi analytics: the rule that the sums of visits were made with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "visit_count_rule",
        sa.Column("long_stay_s", sa.BigInteger, primary_key=True, autoincrement=False),
    )
