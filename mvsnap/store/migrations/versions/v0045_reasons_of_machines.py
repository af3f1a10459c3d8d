"""Codes and values of what a process, a listener and the directory say is wrong."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    op.add_column("processes", sa.Column("reasons", sa.JSON))
    op.add_column("listeners", sa.Column("reasons", sa.JSON))
    op.add_column("directories", sa.Column("reasons", sa.JSON))
    op.add_column("cardholders", sa.Column("reasons", sa.JSON))
