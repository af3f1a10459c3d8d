"""Writes the answers of the Dashboard: as few pages of a disk as there can be.

Each transaction of SQLite writes every page that it touches as a whole, twice in the
end, and the disk may be an SD card: so answers are written together, and what is known
already is not written.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, delete, select

from mvsnap.clients.meraki.zones import CountedZone
from mvsnap.domain import Serial, ZoneId
from mvsnap.store.database import Database
from mvsnap.values import asdict
from mvsnap.visitors.model import CountingCamera, DayCount
from mvsnap.visitors.rows import hour_row
from mvsnap.visitors.rules import HourCount, Span
from mvsnap.visitors.tables import (
    visitor_cameras,
    visitor_days,
    visitor_hours,
    visitor_zones,
)

# Answers in a transaction: some milliseconds, as a delivery may wait for its end.
_TOGETHER = 20


class VisitorWrites:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._of_thread = threading.local()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write what this thread keeps meanwhile at the end, some answers at a time.

        Also after an error. Until then nobody reads it; if the process dies, it is
        lost, and is asked again as it was never noted.
        """
        self._of_thread.waiting = []
        try:
            yield
        finally:
            waiting, self._of_thread.waiting = self._of_thread.waiting, None
            self._write(waiting)

    def keep_camera(self, camera: CountingCamera) -> None:
        statement = self._db.upsert(visitor_cameras).values(
            serial=camera.serial,
            has_sense=camera.has_sense,
            asked_at=camera.asked_at,
            error=camera.error,
        )
        self._put(lambda connection: connection.execute(statement))

    def keep_zones(self, serial: Serial, found: Iterable[CountedZone]) -> None:
        """Store the complete list of a camera's zones: any others are deleted."""
        zones = {zone.zone_id: (zone.kind, zone.label) for zone in found}
        table = visitor_zones.c

        def write(connection: Connection) -> None:
            there = connection.execute(
                select(table.zone_id, table.kind, table.label).where(
                    table.serial == serial
                )
            )
            known = {row.zone_id: (row.kind, row.label) for row in there}
            if gone := known.keys() - zones.keys():
                is_gone = (table.serial == serial) & table.zone_id.in_(gone)
                connection.execute(delete(visitor_zones).where(is_gone))
            news = [
                {"serial": serial, "zone_id": zone_id, "kind": kind, "label": label}
                for zone_id, (kind, label) in zones.items()
                if known.get(zone_id) != (kind, label)
            ]
            if news:
                put = self._db.upsert(visitor_zones, "kind", "label")
                connection.execute(put, news)

        self._put(write)

    def keep_days(self, days: Iterable[DayCount]) -> None:
        rows = [asdict(day) for day in days]
        names = ("entrances", "average_people", "covered_s", "is_over")
        if rows:
            statement = self._db.upsert(visitor_days, *names)
            self._put(lambda connection: connection.execute(statement, rows))

    def keep_hours(
        self,
        serial: Serial,
        zone_id: ZoneId,
        span: Span,
        hours: Iterable[HourCount],
        now: datetime,
    ) -> None:
        """Replace the data of these hours."""
        rows = [hour_row(serial, zone_id, hour) for hour in hours]
        fresh = {row["began_at"]: row for row in rows}
        table = visitor_hours.c
        old = (table.serial == serial) & (table.zone_id == zone_id)
        old &= (table.began_at >= span[0]) & (table.began_at < span[1])

        def write(connection: Connection) -> None:
            there = connection.execute(select(visitor_hours).where(old)).mappings()
            known = {row["began_at"]: dict(row) for row in there}
            gone = [at for at, row in known.items() if fresh.get(at) != row]
            news = [row for at, row in fresh.items() if known.get(at) != row]
            if gone:
                is_gone = table.began_at.in_(gone)
                connection.execute(delete(visitor_hours).where(old, is_gone))
            if news:
                connection.execute(visitor_hours.insert(), news)
            _note_asked(connection, serial, zone_id, now, None)

        self._put(write)

    def note_no_hours(
        self, serial: Serial, zone_id: ZoneId, error: str, now: datetime
    ) -> None:
        """Record why the zone had no answer."""
        self._put(
            lambda connection: _note_asked(connection, serial, zone_id, now, error)
        )

    def _put(self, write: Callable[[Connection], object]) -> None:
        waiting = getattr(self._of_thread, "waiting", None)
        if waiting is None:
            self._write([write])
            return
        waiting.append(write)
        if len(waiting) >= _TOGETHER:
            self._of_thread.waiting = []
            self._write(waiting)

    def _write(self, waiting: Iterable[Callable[[Connection], object]]) -> None:
        if writes := list(waiting):
            with self._db.writing() as connection:
                for write in writes:
                    write(connection)


def _note_asked(
    connection: Connection,
    serial: Serial,
    zone_id: ZoneId,
    now: datetime,
    error: str | None,
) -> None:
    zone = (visitor_zones.c.serial == serial) & (visitor_zones.c.zone_id == zone_id)
    connection.execute(
        visitor_zones.update().where(zone).values(hours_asked_at=now, error=error)
    )
