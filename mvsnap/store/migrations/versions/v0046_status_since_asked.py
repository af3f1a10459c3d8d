"""Which answer of the Dashboard the time is of that a camera's status began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.add_column("cameras", sa.Column("since_asked_at", sa.DateTime(timezone=True)))
