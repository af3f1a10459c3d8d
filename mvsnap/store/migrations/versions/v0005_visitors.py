"""Visitors: what cameras counted, by days and hours, and pictures of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _questions()
    _counts()
    _pictures()


def _questions() -> None:
    op.create_table(
        "claims",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("claimed_by", sa.Text, nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
    )
    op.create_table(
        "visitor_cameras",
        sa.Column("serial", sa.Text, primary_key=True),
        sa.Column("has_sense", sa.Boolean),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("error", sa.Text),
    )
    op.create_table(
        "visitor_zones",
        sa.Column("serial", sa.Text, primary_key=True),
        sa.Column("zone_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("hours_asked_at", _MOMENT),
        sa.Column("error", sa.Text),
    )
    op.create_table(
        "visitor_looks",
        sa.Column("serial", sa.Text, primary_key=True),
        sa.Column("zone_id", sa.Text, primary_key=True),
        sa.Column("looked_at", _MOMENT, nullable=False),
    )


def _counts() -> None:
    op.create_table(
        "visitor_days",
        *_zone_and_time(),
        sa.Column("entrances", sa.Integer, nullable=False),
        sa.Column("average_people", sa.Float),
        sa.Column("covered_s", sa.Float, nullable=False),
        sa.Column("is_over", sa.Boolean, nullable=False),
    )
    op.create_index("visitor_days_by_time", "visitor_days", ["began_at"])
    op.create_table(
        "visitor_hours",
        *_zone_and_time(),
        sa.Column("entrances", sa.Integer, nullable=False),
        sa.Column("average_people", sa.Float),
        sa.Column("busiest_at", _MOMENT),
        sa.Column("busiest_people", sa.Float),
        sa.Column("busiest_entrances", sa.Integer, nullable=False),
    )
    op.create_index("visitor_hours_by_time", "visitor_hours", ["began_at"])


def _pictures() -> None:
    op.create_table(
        "visitor_pictures",
        *_zone_and_time(),
        sa.Column("minute_at", _MOMENT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("again_at", _MOMENT),
        sa.Column("snapshot_path", sa.Text),
        sa.Column("video_link", sa.Text),
        sa.Column("error", sa.Text),
    )
    op.create_index("visitor_pictures_by_time", "visitor_pictures", ["began_at"])


def _zone_and_time() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("serial", sa.Text, primary_key=True),
        sa.Column("zone_id", sa.Text, primary_key=True),
        sa.Column("began_at", _MOMENT, primary_key=True),
    )
