"""Rows that were written while the clock was plainly wrong, as in 1970 before NTP.

Nobody could say how old they are; by their times they are the first to be removed.
What an event shows keeps its time, as the message about it has that, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, RowMapping, bindparam, select, update

from mvsnap.clock import PLAUSIBLE_FROM, WrongTime
from mvsnap.store.alert_tables import troubles
from mvsnap.store.database import Database
from mvsnap.store.events.published_tables import published_events
from mvsnap.store.notices.tables import seen_jobs
from mvsnap.store.sharing.tables import job_states
from mvsnap.store.steps import Steps
from mvsnap.store.tables import (
    audit,
    cameras,
    clips,
    deliveries,
    events,
    presences,
    repeats,
)

# Moments of this machine by which rows get old, with those that go with them.
_MOMENTS: tuple[tuple[Column[Any], ...], ...] = (
    (events.c.recorded_at,),
    (deliveries.c.changed_at,),
    (repeats.c.changed_at,),
    (job_states.c.changed_at,),
    (clips.c.received_at,),
    (clips.c.at,),
    (presences.c.time_in, presences.c.time_out),
    (troubles.c.began_at,),
    (troubles.c.ended_at,),
    (audit.c.at,),
    (published_events.c.published_at,),
    (seen_jobs.c.seen_at,),
    (cameras.c.status_since,),
)


def put_right(db: Database, wrong: Sequence[WrongTime], *others: Column[Any]) -> int:
    """Give such rows the times that were right; return how many.

    others: of tables that the store does not know.
    What is from an earlier start seems as young as if it were from this one.
    """
    steps, changed = Steps(db), 0
    # Those that were wrong the most first: they are before the others' ends, too.
    for each in sorted(wrong, key=lambda one: one.until):
        for columns in (*_MOMENTS, *zip(others, strict=True)):
            while many := _step(steps, columns, each):
                changed += many
    return changed


def _step(steps: Steps, columns: tuple[Column[Any], ...], wrong: WrongTime) -> int:
    """Put some rows right; none are left if it returns 0."""
    table = columns[0].table
    keys = list(table.primary_key.columns)
    looking = select(*keys, *(column.label(f"the_{column.name}") for column in columns))
    with steps.writing() as connection:
        found = connection.execute(
            looking.where(columns[0] <= wrong.until).limit(steps.size)
        ).all()
        for row in found:
            _put_right(connection, columns, row._mapping, wrong)
    return len(found)


def _put_right(
    connection: Connection,
    columns: tuple[Column[Any], ...],
    row: RowMapping,
    wrong: WrongTime,
) -> None:
    table = columns[0].table
    is_it = [
        column == bindparam(f"key_{column.name}", type_=column.type)
        for column in table.primary_key.columns
    ]
    keys = {f"key_{c.name}": row[c.name] for c in table.primary_key.columns}
    found = {c: row[f"the_{c.name}"] for c in columns}
    # What began in 1970 may have ended after NTP had set the clock.
    fresh = {c: at + wrong.behind for c, at in found.items() if at < PLAUSIBLE_FROM}
    connection.execute(update(table).where(*is_it).values(fresh), keys)
