"""Badge review: events that lack a picture or were judged; pictures around a swipe."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

_MOMENT = sa.DateTime(timezone=True)
_LACKS_PICTURE = sa.text("picture != 'fetched'")
_IS_JUDGED = sa.text("judged_at IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "badges_lacking_picture",
        "badges",
        ["swiped_at", "id"],
        sqlite_where=_LACKS_PICTURE,
        postgresql_where=_LACKS_PICTURE,
    )
    op.create_index(
        "badges_judged",
        "badges",
        ["judged_at"],
        sqlite_where=_IS_JUDGED,
        postgresql_where=_IS_JUDGED,
    )
    op.create_table(
        "near_pictures",
        sa.Column("badge_id", sa.Text, primary_key=True),
        sa.Column("offset_s", sa.Integer, primary_key=True),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("picture", sa.Text, nullable=False),
        sa.Column("ask_at", _MOMENT),
        sa.Column("asks", sa.Integer, nullable=False),
        sa.Column("claimed_by", sa.Text),
        sa.Column("picture_path", sa.Text),
        sa.Column("error", sa.Text),
    )
    op.create_index("near_pictures_to_ask", "near_pictures", ["ask_at"])
    op.create_index("near_pictures_by_age", "near_pictures", ["recorded_at"])
