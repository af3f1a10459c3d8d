"""Where zones are in the picture."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0026"


def upgrade() -> None:
    op.add_column("zones", sa.Column("region", sa.JSON(), nullable=True))
