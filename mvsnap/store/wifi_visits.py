"""Visits kept as observations come: what is known of each device, and what changes.

For each batch: two queries for all its devices, then one write to each of three tables.
How much is stored already plays no part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    select,
)

from mvsnap.core.visits import (
    MINUTE_S,
    Heard,
    Visit,
    VisitRule,
    chained,
    dwell_class,
    merged,
    stay,
)
from mvsnap.store.database import Bulk, Database
from mvsnap.store.tables_wifi import observations, visit_counts, visits

T = TypeVar("T")

SLOT_S = 900
# Of one IN: databases limit how many parameters a statement has.
_PIECE = 5000
_Key = tuple[int, int, int, bool]


@dataclass(frozen=True, slots=True)
class Stored:
    """A visit as a row; previous_in_s: of the device's visit before this one."""

    visit: Visit
    previous_in_s: int | None


@dataclass(slots=True)
class _Changes:
    """What one batch changes; `counts`: visits, first visits, seconds by key."""

    rule: VisitRule
    minutes: list[tuple[Any, ...]] = field(default_factory=list)
    gone: list[dict[str, int]] = field(default_factory=list)
    visits: list[tuple[Any, ...]] = field(default_factory=list)
    counts: dict[_Key, list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0, 0])
    )


class VisitWriter:
    """Its methods run in a transaction of the caller, one at a time per database."""

    def __init__(self, db: Database) -> None:
        self._put_minutes = _upsert(db, observations)
        self._put_visits = _upsert(db, visits)
        add = db.insert(visit_counts)
        names = ("visits", "first_visits", "dwell_s")
        self._add_counts = Bulk(
            db,
            add.on_conflict_do_update(
                index_elements=[*visit_counts.primary_key],
                set_={n: visit_counts.c[n] + add.excluded[n] for n in names},
            ),
            *visit_counts.columns.keys(),
        )

    def add(
        self,
        connection: Connection,
        source_id: int,
        heard: Iterable[Heard],
        rule: VisitRule,
    ) -> None:
        """Add observations of a source; those it has already change nothing."""
        by_device = _by_device(heard)
        known = _known(connection, source_id, by_device, rule)
        stored = _stored_minutes(connection, source_id, by_device, known)
        changes = _Changes(rule)
        for device, minutes in by_device.items():
            stays = []
            for here in minutes:
                was = stored.get((device, here.minute))
                now = here if was is None else merged(was, here)
                if now != was:
                    changes.minutes.append((now.minute, source_id, device, *now[2:]))
                    stays.append(stay(now, rule, is_known=was is not None))
            _revise(changes, source_id, device, known.get(device, []), stays)
        self._write(connection, changes)

    def add_again(
        self,
        connection: Connection,
        source_id: int,
        heard: Iterable[Heard],
        rule: VisitRule,
        *,
        since_s: int,
        until_s: int,
    ) -> None:
        """Make visits anew of observations that are stored, all before `until_s`.

        Visits that began at `until_s` or later are taken for not there. What began
        before `since_s` holds its observations already.
        """
        by_device = _by_device(heard)
        known = _known(connection, source_id, by_device, rule, until_s)
        changes = _Changes(rule)
        for device, minutes in by_device.items():
            mine = known.get(device, [])
            old = [one.visit for one in mine if one.visit.time_in_s < since_s]
            done_s = max((visit.time_out_s for visit in old), default=-1)
            stays = [stay(here, rule) for here in minutes]
            fresh = [this for this in stays if this.time_out_s > done_s]
            _revise(changes, source_id, device, mine, fresh)
        self._write(connection, changes)

    def _write(self, connection: Connection, changes: _Changes) -> None:
        self._put_minutes.run(connection, changes.minutes)
        if changes.gone:
            connection.execute(_DELETE, changes.gone)
        self._put_visits.run(connection, changes.visits)
        sums = [(*key, *sum_) for key, sum_ in changes.counts.items() if any(sum_)]
        self._add_counts.run(connection, sums)


_DELETE = delete(visits).where(
    visits.c.time_in_s == bindparam("in_s"),
    visits.c.source_id == bindparam("source"),
    visits.c.device == bindparam("dev"),
)


def _revise(
    changes: _Changes,
    source_id: int,
    device: int,
    before: list[Stored],
    stays: list[Visit],
) -> None:
    """Note what becomes of a device's visits when these stays are added."""
    if not stays:
        return
    visits_now = chained([*(s.visit for s in before), *stays], changes.rule.gap_s)
    previous_s = before[0].previous_in_s if before else None
    after: dict[int, Stored] = {}
    for visit in visits_now:
        after[visit.time_in_s] = Stored(visit, previous_s)
        previous_s = visit.time_in_s
    for old in before:
        in_s = old.visit.time_in_s
        if in_s not in after:
            changes.gone.append({"in_s": in_s, "source": source_id, "dev": device})
        elif after[in_s] == old:
            del after[in_s]
            continue
        _count(changes, source_id, old, -1)
    for in_s, new in after.items():
        row = (in_s, source_id, device, *new.visit[1:], new.previous_in_s)
        changes.visits.append(row)
        _count(changes, source_id, new, 1)


def _count(changes: _Changes, source_id: int, stored: Stored, sign: int) -> None:
    visit = stored.visit
    dwell_s = visit.time_out_s - visit.time_in_s
    slot_s = visit.time_in_s - visit.time_in_s % SLOT_S
    is_long = dwell_s > changes.rule.long_stay_s
    sums = changes.counts[slot_s, source_id, dwell_class(dwell_s), is_long]
    sums[0] += sign
    sums[1] += sign if stored.previous_in_s is None else 0
    sums[2] += sign * dwell_s


def _by_device(heard: Iterable[Heard]) -> dict[int, list[Heard]]:
    found: dict[int, list[Heard]] = {}
    for here in heard:
        found.setdefault(here.device, []).append(here)
    return found


def _known(
    connection: Connection,
    source_id: int,
    by_device: dict[int, list[Heard]],
    rule: VisitRule,
    until_s: int | None = None,
) -> dict[int, list[Stored]]:
    """Return visits of these devices that the batch may touch, by time.

    Of each device the last one that began before the batch, and all that began later.
    """
    first = min(here.minute for minutes in by_device.values() for here in minutes)
    begins_s = first * MINUTE_S - rule.gap_s
    early = visits.c.time_in_s <= begins_s
    latest = func.max(case((early, visits.c.time_in_s), else_=None))
    found: dict[int, list[Stored]] = {}
    for piece in _pieces(by_device):
        here = and_(visits.c.source_id == source_id, visits.c.device.in_(piece))
        since = (
            select(visits.c.device, func.coalesce(latest, 0).label("since_s"))
            .where(here)
            .group_by(visits.c.device)
            .subquery()
        )
        statement = (
            select(visits)
            .join(since, since.c.device == visits.c.device)
            .where(here, visits.c.time_in_s >= since.c.since_s)
            .order_by(visits.c.device, visits.c.time_in_s)
        )
        if until_s is not None:
            statement = statement.where(visits.c.time_in_s < until_s)
        for row in connection.execute(statement):
            visit = Visit(row[0], *row[3:8])
            found.setdefault(row[2], []).append(Stored(visit, row[8]))
    return found


def _stored_minutes(
    connection: Connection,
    source_id: int,
    by_device: dict[int, list[Heard]],
    known: dict[int, list[Stored]],
) -> dict[tuple[int, int], Heard]:
    """Return what is stored of these devices and minutes; by device and minute.

    A minute that lies in no visit cannot be stored: nothing is asked for most batches.
    """
    maybe = [
        here
        for device, minutes in by_device.items()
        if device in known
        for here in minutes
        if _lies_in(here, known[device])
    ]
    maybe.sort(key=attrgetter("minute"))
    found = {}
    for minute, group in groupby(maybe, key=attrgetter("minute")):
        for piece in _pieces(here.device for here in group):
            statement = select(observations).where(
                observations.c.minute == minute,
                observations.c.source_id == source_id,
                observations.c.device.in_(piece),
            )
            for row in connection.execute(statement):
                found[row.device, minute] = Heard(row.device, minute, *row[3:])
    return found


def _lies_in(here: Heard, known: list[Stored]) -> bool:
    begin_s = here.minute * MINUTE_S
    return any(
        stored.visit.time_in_s < begin_s + MINUTE_S
        and stored.visit.time_out_s >= begin_s
        for stored in known
    )


def _pieces(items: Iterable[T]) -> Iterator[list[T]]:
    source = iter(items)
    while piece := list(islice(source, _PIECE)):
        yield piece


def _upsert(db: Database, table: Table) -> Bulk:
    statement = db.insert(table)
    fresh = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if not column.primary_key
    }
    return Bulk(
        db,
        statement.on_conflict_do_update(
            index_elements=[*table.primary_key], set_=fresh
        ),
        *table.columns.keys(),
    )
