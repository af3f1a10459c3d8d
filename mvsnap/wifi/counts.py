"""Recounts the sums of visits, all by one rule.

A visit that changes moves from one sum to another, so both must have been counted by
the rule that is used to find them. The store knows that rule: every process that makes
visits counts by it, even while an older process has another setting.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    SmallInteger,
    case,
    cast,
    delete,
    func,
    select,
)

from mvsnap.wifi.tables import visit_count_rule, visit_counts, visits
from mvsnap.wifi.visit_writer import SLOT_S
from mvsnap.wifi.visits import DWELL_CLASSES_S, VisitRule


def recount(connection: Connection, long_stay_s: int) -> None:
    """Ensure that the sums follow this rule; recounted in the database if not.

    The caller holds the right to change visits.
    """
    made_with = connection.execute(select(visit_count_rule)).scalar_one_or_none()
    if made_with == long_stay_s:
        return
    connection.execute(delete(visit_counts))
    columns = visit_counts.columns.keys()
    connection.execute(
        visit_counts.insert().from_select(columns, sums_of_visits(long_stay_s))
    )
    connection.execute(delete(visit_count_rule))
    connection.execute(visit_count_rule.insert().values(long_stay_s=long_stay_s))


def as_counted(connection: Connection, rule: VisitRule) -> VisitRule:
    """Return the rule with the long_stay_s that the sums were counted with."""
    made_with = connection.execute(select(visit_count_rule)).scalar_one()
    return replace(rule, long_stay_s=made_with)


def sums_of_visits(
    long_stay_s: int, *where: ColumnElement[bool]
) -> Select[tuple[int, int, int, bool, int, int, int]]:
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
    )
    return select(*key, *sums).group_by(*key)
