"""Recounts the sums of visits in steps, so that others write in between.

Each step replaces the sums of the next quarters of an hour, so the pages have sums all
the time; the devices of days are read from the visits until all are counted. While it
goes on, nobody adds visits, and its row in `visit_count_rule` says how far it is: a
process that dies leaves a count that the next one completes.

The row's number is then below zero. A release before that sees a rule that it does not
know, and the pages as well.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, select

from mvsnap.store.database import Database
from mvsnap.store.steps import Steps
from mvsnap.wifi.counts import (
    UnfinishedCount,
    days_of_visits,
    is_counted_with,
    is_stale,
    note_rule,
    recount_at_once,
    sums_of_visits,
    unfinished_count,
)
from mvsnap.wifi.tables import device_days, visit_count_rule, visit_counts, visits
from mvsnap.wifi.visit_sums import SumWriter
from mvsnap.wifi.visits import SLOT_S, VisitRule

# Of visits; how many a step counts follows from how long the one before took.
FIRST_STEP, SMALLEST_STEP, LARGEST_STEP = 5000, 500, 50_000


class Recount:
    """Begins once at most: two processes with other rules do not take turns for ever.

    The caller of `step` holds the right to change visits. begins: False to complete
    only what another process has begun.
    """

    def __init__(self, db: Database, rule: VisitRule, *, begins: bool = True) -> None:
        self._db = db
        self._rule = rule
        self._has_begun = not begins

    def step(self, connection: Connection, most: int) -> bool:
        """Count about so many visits more; return whether all sums are right now.

        They are if a release that does not know all of them has changed visits, too.
        """
        going_on = unfinished_count(connection)
        if going_on is None:
            is_known = connection.execute(select(visit_count_rule)).first() is not None
            if is_known and (self._has_begun or self._is_right(connection)):
                return True
            self._has_begun = True
            connection.execute(delete(device_days))
            going_on = UnfinishedCount(self._rule, 0)
        return self._count(connection, going_on, most)

    def _is_right(self, connection: Connection) -> bool:
        return is_counted_with(connection, self._rule) and not is_stale(connection)

    def _count(
        self, connection: Connection, going_on: UnfinishedCount, most: int
    ) -> bool:
        rule, begin_s = going_on.rule, going_on.until_s
        end_s = _end_s(connection, begin_s, most)
        slot_s, at_s = visit_counts.c.slot_s, visits.c.time_in_s
        of_slots, of_visits = [slot_s >= begin_s], [at_s >= begin_s]
        if end_s is not None:
            of_slots.append(slot_s < end_s)
            of_visits.append(at_s < end_s)
        connection.execute(delete(visit_counts).where(*of_slots))
        columns = visit_counts.columns.keys()
        sums = sums_of_visits(rule.long_stay_s, *of_visits)
        connection.execute(visit_counts.insert().from_select(columns, sums))
        days = days_of_visits(self._db, connection, rule, *of_visits)
        SumWriter(self._db).add_days(connection, days)
        if end_s is not None:
            UnfinishedCount(rule, end_s).note(connection)
            return False
        if is_stale(connection):
            # The release before has added visits meanwhile, maybe to what was counted.
            recount_at_once(self._db, connection, rule)
        else:
            note_rule(connection, rule)
        return self._has_begun or self._is_right(connection)


def count_steps(db: Database) -> Steps:
    """Return the steps of a count; their size is that of `Recount.step`."""
    return Steps(db, first=FIRST_STEP, least=SMALLEST_STEP, most=LARGEST_STEP)


def _end_s(connection: Connection, begin_s: int, most: int) -> int | None:
    """Return the begin of a slot with so many visits before it; None: all are.

    At least one slot is before it.
    """
    at_s = visits.c.time_in_s
    after = select(at_s).where(at_s >= begin_s).order_by(at_s).offset(most).limit(1)
    found: int | None = connection.execute(after).scalar_one_or_none()
    if found is None:
        return None
    first = select(func.min(at_s)).where(at_s >= begin_s)
    first_s: int = connection.execute(first).scalar_one()
    return max(found - found % SLOT_S, first_s - first_s % SLOT_S + SLOT_S)
