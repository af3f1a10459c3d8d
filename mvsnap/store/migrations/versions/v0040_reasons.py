"""Codes and values of what explains a clip, event or camera, beside its sentences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.add_column("clips", sa.Column("reasons", sa.JSON))
    op.add_column("events", sa.Column("reasons", sa.JSON))
    op.add_column("recorder_cameras", sa.Column("reasons", sa.JSON))
