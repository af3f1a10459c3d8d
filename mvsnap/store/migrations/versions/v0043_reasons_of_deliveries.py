"""Codes and values of what explains a delivery, a waiting job, a service, a trouble."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("reasons", sa.JSON))
    op.add_column("job_states", sa.Column("reasons", sa.JSON))
    op.add_column("upstreams", sa.Column("reasons", sa.JSON))
    op.add_column("troubles", sa.Column("reasons", sa.JSON))
