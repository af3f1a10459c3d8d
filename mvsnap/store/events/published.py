"""Which events an MQTT broker has: each is published at least once, over restarts, too.

Not by a last id or time: an event may be stored later than one that is newer, by
another machine, or after the database was away.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, select

from mvsnap.clock import AHEAD
from mvsnap.domain import Event, EventId
from mvsnap.store.database import Database
from mvsnap.store.events import Store
from mvsnap.store.events.published_tables import published_events
from mvsnap.store.tables import events

# Older ones are news to nobody; also how far back is looked after a long stop.
LOOK_BACK = timedelta(hours=24)
_KEPT = 2 * LOOK_BACK
_FIRST_START = ""


class PublishedEvents:
    def __init__(self, db: Database, store: Store) -> None:
        self._db = db
        self._store = store

    def begin(self, now: datetime) -> datetime:
        """Return when it was first switched on: events before that stay here.

        A time that is still to come was of a clock that was ahead: it is now.
        """
        row = {"event_id": _FIRST_START, "published_at": now}
        statement = self._db.insert(published_events).values(row)
        known = select(published_events.c.published_at).where(
            published_events.c.event_id == _FIRST_START
        )
        is_ahead = published_events.c.published_at > now + AHEAD
        putting_right = statement.on_conflict_do_update(
            index_elements=[*published_events.primary_key],
            set_={"published_at": now},
            where=is_ahead,
        )
        with self._db.writing() as connection:
            connection.execute(putting_right)
            began: datetime = connection.execute(known).scalar_one()
        return began

    def waiting(self, since: datetime, most: int) -> list[Event]:
        """Return events stored since then that are not published, the first first."""
        done = select(published_events.c.event_id).where(
            published_events.c.event_id == events.c.id
        )
        statement = (
            select(events.c.id)
            .where(events.c.recorded_at >= since, ~done.exists())
            .order_by(events.c.recorded_at, events.c.id)
            .limit(most)
        )
        return self._events(self._db.scalars(statement))

    def note(self, ids: Iterable[EventId], now: datetime) -> None:
        """Note that the broker has them."""
        rows = [{"event_id": each, "published_at": now} for each in ids]
        if not rows:
            return
        statement = self._db.insert(published_events).on_conflict_do_nothing()
        self._db.execute(statement, rows)

    def forget_old(self, now: datetime) -> None:
        old = published_events.c.published_at < now - _KEPT
        is_event = published_events.c.event_id != _FIRST_START
        self._db.execute(delete(published_events).where(old, is_event))

    def last_pictures(self, now: datetime) -> list[Event]:
        """Return of each camera the newest event that has a picture.

        As `latest_pictures`, it is not of the future where there is another.
        """
        camera = case(
            (events.c.serial == "", events.c.camera_name), else_=events.c.serial
        )
        is_ahead = case((events.c.occurred_at > now + AHEAD, 1), else_=0)
        newest_first = (is_ahead, events.c.occurred_at.desc(), events.c.id)
        place = func.row_number().over(partition_by=camera, order_by=newest_first)
        pictures = (
            select(events.c.id, place.label("place"))
            .where(events.c.snapshot_path.is_not(None))
            .subquery()
        )
        newest = select(pictures.c.id).where(pictures.c.place == 1)
        return self._events(self._db.scalars(newest))

    def _events(self, ids: Iterable[str]) -> list[Event]:
        found = (self._store.event(EventId(each)) for each in ids)
        return [event for event in found if event is not None]
