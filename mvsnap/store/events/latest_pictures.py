"""The newest picture of each of a few cameras: a short look into an index for each."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct
from sqlalchemy import select

from mvsnap.clock import AHEAD
from mvsnap.domain import EventId, EventKind, Serial
from mvsnap.store.database import Database
from mvsnap.store.tables import events


class LatestPicture(Struct, frozen=True):
    event_id: EventId
    at: datetime


class LatestPictures:
    """A part of the event store."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def latest_pictures(
        self, serials: Collection[Serial], now: datetime
    ) -> dict[Serial, LatestPicture]:
        """Return the newest snapshot that has a picture, of those that have any.

        Where there is one, not a picture of the future: the clock was ahead.
        """
        e = events.c
        found: dict[Serial, LatestPicture] = {}
        with self._db.reading() as connection:
            for serial in serials:
                newest = (
                    select(e.id, e.occurred_at)
                    .where(e.serial == serial, e.kind == EventKind.SNAPSHOT)
                    .where(e.snapshot_path.is_not(None))
                    .order_by(e.occurred_at.desc(), e.id.desc())
                    .limit(1)
                )
                past = newest.where(e.occurred_at <= now + AHEAD)
                row = (
                    connection.execute(past).first()
                    or connection.execute(newest).first()
                )
                if row is not None:
                    found[serial] = LatestPicture(EventId(row.id), row.occurred_at)
        return found
