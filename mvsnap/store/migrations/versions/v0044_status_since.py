"""When the status of a camera began, as far as somebody looked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    op.add_column("cameras", sa.Column("since_status", sa.Text))
    op.add_column("cameras", sa.Column("status_since", sa.DateTime(timezone=True)))
