"""When the database was restored from a backup."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "restores",
        sa.Column("restored_at", sa.DateTime(timezone=True), primary_key=True),
    )
