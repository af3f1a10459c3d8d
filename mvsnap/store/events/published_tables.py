"""Tables of what was published to other programs. Moments are UTC."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text

from mvsnap.store.tables import Moment, metadata

published_events = Table(
    "published_events",
    metadata,
    Column("event_id", Text, primary_key=True, comment="of events; '' the first start"),
    Column("published_at", Moment, nullable=False, comment="when the broker had it"),
    Index("published_events_by_time", "published_at"),
    comment="Events of the last days that an MQTT broker has acknowledged",
)
