"""Codes and values of what a line of the audit log says, beside its sentences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.add_column("audit", sa.Column("reasons", sa.JSON))
