"""Recorders share the cameras: which machine has one, which one died with a clip."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column(
        "recorder_cameras",
        sa.Column("machine", sa.Text, nullable=False, server_default=""),
    )
    op.add_column("clips", sa.Column("lost_by", sa.Text))
