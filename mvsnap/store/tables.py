"""Tables of the store. Every column says its unit; moments are UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """An aware datetime in UTC; SQLite keeps no offset, so it is put back on."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True, comment="UUID"),
    Column("kind", Text, nullable=False, comment="EventKind"),
    Column("occurred_at", Moment, nullable=False, comment="the moment it shows"),
    Column("recorded_at", Moment, nullable=False, comment="when it was written here"),
    Column("serial", Text, nullable=False, comment="Meraki serial of the camera"),
    Column("job_id", Text, nullable=False, comment="the job that made it"),
    Column("trigger_kind", Text, nullable=False, comment="TriggerKind"),
    Column("trigger_by", Text, nullable=False, comment="API key, schedule or command"),
    Column("camera_name", Text, nullable=False, comment="Dashboard name at that time"),
    Column("title", Text, nullable=False, comment="text the trigger gave"),
    Column("video_link", Text, comment="Dashboard page at the moment"),
    Column("snapshot_path", Text, comment="JPEG, relative to data_dir"),
    Column("error", Text, comment="why there is no picture"),
    Column("details", JSON, nullable=False, comment="texts by name"),
    Index("events_newest", "occurred_at", "id"),
    Index("events_of_camera", "serial", "occurred_at", "id"),
    Index("events_of_kind", "kind", "occurred_at", "id"),
    Index("events_of_job", "job_id"),
    comment="Facts that happened; rows are added and purged, never changed",
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("job_id", Text, primary_key=True, comment="the job it belongs to"),
    Column("part", Text, primary_key=True, comment="serial, or '' for the thread head"),
    Column("room", Text, nullable=False, comment="destination as the caller named it"),
    Column("state", Text, nullable=False, comment="DeliveryState"),
    Column("attempts", Integer, nullable=False, comment="sends tried"),
    Column("message_id", Text, comment="Webex id of the message"),
    Column("error", Text, comment="why the last send failed"),
    Column("changed_at", Moment, nullable=False, comment="last change of this row"),
    comment="Messages to Webex, one row each",
)

workers = Table(
    "workers",
    metadata,
    Column("executor_id", Text, primary_key=True, comment="id in the job engine"),
    Column("seen_at", Moment, nullable=False, comment="last heartbeat"),
    comment="Processes that run jobs; a silent one has its jobs taken over",
)
