"""Reads which jobs wait from the table of dbos: whose they are, and equal ones.

Asked of dbos, a lost database would hold the request until it is back, and a count
would read all that was ever finished. SQLite uses an index of a part of the rows only
if the statement has the very same condition.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, literal_column, select, union_all

from mvsnap.domain import JobId

WORKFLOW = "run_job"
# Jobs that wait for an equal one: of each kind at most one runs.
EQUAL_QUEUE = "equal"


# A later run of a job has an id with its number behind this.
RUN_MARK = "#"


@dataclass(frozen=True, slots=True)
class FirstRun:
    """A job that has not been deferred so far. has_begun: it runs now."""

    job_id: JobId
    has_begun: bool


def first_runs(
    engine: Any, since: datetime | None, until: datetime | None, at_most: int
) -> list[FirstRun]:
    """Return jobs in their first run, the newest first, by when they were stored.

    engine: DBOS itself or its client.

    Raises:
        SQLAlchemyError: the database is unavailable.
    """
    jobs = engine._sys_db
    table = jobs.tables.workflow_status
    statement = (
        select(table.c.workflow_uuid, table.c.status)
        .where(
            table.c.name == WORKFLOW,
            jobs._in_flight_status_prover(),
            table.c.workflow_uuid.not_like(f"%{RUN_MARK}%"),
        )
        .order_by(table.c.created_at.desc())
        .limit(at_most)
    )
    if since is not None:
        statement = statement.where(table.c.created_at >= _ms(since))
    if until is not None:
        statement = statement.where(table.c.created_at <= _ms(until))
    with jobs.engine.connect() as connection:
        found = connection.execute(statement).all()
    return [FirstRun(JobId(job_id), status == "PENDING") for job_id, status in found]


def oldest_run(engine: Any) -> datetime | None:
    """Return when the run that waits longest was stored, None if none waits.

    engine: DBOS itself or its client.

    Raises:
        SQLAlchemyError: the database is unavailable.
    """
    jobs = engine._sys_db
    table = jobs.tables.workflow_status
    statement = select(func.min(table.c.created_at)).where(
        table.c.name == WORKFLOW, jobs._in_flight_status_prover()
    )
    with jobs.engine.connect() as connection:
        found = connection.scalar(statement)
    return None if found is None else datetime.fromtimestamp(found / 1000, UTC)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


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
