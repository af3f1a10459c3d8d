"""Reads which jobs wait from the table of dbos: whose they are, and equal ones.

Asked of dbos, a lost database would hold the request until it is back, and a count
would read all that was ever finished. SQLite uses an index of a part of the rows only
if the statement has the very same condition.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import func, literal_column, select, union_all

from mvsnap.domain import JobId

WORKFLOW = "run_job"
# Jobs that wait for an equal one: of each kind at most one runs.
EQUAL_QUEUE = "equal"


def waiting_of_callers(engine: Any, at_most: int) -> Counter[str]:
    """Count the jobs that are accepted and not finished, by caller.

    engine: DBOS itself or its client.

    Raises:
        SQLAlchemyError: the database is unavailable.
    """
    jobs = engine._sys_db
    table = jobs.tables.workflow_status
    is_delayed = table.c.status == literal_column("'DELAYED'")
    waiting = union_all(
        *(
            select(table.c.authenticated_user).where(table.c.name == WORKFLOW, status)
            for status in (jobs._in_flight_status_prover(), is_delayed)
        )
    ).limit(at_most)
    caller = waiting.subquery().c.authenticated_user
    statement = select(caller, func.count()).group_by(caller)
    with jobs.engine.connect() as connection:
        found = connection.execute(statement).all()
    return Counter({caller or "": many for caller, many in found})


def waiting_equal(engine: Any, equal: str) -> JobId | None:
    """Return the newest job with this mark that has never begun.

    Raises:
        SQLAlchemyError: the database is unavailable.
    """
    jobs = engine._sys_db
    table = jobs.tables.workflow_status
    statement = (
        select(table.c.workflow_uuid)
        .where(
            table.c.queue_name == EQUAL_QUEUE,
            table.c.status == "ENQUEUED",
            jobs._in_flight_status_prover(),
            table.c.queue_partition_key == equal,
            # One that was recovered after a crash had begun.
            table.c.recovery_attempts == 0,
        )
        .order_by(table.c.created_at.desc())
        .limit(1)
    )
    with jobs.engine.connect() as connection:
        found = connection.execute(statement).scalar_one_or_none()
    return None if found is None else JobId(found)
