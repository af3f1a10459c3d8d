"""Badge review: badge events, judgements, the directory."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _badges()
    _judgements()
    _directory()


def _badges() -> None:
    op.create_table(
        "badges",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("swiped_at", _MOMENT, nullable=False),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("serial", sa.Text),
        sa.Column("picture", sa.Text, nullable=False),
        sa.Column("ask_at", _MOMENT),
        sa.Column("asks", sa.Integer, nullable=False),
        sa.Column("claimed_by", sa.Text),
        sa.Column("picture_path", sa.Text),
        sa.Column("video_link", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("judged_at", _MOMENT),
        sa.Column("judged_by", sa.Text, nullable=False),
    )
    for name, columns in {
        "newest": [],
        "of_reader": ["reader"],
        "open_of_reader": ["reader", "verdict"],
        "of_user": ["user_id", "verdict"],
        "of_verdict": ["verdict"],
    }.items():
        op.create_index(f"badges_{name}", "badges", [*columns, "swiped_at", "id"])
    op.create_index("badges_to_ask", "badges", ["ask_at", "swiped_at"])


def _judgements() -> None:
    op.create_table(
        "judgements",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("badge_id", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("judged_at", _MOMENT, nullable=False),
        sa.Column("judged_by", sa.Text, nullable=False),
        sa.Column("tell_at", _MOMENT),
        sa.Column("job_id", sa.Text),
    )
    op.create_index("judgements_of_badge", "judgements", ["badge_id", "id"])
    op.create_index("judgements_to_tell", "judgements", ["tell_at"])


def _directory() -> None:
    op.create_table(
        "people",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("folded", sa.Text, nullable=False),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("photo", sa.Text, nullable=False),
        sa.Column("photo_path", sa.Text),
        sa.Column("photo_error", sa.Text),
        sa.Column("photo_at", _MOMENT),
    )
    op.create_table(
        "directories",
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("read_at", _MOMENT, nullable=False),
        sa.Column("people", sa.Integer, nullable=False),
        sa.Column("mistakes", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
    )
