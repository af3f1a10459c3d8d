"""Sessions are rows, and local users may have a second factor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("user_name", sa.Text, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("browser", sa.Text, nullable=False),
        sa.Column("awaits_code", sa.Boolean, nullable=False),
        sa.Column("ends_with", sa.Text, nullable=False),
    )
    op.create_index("sessions_of_user", "sessions", ["user_name"])
    op.create_table(
        "second_factors",
        sa.Column("user_name", sa.Text, primary_key=True),
        sa.Column("secret", sa.Text),
        sa.Column("new_secret", sa.Text),
        sa.Column("enrolled_at", _MOMENT),
        sa.Column("last_step", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_name", sa.Text, primary_key=True),
        sa.Column("code_hash", sa.Text, primary_key=True),
    )
    # A session without a row has ended: no list of ended ones is needed.
    op.execute("DELETE FROM secrets WHERE name LIKE 'ended session %'")
