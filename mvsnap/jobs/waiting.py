"""Reads which jobs wait from the table of dbos: whose they are, and equal ones.

Asked of dbos, a lost database would hold the request until it is back, and a count
would read all that was ever finished. SQLite uses an index of a part of the rows only
if the statement has the very same condition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Select,
    bindparam,
    func,
    literal_column,
    select,
    union_all,
    update,
)

from mvsnap.domain import Job, JobId
from mvsnap.jobs.codec import decode

WORKFLOW = "run_job"
QUEUE = "jobs"
# Jobs that were deferred: they do not wait behind new ones, nor those behind them.
LATER_QUEUE = "later"
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


def newest_equal(engine: Any) -> Select[Any]:
    """Return the statement for the newest job with a mark that has never begun."""
    jobs = engine._sys_db
    table = jobs.tables.workflow_status
    return (
        select(table.c.workflow_uuid)
        .where(
            table.c.queue_name.in_((QUEUE, EQUAL_QUEUE)),
            table.c.status == "ENQUEUED",
            jobs._in_flight_status_prover(),
            table.c.queue_partition_key == bindparam("equal"),
            # One that was recovered after a crash had begun.
            table.c.recovery_attempts == 0,
        )
        .order_by(table.c.created_at.desc())
        .limit(1)
    )


def is_in_flight(engine: Any, equal: str) -> bool:
    """Return whether a job with this mark waits or runs that came by a queue.

    Raises:
        SQLAlchemyError: the database is unavailable.
    """
    jobs = engine._sys_db
    table = jobs.tables.workflow_status
    statement = (
        select(table.c.workflow_uuid)
        .where(
            table.c.queue_name.in_((QUEUE, EQUAL_QUEUE)),
            table.c.status.in_(("ENQUEUED", "PENDING")),
            jobs._in_flight_status_prover(),
            table.c.queue_partition_key == equal,
        )
        .limit(1)
    )
    with jobs.engine.connect() as connection:
        return connection.execute(statement).first() is not None


def put_oldest_first(engine: Any, many: int) -> None:
    """Let the queues of new and of deferred jobs give their oldest before all others.

    Raises:
        SQLAlchemyError: the database is unavailable.
    """
    jobs = engine._sys_db
    table = jobs.tables.workflow_status
    waits = (
        table.c.queue_name.in_((QUEUE, LATER_QUEUE)),
        table.c.status == "ENQUEUED",
        jobs._in_flight_status_prover(),
        table.c.priority > 0,
    )
    oldest = (
        select(table.c.workflow_uuid)
        .where(*waits)
        # SQLite's dbos knows whole seconds; the older, the larger its priority.
        .order_by(table.c.created_at, table.c.priority.desc())
        .limit(many)
    )
    with jobs.engine.begin() as connection:
        connection.execute(
            update(table)
            .where(table.c.workflow_uuid.in_(oldest.scalar_subquery()), *waits)
            .values(priority=0)
        )


def rest(engine: Any) -> tuple[bool, int | None]:
    """Return whether runs wait in a queue, and when the next delay is over, in ms.

    Raises:
        SQLAlchemyError: the database is unavailable.
    """
    jobs = engine._sys_db
    table = jobs.tables.workflow_status
    queued = select(table.c.workflow_uuid).where(
        table.c.status == "ENQUEUED", jobs._in_flight_status_prover()
    )
    is_delayed = table.c.status == literal_column("'DELAYED'")
    first = select(func.min(table.c.delay_until_epoch_ms)).where(is_delayed)
    with jobs.engine.connect() as connection:
        are_left = connection.execute(queued.limit(1)).first() is not None
        return are_left, connection.scalar(first)


def next_run_id(run_id: str) -> str:
    """Return the engine's id of a job's next run; the first one has the job's id."""
    job_id, _, number = run_id.partition(RUN_MARK)
    return f"{job_id}{RUN_MARK}{int(number or 0) + 1}"


def job_of(status: Any) -> Job | None:
    if status is None or status.name != WORKFLOW or not status.input:
        return None
    return decode(status.input["args"][0])


def jobs_of(dbos: Any, job_ids: Sequence[JobId]) -> list[Job]:
    """dbos: itself or its client."""
    if not job_ids:
        return []
    found = dbos.list_workflows(workflow_ids=list(job_ids), load_output=False)
    return [job for job in map(job_of, found) if job is not None]


class KnownJobs:
    """What both engines do alike; _source: dbos itself or its client."""

    _source: Any
    _turn: Callable[[], AbstractContextManager[object]]

    def waiting(self, at_most: int) -> Counter[str]:
        return waiting_of_callers(self._source, at_most)

    @cached_property
    def _newest_equal(self) -> Select[Any]:
        # Asked twice for each group of equal triggers: made once.
        return newest_equal(self._source)

    def waiting_equal(self, equal: str) -> JobId | None:
        with self._source._sys_db.engine.connect() as connection:
            found = connection.scalar(self._newest_equal, {"equal": equal})
        return None if found is None else JobId(found)

    def first_runs(
        self, since: datetime | None, until: datetime | None, at_most: int
    ) -> list[FirstRun]:
        return first_runs(self._source, since, until, at_most)

    def oldest_run(self) -> datetime | None:
        return oldest_run(self._source)

    def known_jobs(self, job_ids: Sequence[JobId]) -> list[Job]:
        return jobs_of(self._source, job_ids)

    def go_on(self, run_id: str) -> None:
        with self._turn():
            self._source.set_workflow_delay(run_id, delay_seconds=0)
