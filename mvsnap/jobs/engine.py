"""The durable engine (dbos): a job accepted here is run until it is finished.

A process with the worker role runs jobs (`WorkerEngine`); one with the web role alone
only enqueues them (`ClientEngine`). What either accepted is on disk before it returns.

Facts about dbos that shaped this module, each observed with 3.4:

* `start_workflow` begins at once, a queue only at its next poll. So a process that has
  both roles starts its jobs itself; the queue serves the other processes and deferred
  jobs.
* Work of a dead process waits until a process with the same executor id starts, so ids
  are kept in files and locked (`executors.py`), and `take_over` resumes the work of
  processes that stay silent.
* A workflow that raises is over. Ours never does: after an unexpected error the job is
  deferred.
* A partition of a queue runs one workflow at a time, if told so; a workflow that was
  started without the queue does not count. So of equal triggers at most two run.
* Without a fixed `application_version` a new release does not see the old one's work.
"""

from __future__ import annotations

import logging
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from mvsnap.clock import SystemClock
from mvsnap.domain import Job, JobId
from mvsnap.errors import EngineUnfit
from mvsnap.jobs.codec import decode, encode
from mvsnap.jobs.equal import RunningEqual
from mvsnap.jobs.finished import finished_pages
from mvsnap.jobs.retry import defer_delay_s, is_too_old
from mvsnap.jobs.waiting import (
    EQUAL_QUEUE,
    WORKFLOW,
    FirstRun,
    first_runs,
    oldest_run,
    waiting_equal,
    waiting_of_callers,
)
from mvsnap.store.database import turns, use_wal
from mvsnap.store.sqlite_file import require_sound

if TYPE_CHECKING:
    from dbos import DBOSClient, EnqueueOptions

log = logging.getLogger(__name__)

# Only change it together with a way to finish the jobs of the version before.
_VERSION = "1"
_APP = "mvsnap"
# Of dbos: one row for each workflow. A worker's first start makes it.
JOBS_TABLE = "workflow_status"
_QUEUE = "jobs"
_DEFER_RETRY_S = 30.0
# A job that a stop has deferred runs at the next start, not again in this process.
_AFTER_STOP_S = 3.0
_LAST_JOBS_S = 3
_MAX_THREADS = 64


class Engine(Protocol):
    def submit(self, job: Job, equal: str = "") -> None:
        """Accept the job durably; a known id is not run again.

        equal: the mark of what may wait for others of its kind, see `jobs.equal`.
        """

    def job(self, job_id: JobId) -> Job | None: ...

    def waiting(self, at_most: int) -> Counter[str]:
        """Count what is accepted and not finished by caller; stops at `at_most`."""

    def waiting_equal(self, equal: str) -> JobId | None:
        """Return a job with this mark that waits and has never begun."""

    def first_runs(
        self, since: datetime | None, until: datetime | None, at_most: int
    ) -> list[FirstRun]:
        """Return jobs that were never deferred, the newest first."""

    def oldest_run(self) -> datetime | None:
        """Return when the run that waits longest was stored, None if none waits."""

    def known_jobs(self, job_ids: Sequence[JobId]) -> list[Job]:
        """Return these jobs in any order, without those that are unknown."""

    def go_on(self, run_id: str) -> None:
        """Let a deferred run begin now; nothing happens to any other."""

    def run_again(self, job: Job, run_id: str) -> None:
        """Run a job that has ended once more, with what it says now.

        A known run_id is not run again.
        """

    def close(self) -> None: ...


def check_fitness() -> None:
    """Fail early and clearly where dbos would fail later.

    Raises:
        EngineUnfit: this Python with this SQLite.
    """
    if sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < (3, 42):
        raise EngineUnfit(
            f"Python {sys.version_info.major}.{sys.version_info.minor} with SQLite "
            f"{sqlite3.sqlite_version}: jobs need SQLite 3.42 or newer. "
            "Use Python 3.11, a newer system, or set database_url to a "
            "PostgreSQL database."
        )


class WorkerEngine:
    """Runs jobs in this process. Only one per process: dbos allows no second.

    run: does the job; returns None when it is finished, else the seconds to defer it.
    """

    def __init__(
        self,
        database_url: str,
        executor_id: str,
        run: Callable[[Job], float | None],
        *,
        clock: SystemClock,
        on_finished: Callable[[JobId], None] = lambda _job_id: None,
    ) -> None:
        self._url = database_url
        self._executor_id = executor_id
        self._run = run
        self._clock = clock
        self._on_finished = on_finished
        self._turn = turns(database_url)
        self._running = RunningEqual()
        self._dbos: Any = None
        self._instance: Any = None

    def launch(self) -> None:
        """Start; unfinished work of this executor id resumes at once."""
        if self._url.startswith("sqlite"):
            check_fitness()
            require_sound(self._url)
            _use_wal(self._url)
        from dbos import DBOS

        self._dbos = DBOS
        self._instance = DBOS(
            config={
                "name": _APP,
                "system_database_url": self._url,
                "application_version": _VERSION,
                "executor_id": self._executor_id,
                "serializer": _json_serializer(),
                "max_executor_threads": _MAX_THREADS,
                "log_level": "WARNING",
            }
        )
        self._register()
        DBOS.launch()
        polling_s = 1.0 if self._url.startswith("sqlite") else 0.2
        for queue, at_once in ((_QUEUE, None), (EQUAL_QUEUE, 1)):
            DBOS.register_queue(
                queue,
                partition_concurrency=at_once,
                polling_interval_sec=polling_s,
                on_conflict="always_update",
            )
        for known in DBOS.list_schedules():  # of a version before 2027
            DBOS.delete_schedule(known["schedule_name"])

    def _register(self) -> None:
        # dbos marks functions as registered, and methods cannot carry the mark.
        def run_job(text: str) -> None:
            self._workflow(text)

        register = self._dbos.workflow
        self._run_job = register(name=WORKFLOW, max_recovery_attempts=None)(run_job)

    def submit(self, job: Job, equal: str = "") -> None:
        from dbos import DBOSContextSetAuth, SetEnqueueOptions, SetWorkflowID

        text, is_first = encode(job), not equal or self._running.add(equal, job.id)
        with (
            self._turn,
            SetWorkflowID(job.id),
            DBOSContextSetAuth(job.counts_for, None),
        ):
            if not is_first:
                with SetEnqueueOptions(queue_partition_key=equal):
                    self._dbos.enqueue_workflow(EQUAL_QUEUE, self._run_job, text)
                return
            try:
                self._dbos.start_workflow(self._run_job, text)
            except BaseException:
                self._running.remove(job.id)
                raise

    def job(self, job_id: JobId) -> Job | None:
        status = self._dbos.get_workflow_status(job_id)
        return _job_of(status)

    def waiting(self, at_most: int) -> Counter[str]:
        return waiting_of_callers(self._instance, at_most)

    def waiting_equal(self, equal: str) -> JobId | None:
        return waiting_equal(self._instance, equal)

    def first_runs(
        self, since: datetime | None, until: datetime | None, at_most: int
    ) -> list[FirstRun]:
        return first_runs(self._instance, since, until, at_most)

    def oldest_run(self) -> datetime | None:
        return oldest_run(self._instance)

    def known_jobs(self, job_ids: Sequence[JobId]) -> list[Job]:
        return _jobs(self._dbos, job_ids)

    def go_on(self, run_id: str) -> None:
        with self._turn:
            self._dbos.set_workflow_delay(run_id, delay_seconds=0)

    def run_again(self, job: Job, run_id: str) -> None:
        from dbos import DBOSContextSetAuth, SetWorkflowID

        with (
            self._turn,
            SetWorkflowID(run_id),
            DBOSContextSetAuth(job.counts_for, None),
        ):
            self._dbos.enqueue_workflow(_QUEUE, self._run_job, encode(job))

    def take_over(self, dead_executor_id: str) -> int:
        """Resume the work of a dead process; return how many jobs that were."""
        left = self._dbos.list_workflows(
            executor_id=dead_executor_id,
            status="PENDING",
            load_input=False,
            load_output=False,
        )
        ids = [status.workflow_id for status in left]
        if ids:
            self._dbos.resume_workflows(ids)
        return len(ids)

    def forget_finished(self, before: datetime, *, dry_run: bool = False) -> int:
        forgotten = 0
        for many in finished_pages(self._dbos, before, dry_run=dry_run):
            forgotten += many
            if self._clock.stopped:
                break
        return forgotten

    def close(self) -> None:
        """Stop; running jobs have a few seconds to finish or be deferred."""
        if self._dbos is None:  # a signal came before `launch`
            return
        self._dbos.destroy(
            destroy_registry=True, workflow_completion_timeout_sec=_LAST_JOBS_S
        )

    def _workflow(self, text: str) -> None:
        job = decode(text)
        try:
            defer_s = self._run(job)
        except Exception:
            # Raised from here it would end the job permanently.
            log.exception("job %s failed unexpectedly", job.id)
            defer_s = self._unexpected(job)
        finally:
            self._running.remove(job.id)
        if defer_s is None:
            self._on_finished(job.id)
            return
        self._defer(job, text, defer_s)

    def _unexpected(self, job: Job) -> float | None:
        if is_too_old(job.accepted_at, self._clock):
            log.error("gave up on job %s", job.id)
            return None
        return defer_delay_s(self._clock.passed_since(job.accepted_at), None)

    def _defer(self, job: Job, text: str, defer_s: float) -> None:
        """Resume the job later, as a workflow of its own: it occupies no thread."""
        from dbos import SetEnqueueOptions, SetWorkflowID

        _, _, turn = str(self._dbos.workflow_id).partition("#")
        next_id = f"{job.id}#{int(turn or 0) + 1}"
        if self._clock.stopped:
            defer_s = max(defer_s, _AFTER_STOP_S)
        log.info("job %s deferred by %.0f s", job.id, defer_s)
        while True:
            try:
                with SetWorkflowID(next_id), SetEnqueueOptions(delay_seconds=defer_s):
                    self._dbos.enqueue_workflow(_QUEUE, self._run_job, text)
                return
            except Exception:
                # Raised from here it would end the job permanently; a full disk may be
                # freed.
                log.exception("job %s cannot be deferred; trying again soon", job.id)
                if self._clock.stopped:
                    # Longer than `close` waits: the engine can then record no end, the
                    # job stays pending, and the next start resumes it.
                    threading.Event().wait(_DEFER_RETRY_S)
                    raise
                self._clock.sleep(_DEFER_RETRY_S)


class ClientEngine:
    """Enqueues jobs for the workers in other processes; starts no thread."""

    def __init__(self, database_url: str) -> None:
        if database_url.startswith("sqlite"):
            check_fitness()
            require_sound(database_url)
            _use_wal(database_url)
        from dbos import DBOSClient

        self._turn = turns(database_url)
        self._client: DBOSClient = DBOSClient(
            system_database_url=database_url,
            serializer=_json_serializer(),
            # dbos would retry forever, and block the caller's request meanwhile.
            retry_connection_errors=False,
        )

    def submit(self, job: Job, equal: str = "") -> None:
        options = _options(job, job.id)
        if equal:
            options["queue_name"] = EQUAL_QUEUE
            options["queue_partition_key"] = equal
        with self._turn:
            self._client.enqueue(options, encode(job))

    def job(self, job_id: JobId) -> Job | None:
        found = self._client.list_workflows(workflow_ids=[job_id])
        return _job_of(found[0] if found else None)

    def waiting(self, at_most: int) -> Counter[str]:
        return waiting_of_callers(self._client, at_most)

    def waiting_equal(self, equal: str) -> JobId | None:
        return waiting_equal(self._client, equal)

    def first_runs(
        self, since: datetime | None, until: datetime | None, at_most: int
    ) -> list[FirstRun]:
        return first_runs(self._client, since, until, at_most)

    def oldest_run(self) -> datetime | None:
        return oldest_run(self._client)

    def known_jobs(self, job_ids: Sequence[JobId]) -> list[Job]:
        return _jobs(self._client, job_ids)

    def go_on(self, run_id: str) -> None:
        with self._turn:
            self._client.set_workflow_delay(run_id, delay_seconds=0)

    def run_again(self, job: Job, run_id: str) -> None:
        with self._turn:
            self._client.enqueue(_options(job, run_id), encode(job))

    def forget_finished(self, before: datetime, *, dry_run: bool = False) -> int:
        return sum(finished_pages(self._client, before, dry_run=dry_run))

    def close(self) -> None:
        self._client.destroy()


def _job_of(status: Any) -> Job | None:
    if status is None or status.name != WORKFLOW or not status.input:
        return None
    return decode(status.input["args"][0])


def _jobs(dbos: Any, job_ids: Sequence[JobId]) -> list[Job]:
    """dbos: itself or its client."""
    if not job_ids:
        return []
    found = dbos.list_workflows(workflow_ids=list(job_ids), load_output=False)
    return [job for job in map(_job_of, found) if job is not None]


def _options(job: Job, run_id: str) -> EnqueueOptions:
    return {
        "queue_name": _QUEUE,
        "workflow_name": WORKFLOW,
        "workflow_id": run_id,
        "app_version": _VERSION,
        "authenticated_user": job.counts_for,
    }


def _use_wal(url: str) -> None:
    """dbos leaves SQLite's default mode, which stops readers beside a writer."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        use_wal(connection)


def _json_serializer() -> Any:
    # dbos would pickle: unreadable for people, and a way to run code for whoever can
    # write the file.
    from dbos._serialization import DBOSPortableJSON

    return DBOSPortableJSON
