"""MV Sense: zones of events, several rooms of a job, presences, people, choices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _zones_of_events()
    _rooms_of_deliveries()
    _sense()
    _dashboard()
    _people()


def _zones_of_events() -> None:
    op.add_column("events", sa.Column("zone_id", sa.Text))
    op.add_column(
        "events",
        sa.Column("zone_name", sa.Text, nullable=False, server_default=sa.text("''")),
    )
    columns = ["serial", "zone_id", "occurred_at", "id"]
    op.create_index("events_of_zone", "events", columns)


def _rooms_of_deliveries() -> None:
    """The room becomes part of the key, which SQLite cannot change in place."""
    op.create_table(
        "deliveries_by_room",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("room", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("message_id", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("changed_at", _MOMENT, nullable=False),
    )
    names = "job_id, part, room, state, attempts, message_id, error, changed_at"
    op.execute(
        f"insert into deliveries_by_room ({names}) select {names} from deliveries"
    )
    op.drop_table("deliveries")
    op.rename_table("deliveries_by_room", "deliveries")


def _sense() -> None:
    op.create_table(
        "watches",
        sa.Column("serial", sa.Text, primary_key=True),
        sa.Column("zone_id", sa.Text, primary_key=True),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "presences",
        sa.Column("serial", sa.Text, primary_key=True),
        sa.Column("zone_id", sa.Text, primary_key=True),
        sa.Column("time_in", _MOMENT, primary_key=True),
        sa.Column("time_out", _MOMENT, nullable=False),
        sa.Column("peak_people", sa.Integer, nullable=False),
    )
    op.create_index("presences_by_time", "presences", ["time_in", "time_out"])
    op.create_table(
        "hearing",
        sa.Column("serial", sa.Text, primary_key=True),
        sa.Column("heard_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "listeners",
        sa.Column("listener_id", sa.Text, primary_key=True),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("connected", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("messages_per_s", sa.Float, nullable=False),
        sa.Column("people_counts", sa.Integer, nullable=False),
    )


def _dashboard() -> None:
    op.create_table(
        "cameras",
        sa.Column("serial", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("network_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "zones",
        sa.Column("serial", sa.Text, primary_key=True),
        sa.Column("zone_id", sa.Text, primary_key=True),
        sa.Column("label", sa.Text, nullable=False),
    )


def _people() -> None:
    op.create_table(
        "choices",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("chosen_at", _MOMENT, nullable=False),
        sa.Column("chosen_by", sa.Text, nullable=False),
    )
    op.create_table(
        "mutes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("serial", sa.Text),
        sa.Column("zone_id", sa.Text),
        sa.Column("until", _MOMENT, nullable=False),
        sa.Column("muted_at", _MOMENT, nullable=False),
        sa.Column("muted_by", sa.Text, nullable=False),
    )
    op.create_table(
        "users",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
