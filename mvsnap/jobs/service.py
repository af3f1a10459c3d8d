"""Jobs as the triggers see them: accept one, look at it, wait for it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from mvsnap.clock import Clock
from mvsnap.core.progress import JobProgress, job_progress
from mvsnap.domain import Job, JobId, JobState, Serial, Trigger
from mvsnap.errors import QueueFull
from mvsnap.jobs.engine import Engine
from mvsnap.metrics import Metrics
from mvsnap.store.store import Store

# Any fixed UUID: the same idempotency key must give the same job id.
_NAMESPACE = uuid.UUID("0d9a8f5e-6f5d-4f6a-8a44-6f6d76736e61")
_COUNT_EVERY_S = 1.0
_LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Wish:
    """What a trigger asks for; `Job` is the same once it was accepted."""

    trigger: Trigger
    serials: tuple[Serial, ...]
    at: datetime | None = None
    room: str | None = None
    prefix: str = ""
    idempotency_key: str | None = None


class Finished:
    """Lets a request wait for a job that runs in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters: dict[JobId, threading.Event] = {}

    @contextmanager
    def expecting(self, job_id: JobId) -> Iterator[threading.Event]:
        with self._lock:
            waiter = self._waiters.setdefault(job_id, threading.Event())
        try:
            yield waiter
        finally:
            with self._lock:
                self._waiters.pop(job_id, None)

    def tell(self, job_id: JobId) -> None:
        with self._lock:
            waiter = self._waiters.get(job_id)
        if waiter is not None:
            waiter.set()


class JobService:
    """finished: given when jobs run in this process, else the store is looked at.

    max_waiting: how many callers may wait at once; more get their answer at once, so
    that waiting never takes all threads of the server.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        clock: Clock,
        metrics: Metrics,
        *,
        queue_size: int,
        max_waiting: int,
        finished: Finished | None = None,
    ) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._queue_size = queue_size
        self._finished = finished
        self._seats = threading.BoundedSemaphore(max_waiting)
        self._lock = threading.Lock()
        self._counted_at = float("-inf")
        self._waiting = 0

    def accept(self, wish: Wish) -> Job:
        """Store the job durably and return it.

        Raises:
            QueueFull: nothing was accepted.
        """
        self._take_place(wish)
        job = Job(
            id=_job_id(wish),
            trigger=wish.trigger,
            serials=wish.serials,
            accepted_at=self._clock.now(),
            at=wish.at,
            room=wish.room,
            prefix=wish.prefix,
        )
        if wish.idempotency_key is not None:
            known = self._engine.job(job.id)
            if known is not None:
                return known
        self._engine.submit(job)
        self._metrics.triggers.labels(wish.trigger.kind, "accepted").inc()
        return job

    def progress(self, job_id: JobId) -> JobProgress | None:
        """Return how far a job is, None when there is no such job."""
        job = self._engine.job(job_id)
        return None if job is None else self._progress(job)

    def wait(self, job: Job, limit_s: float) -> JobProgress:
        """Return the progress once the job is finished, or when the time is up."""
        if limit_s <= 0 or not self._seats.acquire(blocking=False):
            return self._progress(job)
        try:
            return self._wait(job, limit_s)
        finally:
            self._seats.release()

    def backlog(self) -> int:
        """Return how many jobs wait, at most a second old; stops counting when full."""
        with self._lock:
            if self._clock.monotonic() - self._counted_at > _COUNT_EVERY_S:
                self._waiting = self._engine.waiting(self._queue_size)
                self._counted_at = self._clock.monotonic()
                self._metrics.backlog.set(self._waiting)
            return self._waiting

    def _take_place(self, wish: Wish) -> None:
        if self.backlog() >= self._queue_size:
            self._metrics.triggers.labels(wish.trigger.kind, "refused").inc()
            raise QueueFull(
                f"{self._queue_size} jobs are waiting already (server.queue_size)"
            )
        with self._lock:
            self._waiting += 1

    def _wait(self, job: Job, limit_s: float) -> JobProgress:
        deadline = self._clock.monotonic() + limit_s
        with (self._finished or Finished()).expecting(job.id) as finished:
            # It may have finished before anybody listened.
            progress = self._progress(job)
            while progress.state is JobState.PENDING:
                left_s = deadline - self._clock.monotonic()
                if left_s <= 0:
                    break
                look_s = left_s if self._finished else min(_LOOK_EVERY_S, left_s)
                finished.wait(look_s)
                progress = self._progress(job)
        return progress

    def _progress(self, job: Job) -> JobProgress:
        return job_progress(
            job,
            self._store.events_of_job(job.id),
            self._store.deliveries_of_job(job.id),
        )


def _job_id(wish: Wish) -> JobId:
    if wish.idempotency_key is None:
        return JobId(str(uuid.uuid4()))
    # Two callers may choose the same key; each has its own jobs.
    name = f"{wish.trigger.by}\n{wish.idempotency_key}"
    return JobId(str(uuid.uuid5(_NAMESPACE, name)))
