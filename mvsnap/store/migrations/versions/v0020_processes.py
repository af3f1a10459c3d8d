"""The processes of a site, and the services outside as each of them sees them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "processes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("data_id", sa.Text, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("by_itself", sa.Boolean, nullable=False),
        sa.Column("stopped", sa.Boolean, nullable=False),
        sa.Column("clock_error", sa.Text, nullable=False),
        sa.Column("clock_ahead_s", sa.Float, nullable=False),
        sa.Column("disk_free_bytes", sa.BigInteger, nullable=False),
        sa.Column("disk_total_bytes", sa.BigInteger, nullable=False),
        sa.Column("evidence_bytes", sa.BigInteger),
        sa.Column("certificate_ends_at", _MOMENT),
        sa.Column("certificate_error", sa.Text, nullable=False),
    )
    op.create_table(
        "upstreams",
        sa.Column("process_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("worked_at", _MOMENT),
        sa.Column("failed_at", _MOMENT),
        sa.Column("failing_since", _MOMENT),
        sa.Column("error", sa.Text, nullable=False),
    )
