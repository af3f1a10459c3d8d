"""When each kind of data was cleaned last: a leap of the clock since then is seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "cleanings",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("cleaned_at", sa.DateTime(timezone=True)),
        sa.Column("held", sa.Text, nullable=False, server_default=""),
    )
