"""Badge review: which events lack a picture; the pictures around a swipe."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

_LACKS_PICTURE = sa.text("picture != 'fetched'")


def upgrade() -> None:
    op.create_index(
        "badges_lacking_picture",
        "badges",
        ["swiped_at", "id"],
        sqlite_where=_LACKS_PICTURE,
        postgresql_where=_LACKS_PICTURE,
    )
