"""Maintains visits as observations arrive: what is known of each device, what changes.

For each batch: two queries for all its devices, then one write to each of three tables.
The amount of stored data does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    select,
)

from mvsnap.store.bulk import Bulk, Lookup
from mvsnap.store.database import Database
from mvsnap.wifi.tables import observations, visits
from mvsnap.wifi.visit_sums import SumChanges, SumWriter
from mvsnap.wifi.visits import (
    MINUTE_S,
    Observation,
    Visit,
    VisitRule,
    chained,
    merged,
    stay,
)

# Of visits: begin, source, device, the other fields of Visit, begin of the previous
# one.
_Row = tuple[Any, ...]


@dataclass(slots=True)
class _Changes:
    """What one batch changes."""

    rule: VisitRule
    sums: SumChanges
    minutes: list[tuple[Any, ...]] = field(default_factory=list)
    gone: list[dict[str, int]] = field(default_factory=list)
    visits: list[tuple[Any, ...]] = field(default_factory=list)


class VisitWriter:
    """Its methods run in a transaction of the caller, one at a time per database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._latest_visits = Lookup(db, _latest_visits(db))
        self._minutes_of = _minutes_of(db)
        self._put_minutes = _upsert(db, observations)
        self._put_visits = _upsert(db, visits)
        self.sums = SumWriter(db)

    def add(
        self,
        connection: Connection,
        source_id: int,
        observed: Iterable[Observation],
        rule: VisitRule,
    ) -> None:
        """Add observations of a source; those already stored change nothing."""
        by_device = _by_device(observed)
        known = self._known(connection, source_id, by_device, rule)
        changes = _Changes(rule, SumChanges(rule))
        others = {
            device: minutes
            for device, minutes in by_device.items()
            if not _goes_on(changes, source_id, minutes, known.get(device))
        }
        stored = self._stored_minutes(connection, source_id, others, known)
        for device, minutes in others.items():
            stays = []
            for here in minutes:
                was = stored.get((device, here.minute))
                now = here if was is None else merged(was, here)
                if now != was:
                    changes.minutes.append((now[1], source_id, device, *now[2:]))
                    stays.append(stay(now, rule, is_known=was is not None))
            _revise(changes, source_id, device, known.get(device, []), stays)
        self._write(connection, changes)

    def add_again(
        self,
        connection: Connection,
        source_id: int,
        observed: Iterable[Observation],
        rule: VisitRule,
        *,
        since_s: int,
        until_s: int,
        earlier_s: Mapping[int, int],
    ) -> None:
        """Recreate visits from stored observations, all before `until_s`.

        Visits that began at `until_s` or later are ignored. Visits from before
        `since_s` include their observations already. earlier_s: when devices were here
        before all known visits, if they were.
        """
        by_device = _by_device(observed)
        known = self._known(connection, source_id, by_device, rule, until_s)
        changes = _Changes(rule, SumChanges(rule))
        for device, minutes in by_device.items():
            mine = known.get(device, [])
            done_s = max((row[3] for row in mine if row[0] < since_s), default=-1)
            stays = [stay(here, rule) for here in minutes]
            fresh = [this for this in stays if this.time_out_s > done_s]
            before_s = earlier_s.get(device)
            _revise(changes, source_id, device, mine, fresh, before_s)
        self._write(connection, changes)

    def _known(
        self,
        connection: Connection,
        source_id: int,
        by_device: dict[int, list[Observation]],
        rule: VisitRule,
        until_s: int = 2**62,
    ) -> dict[int, list[_Row]]:
        """Return visits that the batch may touch, by device and time."""
        first = min(here[1] for minutes in by_device.values() for here in minutes)
        wanted = {
            "devices": self._db.as_list(by_device),
            "source_id": source_id,
            "begins_s": first * MINUTE_S - rule.gap_s,
            "until_s": until_s,
        }
        found: dict[int, list[_Row]] = {}
        for row in self._latest_visits.rows(connection, wanted):
            found.setdefault(row[2], []).append(row)
        for mine in found.values():
            if len(mine) > 1:
                mine.sort()
        return found

    def _stored_minutes(
        self,
        connection: Connection,
        source_id: int,
        by_device: dict[int, list[Observation]],
        known: dict[int, list[_Row]],
    ) -> dict[tuple[int, int], Observation]:
        """Return what is stored for these devices and minutes, keyed by both.

        A minute outside all visits cannot be stored: most batches need no query.
        """
        maybe: dict[int, list[int]] = {}
        for device, minutes in by_device.items():
            for here in minutes:
                if _lies_in(here, known.get(device, [])):
                    maybe.setdefault(here.minute, []).append(device)
        found = {}
        for minute, devices in maybe.items():
            wanted = {
                "minute": minute,
                "source_id": source_id,
                "devices": self._db.as_list(devices),
            }
            for row in connection.execute(self._minutes_of, wanted).all():
                found[row[2], minute] = Observation(row[2], minute, *row[3:])
        return found

    def _write(self, connection: Connection, changes: _Changes) -> None:
        self._put_minutes.run(connection, changes.minutes)
        if changes.gone:
            connection.execute(_DELETE, changes.gone)
        self._put_visits.run(connection, changes.visits)
        self.sums.write(connection, changes.sums)


_DELETE = delete(visits).where(
    visits.c.time_in_s == bindparam("in_s"),
    visits.c.source_id == bindparam("source"),
    visits.c.device == bindparam("dev"),
)


def _goes_on(
    changes: _Changes,
    source_id: int,
    minutes: list[Observation],
    before: list[_Row] | None,
) -> bool:
    """Handle the usual case: a device whose visit just continues, or begins.

    Nearly all cases are like this, so it takes few steps; however many minutes came
    together, a visit is written once. Returns False in any other.
    """
    if not _is_ahead(minutes, before):
        return False
    rule, device, known = changes.rule, minutes[0][0], before[0] if before else None
    row: list[Any] = list(known) if known else []
    is_new = False
    for here in minutes:
        _, minute, first_s, last_s, rssi_dbm, _, _ = here
        begin_s = minute * MINUTE_S
        in_s, out_s = begin_s + first_s, begin_s + last_s
        if not row or in_s - row[3] > rule.gap_s:
            if is_new:
                _put(changes, source_id, row, known)
            previous_s = row[0] if row else None
            row = [in_s, source_id, device, out_s, 0, rssi_dbm, None, None, previous_s]
        is_new = True
        row[3] = out_s
        row[4] += 1
        if rssi_dbm > row[5]:
            row[5] = rssi_dbm
        if rssi_dbm >= rule.near_dbm:
            row[7] = out_s
            if row[6] is None:
                row[6] = in_s
        changes.minutes.append((minute, source_id, device, *here[2:]))
    _put(changes, source_id, row, known)
    return True


def _is_ahead(minutes: list[Observation], before: list[_Row] | None) -> bool:
    """Return whether the minutes are in order, and after all that is known."""
    if before and (len(before) > 1 or before[0][3] >= minutes[0][1] * MINUTE_S):
        return False
    if len(minutes) == 1:
        return True
    return all(one[1] < later[1] for one, later in pairwise(minutes))


def _put(changes: _Changes, source_id: int, row: list[Any], known: _Row | None) -> None:
    """Write a visit that begins, or the known one that has become longer."""
    in_s, out_s, previous_s = row[0], row[3], row[8]
    changes.visits.append(tuple(row))
    if known is None or known[0] != in_s:
        changes.sums.count(source_id, in_s, out_s, previous_s, 1)
        return
    if not changes.sums.lasts(source_id, in_s, known[3] - in_s, out_s - in_s):
        changes.sums.count(source_id, in_s, known[3], previous_s, -1)
        changes.sums.count(source_id, in_s, out_s, previous_s, 1)


def _revise(
    changes: _Changes,
    source_id: int,
    device: int,
    before: list[_Row],
    stays: list[Visit],
    earlier_s: int | None = None,
) -> None:
    """Handle a device whose visits change when these stays are added.

    earlier_s: when the visit before these began, if none of them is known.
    """
    if not stays:
        return
    known = [Visit(row[0], *row[3:8]) for row in before]
    previous_s: int | None = before[0][8] if before else earlier_s
    after: dict[int, _Row] = {}
    for visit in chained([*known, *stays], changes.rule.gap_s):
        after[visit[0]] = (visit[0], source_id, device, *visit[1:], previous_s)
        previous_s = visit[0]
    for row in before:
        in_s = row[0]
        if in_s not in after:
            changes.gone.append({"in_s": in_s, "source": source_id, "dev": device})
        elif after[in_s] == row:
            del after[in_s]
            continue
        changes.sums.count(source_id, in_s, row[3], row[8], -1)
    for row in after.values():
        changes.visits.append(row)
        changes.sums.count(source_id, row[0], row[3], row[8], 1)


def _by_device(observed: Iterable[Observation]) -> dict[int, list[Observation]]:
    found: dict[int, list[Observation]] = {}
    for here in observed:
        device = here[0]
        if device in found:
            found[device].append(here)
        else:
            found[device] = [here]
    return found


def _lies_in(here: Observation, known: list[_Row]) -> bool:
    begin_s = here.minute * MINUTE_S
    return any(row[0] < begin_s + MINUTE_S and row[3] >= begin_s for row in known)


def _latest_visits(db: Database) -> Select[Any]:
    """Return visits of the listed devices that a batch may touch.

    Of each device the last one that began by `begins_s`, and all that began later.
    """
    devices = db.listed("devices")
    source_id = bindparam("source_id", type_=Integer)
    earlier = visits.alias()
    latest = (
        select(func.max(earlier.c.time_in_s))
        .where(
            earlier.c.device == devices.c.value,
            earlier.c.source_id == source_id,
            earlier.c.time_in_s <= bindparam("begins_s", type_=BigInteger),
        )
        .scalar_subquery()
    )
    here = and_(
        visits.c.device == devices.c.value,
        visits.c.source_id == source_id,
        visits.c.time_in_s >= func.coalesce(latest, 0),
        visits.c.time_in_s < bindparam("until_s", type_=BigInteger),
    )
    return select(visits).select_from(devices.join(visits, here))


def _minutes_of(db: Database) -> Select[Any]:
    """Return observations of one minute and the listed devices."""
    # An IN, not a join: SQLite might scan the list for each observation.
    return select(observations).where(
        observations.c.minute == bindparam("minute", type_=Integer),
        observations.c.source_id == bindparam("source_id", type_=Integer),
        observations.c.device.in_(select(db.listed("devices").c.value)),
    )


def _upsert(db: Database, table: Table) -> Bulk:
    return Bulk(db, db.upsert(table), *table.columns.keys())
