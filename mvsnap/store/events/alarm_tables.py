"""Table of the messages of alarms."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, Table, Text

from mvsnap.store.tables import Moment, metadata

alarm_messages = Table(
    "alarm_messages",
    metadata,
    Column("event_id", Text, primary_key=True, comment="the event of the alarm"),
    Column("stored_at", Moment, nullable=False, comment="when it arrived"),
    Column("sender", Text, nullable=False, comment="token or key it came with"),
    Column("message", Text, nullable=False, comment="JSON in ASCII; '' if too long"),
    Column("size_bytes", Integer, nullable=False, comment="of the JSON"),
    Column("rules", JSON, nullable=False, comment="names of those that matched"),
    Index("alarm_messages_by_age", "stored_at"),
    comment="Messages of alarms as they came, without secrets",
)
