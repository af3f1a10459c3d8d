"""Reads which jobs wait from the table of dbos: whose they are, and equal ones.

Asked of dbos, a lost database would hold the request until it is back, and a count
would read all that was ever finished. SQLite uses an index of a part of the rows only
if the statement has the very same condition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    bindparam,
    func,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from mvsnap.domain import Job, JobId
from mvsnap.jobs.codec import decode
from mvsnap.values import replace

WORKFLOW = "run_job"
QUEUE = "jobs"
# Jobs that were deferred: they do not wait behind new ones, nor those behind them.
LATER_QUEUE = "later"
# Jobs that wait for an equal one: of each kind at most one runs.
EQUAL_QUEUE = "equal"


# Literal: SQLite compares the text of a condition with that of the index.
_IN_FLIGHT = [literal_column(f"'{state}'", Text) for state in ("ENQUEUED", "PENDING")]
_DELAYED = literal_column("'DELAYED'", Text)
# An error escaped, or somebody ended it by dbos' own means.
_FAILED = ("ERROR", "CANCELLED")
# The very same as the condition of the index.
_OVER = [
    literal_column(f"'{state}'", Text)
    for state in (*_FAILED, "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
]

# A later run of a job has an id with its number behind this.
RUN_MARK = "#"


class FirstRun(Struct, frozen=True):
    """A job that has not been deferred so far. has_begun: it runs now."""

    job_id: JobId
    has_begun: bool


class FailedRun(Struct, frozen=True):
    """A run that the engine has ended, whatever its job had left to do.

    was_cancelled: somebody did that, by the engine's own means.
    """

    run_id: str
    was_cancelled: bool


class KnownJobs:
    """What both engines do alike; _source: dbos itself or its client.

    Raises:
        SQLAlchemyError: the database is unavailable.
    """

    _source: Any

    @property
    def _database(self) -> Any:
        return self._source._sys_db

    @cached_property
    def _runs(self) -> Any:
        """The table of the runs of all jobs."""
        return self._database.tables.workflow_status

    def waiting(self, at_most: int) -> Counter[str]:
        runs = self._runs
        waiting = union_all(
            *(
                select(runs.c.authenticated_user).where(runs.c.name == WORKFLOW, state)
                for state in (_is_in_flight(runs), runs.c.status == _DELAYED)
            )
        ).limit(at_most)
        caller = waiting.subquery().c.authenticated_user
        statement = select(caller, func.count()).group_by(caller)
        return Counter({caller or "": many for caller, many in self._rows(statement)})

    def waiting_equal(self, equal: str) -> JobId | None:
        found = self._rows(self._newest_equal, {"equal": equal})
        return JobId(found[0].workflow_uuid) if found else None

    @cached_property
    def _newest_equal(self) -> Select[Any]:
        """The newest job with a mark that has never begun."""
        # Asked twice for each group of equal triggers: made once.
        runs = self._runs
        return (
            select(runs.c.workflow_uuid)
            .where(
                runs.c.queue_name.in_((QUEUE, EQUAL_QUEUE)),
                runs.c.status == "ENQUEUED",
                _is_in_flight(runs),
                runs.c.queue_partition_key == bindparam("equal"),
                # One that was recovered after a crash had begun.
                runs.c.recovery_attempts == 0,
            )
            .order_by(runs.c.created_at.desc())
            .limit(1)
        )

    def has_equal(self, equal: str) -> bool:
        """Return whether a job with this mark waits or runs that came by a queue."""
        runs = self._runs
        statement = select(runs.c.workflow_uuid).where(
            runs.c.queue_name.in_((QUEUE, EQUAL_QUEUE)),
            _is_in_flight(runs),
            runs.c.queue_partition_key == equal,
        )
        return bool(self._rows(statement.limit(1)))

    def first_runs(
        self, since: datetime | None, until: datetime | None, at_most: int
    ) -> list[FirstRun]:
        runs = self._runs
        statement = (
            select(runs.c.workflow_uuid, runs.c.status)
            .where(
                runs.c.name == WORKFLOW,
                _is_in_flight(runs),
                runs.c.workflow_uuid.not_like(f"%{RUN_MARK}%"),
            )
            .order_by(runs.c.created_at.desc())
            .limit(at_most)
        )
        if since is not None:
            statement = statement.where(runs.c.created_at >= _ms(since))
        if until is not None:
            statement = statement.where(runs.c.created_at <= _ms(until))
        found = self._rows(statement)
        return [FirstRun(JobId(row[0]), row[1] == "PENDING") for row in found]

    def oldest_run(self) -> datetime | None:
        runs = self._runs
        oldest = select(func.min(runs.c.created_at)).where(
            runs.c.name == WORKFLOW, _is_in_flight(runs)
        )
        [(at_ms,)] = self._rows(oldest)
        return None if at_ms is None else _moment(at_ms)

    def read(self, text: str, job_id: JobId, now: datetime) -> Job:
        """Return the job of a run; one that cannot be read is as old as its first."""
        job = decode(text, job_id, now)
        if job.unread and job.accepted_at == now:
            runs = self._runs
            first = select(runs.c.created_at).where(runs.c.workflow_uuid == job_id)
            with suppress(SQLAlchemyError):  # known at the next run
                for row in self._rows(first):
                    job = replace(job, accepted_at=_moment(row.created_at))
        return job

    def failed_runs(self) -> list[FailedRun]:
        runs = self._runs
        statement = (
            select(runs.c.workflow_uuid, runs.c.status)
            .where(runs.c.name == WORKFLOW, runs.c.status.in_(_OVER))
            .order_by(runs.c.created_at)
        )
        return [
            FailedRun(row.workflow_uuid, was_cancelled=row.status != "ERROR")
            for row in self._rows(statement)
        ]

    def put_oldest_first(self, many: int) -> None:
        """Let the queues of new and of deferred jobs give their oldest before all."""
        runs = self._runs
        waits = (
            runs.c.queue_name.in_((QUEUE, LATER_QUEUE)),
            runs.c.status == "ENQUEUED",
            _is_in_flight(runs),
            runs.c.priority > 0,
        )
        oldest = (
            select(runs.c.workflow_uuid)
            .where(*waits)
            # SQLite's dbos knows whole seconds; the older, the larger its priority.
            .order_by(runs.c.created_at, runs.c.priority.desc())
            .limit(many)
        )
        with self._database.engine.begin() as connection:
            connection.execute(
                update(runs)
                .where(runs.c.workflow_uuid.in_(oldest.scalar_subquery()), *waits)
                .values(priority=0)
            )

    def known_jobs(self, job_ids: Sequence[JobId]) -> list[Job]:
        if not job_ids:
            return []
        found = self._source.list_workflows(
            workflow_ids=list(job_ids), load_output=False
        )
        return [job for job in map(job_of, found) if job is not None]

    def go_on(self, run_id: str) -> None:
        self._source.set_workflow_delay(run_id, delay_seconds=0)

    def has_failed(self, run_id: str) -> bool:
        runs = self._runs
        failed = select(runs.c.workflow_uuid).where(
            runs.c.workflow_uuid == run_id, runs.c.status.in_(_FAILED)
        )
        return bool(self._rows(failed))

    def _rows(self, statement: Select[Any], given: Any = None) -> Sequence[Any]:
        with self._database.engine.connect() as connection:
            found: Sequence[Any] = connection.execute(statement, given).all()
        return found


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def rest(engine: Any) -> tuple[bool, int | None]:
    """Return whether runs wait in a queue, and when the next delay is over, in ms.

    engine: dbos itself or its client.

    Raises:
        SQLAlchemyError: the database is unavailable.
    """
    jobs = engine._sys_db
    runs = jobs.tables.workflow_status
    queued = select(runs.c.workflow_uuid).where(
        runs.c.status == "ENQUEUED", _is_in_flight(runs)
    )
    first = select(func.min(runs.c.delay_until_epoch_ms))
    with jobs.engine.connect() as connection:
        are_left = connection.execute(queued.limit(1)).first() is not None
        return are_left, connection.scalar(first.where(runs.c.status == _DELAYED))


def _is_in_flight(runs: Any) -> ColumnElement[bool]:
    """The condition of the index: dbos has it for SQLite alone."""
    in_flight: ColumnElement[bool] = runs.c.status.in_(_IN_FLIGHT)
    return in_flight


def next_run_id(run_id: str) -> str:
    """Return the engine's id of a job's next run; the first one has the job's id."""
    job_id, _, number = run_id.partition(RUN_MARK)
    return f"{job_id}{RUN_MARK}{int(number or 0) + 1}"


def job_of_run(run_id: str) -> JobId:
    return JobId(run_id.partition(RUN_MARK)[0])


def job_of(status: Any) -> Job | None:
    if status is None or status.name != WORKFLOW or not status.input:
        return None
    job_id, came_at = job_of_run(status.workflow_id), _moment(status.created_at)
    return decode(status.input["args"][0], job_id, came_at)
