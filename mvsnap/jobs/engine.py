"""The durable engine (dbos): a job accepted here is run until it is finished.

A process with the worker role runs jobs (`WorkerEngine`); one with the web role alone
only enqueues them (`ClientEngine`). What either accepted is on disk before it returns.

Facts about dbos that shaped this module, each observed with 3.4:

* `start_workflow` begins at once, a queue only at its next poll. So a process that has
  both roles starts its jobs itself; the queue serves other processes and deferred jobs.
* It polls all the time; on SQLite we look for it (`engine_rounds.py`).
* Work of a dead process waits until a process with the same executor id starts, so ids
  are kept in files and locked (`executors.py`), and `take_over` resumes the work of
  processes that stay silent.
* A workflow that raises is over. Ours never does: after an unexpected error the job is
  deferred.
* A queue gives what is first by priority and then by age. Without a limit a poll takes
  all there is, and what a process took waits in its memory behind all of that.
* A partition of a queue runs one workflow at a time, if told so; a workflow that was
  started without the queue does not count. So of equal triggers at most two run.
* Without a fixed `application_version` a new release does not see the old one's work.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mvsnap.clock import SystemClock
from mvsnap.core.amounts import amount
from mvsnap.domain import Job, JobId
from mvsnap.errors import OfNewerRelease
from mvsnap.jobs import run_errors
from mvsnap.jobs.codec import encode
from mvsnap.jobs.deferrals import Deferrals
from mvsnap.jobs.engine_end import let_jobs_end
from mvsnap.jobs.engine_fitness import check_fitness
from mvsnap.jobs.engine_import import import_engine
from mvsnap.jobs.engine_rounds import quiet, rounds_for
from mvsnap.jobs.equal import RunningEqual
from mvsnap.jobs.finished import finished_pages
from mvsnap.jobs.records import KeepsRecords
from mvsnap.jobs.retry import defer_delay_s, is_too_old
from mvsnap.jobs.turns import JobPlaces, Turns, newest_first
from mvsnap.jobs.waiting import (
    EQUAL_QUEUE,
    LATER_QUEUE,
    QUEUE,
    WORKFLOW,
    KnownJobs,
    job_of,
    job_of_run,
    next_run_id,
)
from mvsnap.jobs.waits import Wait
from mvsnap.logs.job import about
from mvsnap.sqlite_errors import reason
from mvsnap.store.database import OUTAGES
from mvsnap.store.pools import Pool, open_jobs, that_waits
from mvsnap.store.sqlite_file import require_sound
from mvsnap.store.time_limits import MIGRATION, with_limits
from mvsnap.texts.channel_wordings import NEWER_RELEASE
from mvsnap.texts.wording import Reason

if TYPE_CHECKING:
    from dbos import EnqueueOptions

log = logging.getLogger(__name__)

# Only change it together with a way to finish the jobs of the version before.
_VERSION = "1"
_APP = "mvsnap"
# Of dbos: one row for each workflow. A worker's first start makes it.
JOBS_TABLE = "workflow_status"
_DEFER_RETRY_S = 30.0
_PLACES = JobPlaces.of(48)
# A job that a stop has deferred runs at the next start, not again in this process.
_AFTER_STOP_S = 3.0
_LAST_JOBS_S = 3


class WorkerEngine(KnownJobs):
    """Runs jobs in this process. Only one per process: dbos allows no second.

    run: does the job; returns None when it is finished, else what it waits for.
    records: keeps what it waits for, or how it ended.
    pool: connections to use; default: some of its own.
    places: how many jobs it works at.
    """

    def __init__(
        self,
        database_url: str,
        executor_id: str,
        run: Callable[[Job], Wait | None],
        *,
        records: KeepsRecords,
        clock: SystemClock,
        on_finished: Callable[[Job], None] = lambda _job: None,
        pool: Pool | None = None,
        places: JobPlaces = _PLACES,
    ) -> None:
        self._url = database_url
        self._places = places
        self._executor_id = executor_id
        self._run = run
        self._records = records
        self._turns = Turns()
        self._deferrals = Deferrals()
        self._clock = clock
        self._on_finished = on_finished
        self._shared = pool
        self._running = RunningEqual()
        self._dbos: Any = None
        self._source: Any = None

    def launch(self) -> None:
        """Start; unfinished work of this executor id resumes at once."""
        if self._url.startswith("sqlite"):
            check_fitness()
            require_sound(self._url)
        self._dbos = dbos = import_engine(self._url).DBOS
        self._pool = self._shared or open_jobs(self._url)
        self._source = dbos(
            config={
                "name": _APP,
                "system_database_engine": that_waits(self._pool, self._clock),
                "application_version": _VERSION,
                "executor_id": self._executor_id,
                "serializer": _json_serializer(),
                "max_executor_threads": self._places.most,
                "log_level": "WARNING",
            }
        )
        self._register()
        rounds = rounds_for(self._pool, self._clock)
        with with_limits(MIGRATION), quiet(rounds):
            dbos.launch()
        queues = self._register_queues()
        if rounds is not None:
            rounds.serve(queues)
        for known in dbos.list_schedules():  # of a version before 2027
            dbos.delete_schedule(known["schedule_name"])

    def _register(self) -> None:
        # dbos marks functions as registered, and methods cannot carry the mark.
        def run_job(text: str) -> None:
            self._workflow(text)

        register = self._dbos.workflow
        self._run_job = register(name=WORKFLOW, max_recovery_attempts=None)(run_job)

    def _register_queues(self) -> list[Any]:
        polling_s = 1.0 if self._url.startswith("sqlite") else 0.2
        return [
            self._dbos.register_queue(
                queue,
                partition_concurrency=of_partition,
                worker_concurrency=threads,
                polling_interval_sec=polling_s,
                on_conflict="always_update",
            )
            for queue, of_partition, threads in (
                (QUEUE, None, self._places.queue),
                (LATER_QUEUE, None, self._places.later),
                (EQUAL_QUEUE, 1, self._places.equal),
            )
        ]

    def submit(self, job: Job, equal: str = "") -> None:
        from dbos import DBOSContextSetAuth, SetEnqueueOptions, SetWorkflowID

        text, is_first = encode(job), not equal or self._running.add(equal, job.id)
        with (
            SetWorkflowID(job.id),
            DBOSContextSetAuth(job.counts_for, None),
        ):
            if not is_first:
                with SetEnqueueOptions(queue_partition_key=equal):
                    self._dbos.enqueue_workflow(EQUAL_QUEUE, self._run_job, text)
                return
            try:
                self._begin(job, text)
            except BaseException:
                self._running.remove(job.id)
                raise

    def _begin(self, job: Job, text: str) -> None:
        """Start the job, or let it wait in the queue while too many run."""
        from dbos import SetEnqueueOptions

        if not self._turns.start(job.id, self._places.at_once):
            with SetEnqueueOptions(priority=newest_first(job.accepted_at)):
                self._dbos.enqueue_workflow(QUEUE, self._run_job, text)
            return
        try:
            self._dbos.start_workflow(self._run_job, text)
        except BaseException:
            self._turns.end(job.id)
            raise

    def let_oldest_begin(self) -> None:
        """Of the jobs in the queue, let as many old ones begin as new ones have."""
        many = self._turns.owed()
        if many:
            self.put_oldest_first(many)

    def job(self, job_id: JobId) -> Job | None:
        status = self._dbos.get_workflow_status(job_id)
        return job_of(status)

    def run_again(self, job: Job, run_id: str) -> None:
        from dbos import DBOSContextSetAuth, SetWorkflowID

        with (
            SetWorkflowID(run_id),
            DBOSContextSetAuth(job.counts_for, None),
        ):
            self._dbos.enqueue_workflow(QUEUE, self._run_job, encode(job))

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
            # Not in the engine's own queue: it would give all of them threads at once,
            # and what comes now would wait behind them.
            self._dbos.resume_workflows(ids, queue_name=LATER_QUEUE)
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
        left_s = let_jobs_end(self._source, _LAST_JOBS_S, self._clock)
        self._dbos.destroy(
            destroy_registry=True, workflow_completion_timeout_sec=left_s
        )
        if self._shared is None:
            self._pool.dispose()

    def _workflow(self, text: str) -> None:
        run_id = str(self._dbos.workflow_id)
        job = self.read(text, job_of_run(run_id), self._clock.now())
        with about(job.id):
            self._work(job, text, run_id)

    def _work(self, job: Job, text: str, run_id: str) -> None:
        self._turns.begins(job.id)
        try:
            wait = self._run(_require_read(job))
            if wait is None:
                self._records.ended(job, run_id)
        except Exception as exc:  # noqa: BLE001 - raised from here it would end the job
            wait = self._unexpected(job, run_id, run_errors.said(job.id, exc))
        finally:
            self._running.remove(job.id)
        try:
            if wait is None:
                took_s = self._clock.passed_since(job.accepted_at).total_seconds()
                times = self._deferrals.end(job.id)
                often = f", deferred {amount(times, 'time')}" if times else ""
                log.info("finished after %.1f s%s", took_s, often)
                self._on_finished(job)
            else:
                self._defer(job, text, wait, next_run_id(run_id))
        finally:
            self._turns.end(job.id)

    def _unexpected(self, job: Job, run_id: str, why: Reason) -> Wait | None:
        if is_too_old(job.again_at or job.accepted_at, self._clock):
            try:
                self._records.gave_up(job, run_id, why)
            except OUTAGES as exc:  # nobody would ever hear of it
                log.warning("job %s cannot be given up: %s", job.id, reason(exc))
            else:
                log.error("gave up on job %s", job.id)
                return None
        age = self._clock.passed_since(job.again_at or job.accepted_at)
        return Wait(defer_delay_s(age, None), why=why)

    def _defer(self, job: Job, text: str, wait: Wait, next_id: str) -> None:
        """Resume the job later, as a workflow of its own: it occupies no thread."""
        from dbos import SetEnqueueOptions, SetWorkflowID

        delay_s = wait.delay_s
        if self._clock.stopped:
            delay_s = max(delay_s, _AFTER_STOP_S)
        if self._deferrals.is_news(job.id, wait):
            log.info("job %s deferred by %.0f s at most", job.id, delay_s)
        while True:
            try:
                # First, so that a job with the engine is never without its row.
                if not self._records.waits(job, next_id, wait):
                    log.info("job %s has ended in another process", job.id)
                    return
                priority = newest_first(job.accepted_at)
                later = SetEnqueueOptions(delay_seconds=delay_s, priority=priority)
                with SetWorkflowID(next_id), later:
                    self._dbos.enqueue_workflow(LATER_QUEUE, self._run_job, text)
                return
            except Exception as exc:
                # Raised from here it would end the job permanently; a full disk may be
                # freed.
                trace = None if isinstance(exc, OUTAGES) else exc
                said = "job %s cannot be deferred; trying again soon: %s"
                log.error(said, job.id, reason(exc), exc_info=trace)
                if self._clock.stopped:
                    # Longer than `close` waits: the engine can then record no end, the
                    # job stays pending, and the next start resumes it.
                    threading.Event().wait(_DEFER_RETRY_S)
                    raise
                self._clock.sleep(_DEFER_RETRY_S)


class ClientEngine(KnownJobs):
    """Enqueues jobs for the workers in other processes; starts no thread."""

    def __init__(self, database_url: str, pool: Pool | None = None) -> None:
        if database_url.startswith("sqlite"):
            check_fitness()
            require_sound(database_url)
        dbos = import_engine(database_url)
        self._own = open_jobs(database_url) if pool is None else None
        self._source = self._client = dbos.DBOSClient(
            system_database_engine=pool or self._own,
            serializer=_json_serializer(),
            # dbos would retry forever, and block the caller's request meanwhile.
            retry_connection_errors=False,
        )

    def submit(self, job: Job, equal: str = "") -> None:
        options = _options(job, job.id)
        if equal:
            options["queue_partition_key"] = equal
            if self.has_equal(equal):
                options["queue_name"] = EQUAL_QUEUE
        self._client.enqueue(options, encode(job))

    def job(self, job_id: JobId) -> Job | None:
        found = self._client.list_workflows(workflow_ids=[job_id])
        return job_of(found[0] if found else None)

    def run_again(self, job: Job, run_id: str) -> None:
        self._client.enqueue(_options(job, run_id), encode(job))

    def forget_finished(self, before: datetime, *, dry_run: bool = False) -> int:
        return sum(finished_pages(self._client, before, dry_run=dry_run))

    def close(self) -> None:
        self._client.destroy()
        if self._own is not None:
            self._own.dispose()


def _require_read(job: Job) -> Job:
    if job.unread:
        raise OfNewerRelease(NEWER_RELEASE())
    return job


def _options(job: Job, run_id: str) -> EnqueueOptions:
    return {
        "queue_name": QUEUE,
        "workflow_name": WORKFLOW,
        "workflow_id": run_id,
        "app_version": _VERSION,
        "authenticated_user": job.counts_for,
        "priority": newest_first(job.again_at or job.accepted_at),
    }


def _json_serializer() -> Any:
    # dbos would pickle: unreadable for people, and a way to run code for whoever can
    # write the file.
    from dbos._serialization import DBOSPortableJSON

    return DBOSPortableJSON
