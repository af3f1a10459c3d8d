"""Processes share the limits of the clouds, and what one of them fetched there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "call_budgets",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("calls_left", sa.Float, nullable=False),
        sa.Column("filled_at_s", sa.Float, nullable=False),
        sa.Column("lends", sa.Integer, nullable=False),
        sa.Column("lends_until_s", sa.Float, nullable=False),
        sa.Column("held_until_s", sa.Float, nullable=False),
        # Written for each call and worth a second: it need not survive a crash.
        prefixes=["UNLOGGED"] if is_postgresql else [],
    )
    op.create_table(
        "fetches",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True)),
        sa.Column("wanted_at", sa.DateTime(timezone=True)),
        sa.Column("content", sa.JSON),
    )
