"""Observations: accepted durably, and turned into minutes and visits.

Those of a usual message become visits in the transaction that accepts them. While
somebody else changes visits, or if they are many, they wait as batches. A batch is
processed and deleted in the same transaction: after a crash it is still there,
unprocessed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    exists,
    func,
    select,
)

from mvsnap.errors import QueueFull
from mvsnap.store.database import Database
from mvsnap.store.purging import OldRows, PurgeResult, purge
from mvsnap.store.steps import Steps
from mvsnap.store.time_limits import MIGRATION, with_limits
from mvsnap.wifi.conditions import DAY_S
from mvsnap.wifi.counts import (
    as_counted,
    counted_with,
    take_from_days,
    unfinished_count,
)
from mvsnap.wifi.intake import pack, unpack
from mvsnap.wifi.model import Radio
from mvsnap.wifi.recount import Recount, count_steps
from mvsnap.wifi.tables import (
    device_days,
    observations,
    scan_batches,
    scan_pauses,
    scan_sources,
    visit_count_rule,
    visit_counts,
    visits,
)
from mvsnap.wifi.visit_lock import (
    REBUILD,
    is_over,
    is_paused,
    is_rebuilding,
    lock_visits,
)
from mvsnap.wifi.visit_writer import VisitWriter
from mvsnap.wifi.visits import MINUTE_S, SLOT_S, Observation, VisitRule, merged

log = logging.getLogger(__name__)

# The number of access points that may send a day's messages while no worker runs.
MOST_WAITING = 20_000
# Per transaction: other writers wait for it.
_MOST_AT_ONCE = 2000
_MOST_BATCHES = 200
_WAIT_EASILY = 30
# Slots that a purge removes at once, and always whole ones: a rebuild that began in the
# middle of one would lose the rest of its visits.
_MOST_SLOTS = 96


class WifiStore:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._writer = VisitWriter(db)
        # The rule this process last recounted by: once only, or two processes with
        # different settings would take turns recounting.
        self._recounted: VisitRule | None = None
        # Held while this process reads a large message: one at a time.
        self.parsing = threading.Lock()
        # Called when this process has accepted something; that of others is polled for.
        self.on_arrival: Callable[[], None] = lambda: None

    def accept(
        self,
        network_id: str,
        radio: Radio,
        observed: list[Observation],
        rule: VisitRule,
        now: datetime,
    ) -> None:
        """Accept observations, one per device and minute; durable on return.

        Few become visits at once, unless others wait, which then go together.

        Raises:
            QueueFull: too many batches wait; nothing was accepted.
        """
        few = len(observed) <= _MOST_AT_ONCE
        if not (few and self._add_visits(network_id, radio, observed, rule)):
            self.add_batch(network_id, radio, observed, now)

    def add_batch(
        self, network_id: str, radio: Radio, observed: list[Observation], now: datetime
    ) -> None:
        """The same, but they become visits later.

        Raises:
            QueueFull: too many batches wait; nothing was accepted.
        """
        with self._db.writing() as connection:
            _add(connection, _batches(network_id, radio, observed, now))
        self.on_arrival()

    def waiting(self) -> int:
        """Return how many batches are accepted and not yet processed."""
        with self._db.reading() as connection:
            return _waiting(connection)

    def gives_way(self) -> bool:
        """Return whether visits can wait until somebody has an answer.

        Not if much waits: whoever sends all the time would keep it waiting.
        """
        return self.parsing.locked() and self.waiting() < _WAIT_EASILY

    def is_half_rebuilt(self, now: datetime) -> bool:
        """Return whether a rebuild was interrupted and nobody continues it."""
        until = select(scan_pauses.c.until).where(scan_pauses.c.name == REBUILD)
        found: datetime | None = self._db.scalar(until)
        return found is not None and is_over(found, now)

    def process(self, rule: VisitRule, now: datetime) -> int:
        """Turn some waiting batches into visits; return how many batches.

        0: nothing waits, another process is at work, or a rebuild is running. If
        the rule has changed, the sums are recounted first.
        """
        is_counted = self._recounted == rule
        if is_counted and not self.waiting():
            return 0
        if not (is_counted or self._recount(Recount(self._db, rule), now)):
            return 0
        with self._db.writing() as connection:
            if not lock_visits(self._db, connection) or is_paused(connection, now):
                return 0
            is_free = unfinished_count(connection) is None
            done = self._add_waiting(connection, rule) if is_free else 0
        self._recounted = rule
        if not is_free:  # whoever has begun that may have died
            self._recount(Recount(self._db, rule, begins=False), now)
        return done

    def _recount(self, count: Recount, now: datetime) -> bool:
        """Count step by step; False: somebody else changes visits."""
        steps, is_done = count_steps(self._db), False
        while not is_done:
            with with_limits(MIGRATION), steps.writing() as connection:
                if not lock_visits(self._db, connection) or is_paused(connection, now):
                    return False
                is_done = count.step(connection, steps.size)
        return True

    def _add_waiting(self, connection: Connection, rule: VisitRule) -> int:
        """Turn the oldest batches into visits; return how many batches."""
        counted = as_counted(connection, rule)
        rows = connection.execute(
            select(scan_batches).order_by(scan_batches.c.id).limit(_MOST_BATCHES)
        )
        done, many = [], 0
        found: dict[tuple[str, str], list[list[Observation]]] = {}
        for row in rows:
            done.append(row.id)
            observed = _unpacked(row.body)
            found.setdefault((row.network_id, row.radio), []).append(observed)
            many += len(observed)
            if many >= _MOST_AT_ONCE:
                break
        rows.close()
        for (network_id, radio), batches in found.items():
            if observed := _together(batches):
                source_id = self._source_id(connection, network_id, radio)
                self._writer.add(connection, source_id, observed, counted)
        connection.execute(delete(scan_batches).where(scan_batches.c.id.in_(done)))
        return len(done)

    def purge_observations(
        self, before: datetime, *, dry_run: bool = False
    ) -> PurgeResult:
        """Remove what is older, some at a time: others may write in between.

        Observations stay until a rebuild is complete: it needs them.
        """
        minute = _slot_s(before) // MINUTE_S
        if dry_run:
            with self._db.reading() as connection:
                if is_rebuilding(connection):
                    return PurgeResult()
            return purge(self._db, _observations_before(minute), dry_run=True)
        at, gone, steps = observations.c.minute, 0, _slots(self._db)
        while (first := self._first(select(func.min(at)))) < minute:
            end = min(minute, _slot_s_of(first * MINUTE_S, steps.size) // MINUTE_S)
            with steps.writing() as connection:
                lock_visits(self._db, connection, wait=True)
                if is_rebuilding(connection):
                    break
                gone += connection.execute(
                    delete(observations).where(at < end)
                ).rowcount
        return PurgeResult(removed=gone)

    def purge_visits(self, before: datetime, *, dry_run: bool = False) -> PurgeResult:
        """Remove visits that began before, with the sums over them."""
        before_s, at_s = _slot_s(before), visits.c.time_in_s
        if dry_run:
            return purge(self._db, OldRows(visits, at_s < before_s), dry_run=True)
        gone, steps = 0, _slots(self._db)
        while (first_s := self._first(select(func.min(at_s)))) < before_s:
            end_s = min(before_s, _slot_s_of(first_s, steps.size))
            with steps.writing() as connection:
                lock_visits(self._db, connection, wait=True)
                take_from_days(self._db, connection, at_s < end_s)
                gone += connection.execute(delete(visits).where(at_s < end_s)).rowcount
                sums = visit_counts.c.slot_s < end_s
                connection.execute(delete(visit_counts).where(sums))
        if gone:
            # Whatever they were counted by; a day is never so far from that of UTC.
            over = device_days.c.day < before_s // DAY_S - 1
            with steps.writing() as connection:
                lock_visits(self._db, connection, wait=True)
                connection.execute(delete(device_days).where(over))
        return PurgeResult(removed=gone)

    def _add_visits(
        self,
        network_id: str,
        radio: Radio,
        observed: list[Observation],
        rule: VisitRule,
    ) -> bool:
        """Turn them into visits, unless somebody else changes visits."""
        with self._db.writing() as connection:
            made_with = self._own_lock(connection)
            if made_with is None:
                return False
            counted = counted_with(rule, made_with)
            source_id = self._source_id(connection, network_id, radio)
            self._writer.add(connection, source_id, observed, counted)
        return True

    def _own_lock(self, connection: Connection) -> Row[Any] | None:
        """Return what visits are counted by if this transaction may change them."""
        found = connection.execute(_FREE).one_or_none()
        if found is None or self._db.is_sqlite:
            return found
        if not lock_visits(self._db, connection):
            return None
        # Whoever had the lock may have left something only now.
        return connection.execute(_FREE).one_or_none()

    def _first(self, statement: Select[int]) -> int:
        """Return the number, or one beyond all others if there is none."""
        found: int | None = self._db.scalar(statement)
        return 2**62 if found is None else found

    def _source_id(self, connection: Connection, network_id: str, radio: str) -> int:
        wanted = {"network": network_id, "radio_of": radio}
        known: int | None = connection.execute(_SOURCE, wanted).scalar_one_or_none()
        if known is not None:
            return known
        made = scan_sources.insert().values(network_id=network_id, radio=radio)
        found: int = connection.execute(made.returning(scan_sources.c.id)).scalar_one()
        return found


# Made once: it is asked for each message.
_SOURCE = select(scan_sources.c.id).where(
    scan_sources.c.network_id == bindparam("network"),
    scan_sources.c.radio == bindparam("radio_of"),
)
# What visits are counted by, unless somebody else is to change visits now.
_FREE = select(visit_count_rule).where(
    visit_count_rule.c.long_stay_s >= 0,  # else a count goes on
    ~exists(select(scan_batches.c.id)),
    ~exists(select(scan_pauses.c.name)),
)


def _batches(
    network_id: str, radio: Radio, observed: list[Observation], now: datetime
) -> list[dict[str, Any]]:
    """Return them as rows; those of a large message become a transaction each."""
    return [
        {
            "received_at": now,
            "network_id": network_id,
            "radio": radio,
            "body": pack(observed[begin : begin + _MOST_AT_ONCE]),
        }
        for begin in range(0, len(observed), _MOST_AT_ONCE)
    ]


def _add(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if _waiting(connection) >= MOST_WAITING:
        raise QueueFull("Too many observations are waiting: is a worker running?")
    connection.execute(scan_batches.insert(), rows)


def _waiting(connection: Connection) -> int:
    statement = select(func.count()).select_from(scan_batches)
    count: int = connection.execute(statement).scalar_one()
    return count


def _unpacked(body: bytes) -> list[Observation]:
    try:
        return unpack(body)
    except ValueError:
        log.exception("lost a batch of observations")
        return []


def _together(batches: list[list[Observation]]) -> list[Observation]:
    """Merge batches: one observation per device and minute."""
    if len(batches) == 1:
        return batches[0]
    found: dict[tuple[int, int], Observation] = {}
    for batch in batches:
        for observed in batch:
            key = observed[:2]
            known = found.get(key)
            found[key] = observed if known is None else merged(known, observed)
    return list(found.values())


def _observations_before(minute: int) -> OldRows:
    return OldRows(observations, observations.c.minute < minute)


def _slots(db: Database) -> Steps:
    return Steps(db, first=1, least=1, most=_MOST_SLOTS)


def _slot_s(moment: datetime) -> int:
    return _slot_s_of(int(moment.timestamp()), 0)


def _slot_s_of(at_s: int, later: int) -> int:
    """Return the begin of the slot, or of one so many later."""
    return at_s - at_s % SLOT_S + later * SLOT_S
