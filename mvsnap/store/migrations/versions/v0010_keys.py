"""API keys and webhook tokens that are made on the pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("limits", sa.JSON, nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("expires_at", _MOMENT),
        sa.Column("is_disabled", sa.Boolean, nullable=False),
    )
    op.create_index("api_keys_name", "api_keys", ["name"], unique=True)
    op.create_table(
        "key_secrets",
        sa.Column("lookup", sa.Text, primary_key=True),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("ends_at", _MOMENT),
        sa.Column("used_at", _MOMENT),
        sa.Column("used_from", sa.Text, nullable=False),
    )
    op.create_index("key_secrets_of_key", "key_secrets", ["key_id"])
