"""Rebuild: recreates visits from the stored observations after a setting has changed.

It proceeds in short transactions, so that others can write in between. New observations
wait meanwhile: the pause is renewed with each step and expires when the process dies.
Its row then stays until somebody completes a rebuild: starting over gives the same
result.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from msgspec import Struct
from sqlalchemy import Connection, Update, delete, func, select, update

from mvsnap.clock import Clock
from mvsnap.errors import BadInput
from mvsnap.store.database import Database
from mvsnap.store.time_limits import MIGRATION, with_limits
from mvsnap.wifi.counts import as_counted, take_from_days
from mvsnap.wifi.recount import Recount, count_steps
from mvsnap.wifi.tables import observations, scan_pauses, visit_counts, visits
from mvsnap.wifi.visit_lock import PAUSE, REBUILD, is_paused, lock_visits
from mvsnap.wifi.visit_writer import VisitWriter
from mvsnap.wifi.visits import MINUTE_S, SLOT_S, Observation, VisitRule

_SLOT_MINUTES = SLOT_S // MINUTE_S


class Progress(Struct, frozen=True):
    """Progress of a rebuild; in minutes of the time that observations cover."""

    done: int
    of: int
    observations: int


class Rebuild:
    def __init__(self, db: Database, rule: VisitRule, clock: Clock) -> None:
        self._db = db
        self._rule = rule
        self._clock = clock
        self._writer = VisitWriter(db)

    def run(self) -> Generator[Progress, None, None]:
        """Rebuild step by step; visits older than all observations stay as they are.

        Those are recounted by the rule, too.

        Raises:
            BadInput: another one is running.
        """
        self._begin()
        is_done = False
        try:
            yield from self._steps()
            is_done = True
        finally:
            with self._db.writing() as connection:
                mine = scan_pauses.c.name == REBUILD
                ours = delete(scan_pauses) if is_done else _ended(self._clock.now())
                connection.execute(ours.where(mine))

    def _begin(self) -> None:
        count, steps = Recount(self._db, self._rule), count_steps(self._db)
        is_done = False
        while not is_done:
            with with_limits(MIGRATION), steps.writing() as connection:
                lock_visits(self._db, connection, wait=True)
                if is_paused(connection, self._clock.now()):
                    raise BadInput("Another rebuild is running, or has just broken off")
                is_done = count.step(connection, steps.size)
                if is_done:
                    self._pause(connection)

    def _steps(self) -> Iterator[Progress]:
        with self._db.reading() as connection:
            minute = observations.c.minute
            span = select(func.min(minute), func.max(minute))
            first, last = connection.execute(span).one()
        if first is None:
            return
        first -= first % _SLOT_MINUTES
        begin, many = first, 0
        while begin <= last:
            begin, processed = self._step(first, begin)
            many += processed
            yield Progress(min(begin, last + 1) - first, last + 1 - first, many)

    def _step(self, first: int, begin: int) -> tuple[int, int]:
        """Rebuild visits that begin in the next slot with observations.

        Returns where the next step begins, and the number of observations.
        """
        minute = observations.c.minute
        with self._db.writing() as connection:
            lock_visits(self._db, connection, wait=True)
            self._pause(connection)
            later = select(func.min(minute)).where(minute >= begin)
            slot: int = connection.execute(later).scalar_one()
            end = slot - slot % _SLOT_MINUTES + _SLOT_MINUTES
            earlier = _forget(self._db, connection, begin * MINUTE_S, end * MINUTE_S)
            rows = connection.execute(
                select(observations)
                .where(minute >= begin, minute < end)
                .order_by(observations.c.source_id)
            ).all()
            counted = as_counted(connection, self._rule)
            for source_id, group in groupby(rows, key=itemgetter(1)):
                self._writer.add_again(
                    connection,
                    source_id,
                    [Observation(row[2], row[0], *row[3:]) for row in group],
                    counted,
                    since_s=first * MINUTE_S,
                    until_s=end * MINUTE_S,
                    earlier_s=earlier.get(source_id, {}),
                )
        return end, len(rows)

    def _pause(self, connection: Connection) -> None:
        until = self._clock.now() + PAUSE
        statement = self._db.upsert(scan_pauses)
        connection.execute(statement.values(name=REBUILD, until=until))


def _ended(now: datetime) -> Update:
    return update(scan_pauses).values(until=now)


def _forget(
    db: Database, connection: Connection, begin_s: int, end_s: int
) -> dict[int, dict[int, int]]:
    """Delete visits that began in the span, with their counts.

    Returns when the visits before the span began, by source and device: once their
    observations are purged, nothing else shows that these devices were here before.
    """
    earlier: dict[int, dict[int, int]] = {}
    rows = connection.execute(
        select(visits.c.source_id, visits.c.device, visits.c.previous_in_s).where(
            visits.c.time_in_s >= begin_s,
            visits.c.time_in_s < end_s,
            visits.c.previous_in_s < begin_s,
        )
    )
    for source_id, device, previous_in_s in rows:
        earlier.setdefault(source_id, {})[device] = previous_in_s
    at_s = visits.c.time_in_s
    take_from_days(db, connection, at_s >= begin_s, at_s < end_s)
    for column in (at_s, visit_counts.c.slot_s):
        connection.execute(
            delete(column.table).where(column >= begin_s, column < end_s)
        )
    return earlier
