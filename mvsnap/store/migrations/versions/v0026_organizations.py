"""Cameras of several organizations of Meraki: which one each belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    # "": the only one of before. The previous release leaves the column out.
    op.add_column(
        "cameras",
        sa.Column("organization", sa.Text(), nullable=False, server_default=""),
    )
