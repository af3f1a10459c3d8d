"""Recounts the sums of visits, all by one rule.

A visit that changes moves from one sum to another, so both must have been counted by
the rule that is used to find them. The store knows that rule: every process that makes
visits counts by it, even while an older process has another setting.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    SmallInteger,
    case,
    cast,
    delete,
    exists,
    func,
    select,
)

from mvsnap.store.database import Database
from mvsnap.values import replace
from mvsnap.wifi.tables import device_days, visit_count_rule, visit_counts, visits
from mvsnap.wifi.visit_sums import NEVER, DayKey, SumWriter, day_of
from mvsnap.wifi.visits import DWELL_CLASSES_S, SLOT_S, VisitRule

# No long_stay_s is as long: an unfinished count is noted as a number below zero, of
# the slot that it has come to and of its long_stay_s. No release takes it for a rule.
_LONGEST_S = 2**32


class UnfinishedCount(Struct, frozen=True):
    """Visits that began before `until_s`, the begin of a slot, follow the rule."""

    rule: VisitRule
    until_s: int

    def note(self, connection: Connection) -> None:
        long_stay_s, zone = _values(self.rule)
        until = self.until_s // SLOT_S * _LONGEST_S
        _note(connection, -1 - (until + long_stay_s), zone)


def unfinished_count(connection: Connection) -> UnfinishedCount | None:
    """Return the count that goes on, or was left by a process that died."""
    row = connection.execute(select(visit_count_rule)).one_or_none()
    if row is None or row.long_stay_s >= 0:
        return None
    slot, long_stay_s = divmod(-1 - row.long_stay_s, _LONGEST_S)
    zone = None if row.zone is None else ZoneInfo(row.zone)
    rule = replace(VisitRule(), long_stay_s=long_stay_s, zone=zone)
    return UnfinishedCount(rule, slot * SLOT_S)


def note_rule(connection: Connection, rule: VisitRule) -> None:
    """Say that all sums follow this rule."""
    _note(connection, *_values(rule))


def _note(connection: Connection, long_stay_s: int, zone: str | None) -> None:
    connection.execute(delete(visit_count_rule))
    made = visit_count_rule.insert().values(long_stay_s=long_stay_s, zone=zone)
    connection.execute(made)


def recount_at_once(db: Database, connection: Connection, rule: VisitRule) -> None:
    """Make all sums again in this transaction; see `recount`.

    The caller holds the right to change visits.
    """
    for table in (visit_counts, device_days):
        connection.execute(delete(table))
    columns = visit_counts.columns.keys()
    connection.execute(
        visit_counts.insert().from_select(columns, sums_of_visits(rule.long_stay_s))
    )
    SumWriter(db).add_days(connection, days_of_visits(db, connection, rule))
    note_rule(connection, rule)


def as_counted(connection: Connection, rule: VisitRule) -> VisitRule:
    """Return the rule with what the sums were counted with."""
    return counted_with(rule, connection.execute(select(visit_count_rule)).one())


def counted_with(rule: VisitRule, row: Row[Any]) -> VisitRule:
    """Return the rule with the values of the row of `visit_count_rule`."""
    zone = None if row.zone is None else ZoneInfo(row.zone)
    return replace(rule, long_stay_s=row.long_stay_s, zone=zone)


def is_counted_with(connection: Connection, rule: VisitRule) -> bool:
    """Return whether the sums follow this rule."""
    row = connection.execute(select(visit_count_rule)).one_or_none()
    return row is not None and tuple(row) == _values(rule)


def long_stay_counted_with(connection: Connection) -> int | None:
    """Return the long_stay_s that visits were counted with; None: not counted."""
    statement = select(visit_count_rule.c.long_stay_s)
    found: int | None = connection.execute(statement).scalar_one_or_none()
    return found


def is_stale(connection: Connection, *where: ColumnElement[bool]) -> bool:
    """Return whether the release before has changed visits, as by these sums.

    It does not know all sums, and works beside this one or after it.
    """
    statement = select(exists().where(~is_measured(), *where))
    return bool(connection.execute(statement).scalar_one())


def is_measured() -> ColumnElement[bool]:
    """Return whether the release before has left this row of `visit_counts` alone.

    Each visit is one more: most begin without a length, which would not be seen.
    """
    counts = visit_counts.c
    return counts.measured_s.is_not_distinct_from(counts.dwell_s + counts.visits)


def _values(rule: VisitRule) -> tuple[int, str | None]:
    """Return the row of `visit_count_rule`."""
    return rule.long_stay_s, None if rule.zone is None else rule.zone.key


def take_from_days(
    db: Database, connection: Connection, *where: ColumnElement[bool]
) -> None:
    """Count these visits no longer: they are about to be deleted."""
    row = connection.execute(select(visit_count_rule)).one_or_none()
    if row is None or row.zone is None:
        return
    if (going_on := unfinished_count(connection)) is not None:
        rule, where = going_on.rule, (*where, visits.c.time_in_s < going_on.until_s)
    else:
        rule = counted_with(VisitRule(), row)
    days = days_of_visits(db, connection, rule, *where)
    taken = Counter({key: -many for key, many in days.items()})
    SumWriter(db).add_days(connection, taken)
    connection.execute(delete(device_days).where(device_days.c.visits == 0))


def days_of_visits(
    db: Database, connection: Connection, rule: VisitRule, *where: ColumnElement[bool]
) -> Counter[DayKey]:
    """Return what `device_days` has of these visits; the days are made here."""
    found: Counter[DayKey] = Counter()
    zone = rule.zone
    if zone is None:
        return found
    before_s = visits.c.previous_in_s
    is_long = visits.c.time_out_s - visits.c.time_in_s > rule.long_stay_s
    statement = select(
        visits.c.time_in_s // SLOT_S,
        visits.c.source_id,
        case((before_s.is_(None), NEVER), else_=before_s // SLOT_S),
        case((is_long, 1), else_=0),
    )
    for slot, source_id, slot_before, long in db.each(
        connection, statement.where(*where)
    ):
        before = NEVER if slot_before == NEVER else day_of(slot_before, zone)
        found[day_of(slot, zone), source_id, before, bool(long)] += 1
    return found


def sums_of_visits(long_stay_s: int, *where: ColumnElement[bool]) -> Select[Any]:
    """Return the sums that `VisitWriter` maintains; where: of these visits only."""
    begin_s, dwell_s = visits.c.time_in_s, visits.c.time_out_s - visits.c.time_in_s
    indexes = range(len(DWELL_CLASSES_S) - 1, 0, -1)
    classes = [(dwell_s >= DWELL_CLASSES_S[index], index) for index in indexes]
    # Named first, then grouped: PostgreSQL rejects an expression with parameters twice.
    each = select(
        (begin_s - begin_s % SLOT_S).label("slot_s"),
        visits.c.source_id,
        cast(case(*classes, else_=0), SmallInteger).label("dwell_class"),
        (dwell_s > long_stay_s).label("is_long"),
        case((visits.c.previous_in_s.is_(None), 1), else_=0).label("first"),
        dwell_s.label("dwell_s"),
    )
    one = (each.where(*where) if where else each).subquery()
    key = (one.c.slot_s, one.c.source_id, one.c.dwell_class, one.c.is_long)
    sums = (
        func.count().label("visits"),
        func.sum(one.c.first).label("first_visits"),
        func.sum(one.c.dwell_s).label("dwell_s"),
        func.max(one.c.dwell_s).label("longest_s"),
        (func.sum(one.c.dwell_s) + func.count()).label("measured_s"),
    )
    return select(*key, *sums).group_by(*key)
