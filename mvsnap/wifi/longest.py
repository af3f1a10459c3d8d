"""The longest visits of a span, found by how long the longest of each slot may be.

The first of a list, by length and then by time, lie in the first slots of a list by
length of their longest visit and then by time. Slots are read in that order until no
other can have one of them: a few of the hundreds of a week.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    func,
    select,
)

from mvsnap.store.database import Database
from mvsnap.wifi.conditions import of_source, seconds
from mvsnap.wifi.counts import is_measured, long_stay_counted_with
from mvsnap.wifi.model import WifiFilter
from mvsnap.wifi.tables import visit_counts, visits
from mvsnap.wifi.visits import SLOT_S

# Read at first; then twice as many, and so on.
_SLOTS = 16
_UNKNOWN_S = 2**40
# How long its longest visit may be, and when it begins.
_Slot = tuple[int, int]


def longest_slots(
    connection: Connection, wanted: WifiFilter, long_stay_s: int, most_s: int | None
) -> list[_Slot] | None:
    """Return the slots with visits of the filter, those with the longest first.

    most_s: longer visits are not asked for. None: longer than `long_stay_s` was
    something else when visits were counted.
    """
    if long_stay_counted_with(connection) != long_stay_s:
        return None
    counts = visit_counts.c
    # Where the release before has written, nobody knows.
    longest_s = func.max(case((is_measured(), counts.longest_s), else_=_UNKNOWN_S))
    statement = select(longest_s, counts.slot_s).where(
        counts.slot_s > seconds(wanted.since) - SLOT_S,
        counts.slot_s < seconds(wanted.until),
        counts.visits > 0,
        *of_source(connection, counts.source_id, wanted),
    )
    if not wanted.long_stays:
        statement = statement.where(~counts.is_long)
    rows = connection.execute(statement.group_by(counts.slot_s))
    limit_s = _UNKNOWN_S if most_s is None else most_s
    return sorted(((min(row[0], limit_s), row[1]) for row in rows), reverse=True)


def longest_visits(
    db: Database,
    connection: Connection,
    slots: Sequence[_Slot],
    where: Sequence[ColumnElement[bool]],
    limit: int,
) -> list[Row[Any]]:
    """Return the first of these visits, by length, then by the other columns."""
    statement = _in_slots(db, where).limit(limit)
    found: list[Row[Any]] = []
    for some, following in _parts(slots):
        begins = db.as_list([begin_s for _, begin_s in some])
        rows = connection.execute(statement, {"slots": begins})
        found += [row for row in rows if row.device is not None]
        found = sorted(found, key=_length_and_key, reverse=True)[:limit]
        if len(found) == limit and following is not None:
            last = found[-1]
            dwell_s = last.time_out_s - last.time_in_s
            if following < (dwell_s, last.time_in_s - last.time_in_s % SLOT_S):
                break
    return found


def _parts(slots: Sequence[_Slot]) -> Iterator[tuple[Sequence[_Slot], _Slot | None]]:
    """Yield the next slots to be read, and the one that follows them."""
    begin, many = 0, _SLOTS
    while begin < len(slots):
        end = begin + many
        yield slots[begin:end], slots[end] if end < len(slots) else None
        begin, many = end, 2 * many


def _in_slots(db: Database, where: Sequence[ColumnElement[bool]]) -> Select[Any]:
    begins = db.listed("slots")
    at_s = visits.c.time_in_s
    here = and_(at_s >= begins.c.value, at_s < begins.c.value + SLOT_S, *where)
    # Only an outer join has an order: else SQLite would look at the list for each visit
    # of the span. A slot without a visit of the filter is a row without values.
    of_slots = begins.outerjoin(visits, here)
    length = (visits.c.time_out_s - at_s).desc().nulls_last()
    keys = [column.desc() for column in visits.primary_key]
    return select(visits).select_from(of_slots).order_by(length, *keys)


def _length_and_key(row: Row[Any]) -> tuple[int, ...]:
    dwell_s = row.time_out_s - row.time_in_s
    return dwell_s, row.time_in_s, row.source_id, row.device
