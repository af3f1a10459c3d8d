"""Clips, and how the cameras of the recorder are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _clips()
    _recorder_cameras()


def _clips() -> None:
    op.create_table(
        "clips",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("camera", sa.Text, nullable=False),
        sa.Column("trigger_kind", sa.Text, nullable=False),
        sa.Column("trigger_by", sa.Text, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("rooms", sa.JSON, nullable=False),
        sa.Column("about", sa.Text),
        sa.Column("asked_pre_roll_s", sa.Float),
        sa.Column("asked_post_roll_s", sa.Float),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("recorder_id", sa.Text),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("began_at", _MOMENT),
        sa.Column("ended_at", _MOMENT),
        sa.Column("before_s", sa.Float, nullable=False),
        sa.Column("partial", sa.Boolean, nullable=False),
        sa.Column("gaps", sa.JSON, nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("codec", sa.Text, nullable=False),
        sa.Column("path", sa.Text),
        sa.Column("thumbnail_path", sa.Text),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("kept", sa.Boolean, nullable=False),
        sa.Column("told", sa.Boolean, nullable=False),
        sa.Column("copy_state", sa.Text, nullable=False),
        sa.Column("copy_note", sa.Text),
    )
    for name, columns in (
        ("clips_newest", ["at", "id"]),
        ("clips_of_camera", ["camera", "at", "id"]),
        ("clips_by_state", ["state", "due_at"]),
        ("clips_of_file", ["path"]),
        ("clips_untold", ["told", "state"]),
        ("clips_to_copy", ["copy_state"]),
    ):
        op.create_index(name, "clips", columns)


def _recorder_cameras() -> None:
    op.create_table(
        "recorder_cameras",
        sa.Column("camera", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("codec", sa.Text, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("fps", sa.Float, nullable=False),
        sa.Column("held_s", sa.Float, nullable=False),
        sa.Column("gop_s", sa.Float, nullable=False),
        sa.Column("kbit_s", sa.Float, nullable=False),
        sa.Column("connects", sa.Integer, nullable=False),
        sa.Column("stalls", sa.Integer, nullable=False),
    )
