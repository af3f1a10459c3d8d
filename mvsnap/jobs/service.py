"""Jobs as the triggers see them: accept one, read its progress, wait for it."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event

from msgspec import Struct

from mvsnap.clock import Clock
from mvsnap.core.progress import JobProgress, begun_again, given_up, job_progress
from mvsnap.domain import (
    CameraName,
    EventId,
    Job,
    JobId,
    JobState,
    Serial,
    Trigger,
)
from mvsnap.errors import QueueFull
from mvsnap.jobs.clip_requests import ask_for_clips
from mvsnap.jobs.codec import decode
from mvsnap.jobs.engine_interface import Engine
from mvsnap.jobs.equal import EqualTriggers, Joined, mark_of
from mvsnap.jobs.progress import stored_progress
from mvsnap.jobs.shares import JobShares, WaitingRequests
from mvsnap.logs.job import about, accepted
from mvsnap.metrics import Metrics
from mvsnap.sqlite_errors import reason
from mvsnap.store.clips import ClipStore
from mvsnap.store.database import OUTAGES
from mvsnap.store.events import Store
from mvsnap.store.job_states import JobStage, JobStateStore
from mvsnap.store.repeats import RepeatStore
from mvsnap.values import replace

log = logging.getLogger(__name__)

# Any fixed UUID: the same idempotency key must give the same job id.
_NAMESPACE = uuid.UUID("0d9a8f5e-6f5d-4f6a-8a44-6f6d76736e61")
_POLL_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What a trigger asks for; becomes a `Job` once accepted."""

    trigger: Trigger
    serials: tuple[Serial, ...]
    at: datetime | None = None
    rooms: tuple[str, ...] = ()
    prefix: str = ""
    about: EventId | None = None
    clips: tuple[CameraName, ...] = ()
    pre_roll_s: float | None = None
    post_roll_s: float | None = None
    picture_url: str | None = field(default=None, repr=False)
    caller: str = ""
    idempotency_key: str | None = None
    camera_rooms: tuple[tuple[str, tuple[str, ...]], ...] = ()
    rule: str = ""

    def job_id(self) -> JobId:
        """Return an id: the same key of the same caller gives the same job."""
        if self.idempotency_key is None:
            return JobId(str(uuid.uuid4()))
        # Two callers may choose the same key; each has its own jobs.
        name = f"{self.trigger.by}\n{self.idempotency_key}"
        return JobId(str(uuid.uuid5(_NAMESPACE, name)))

    def job(self, job_id: JobId, now: datetime) -> Job:
        return Job(
            id=job_id,
            accepted_at=now,
            trigger=self.trigger,
            serials=self.serials,
            at=self.at,
            rooms=self.rooms,
            prefix=self.prefix,
            about=self.about,
            clips=self.clips,
            pre_roll_s=self.pre_roll_s,
            post_roll_s=self.post_roll_s,
            picture_url=self.picture_url,
            caller=self.caller,
            camera_rooms=self.camera_rooms,
            rule=self.rule,
        )


class _Accepted(Struct, frozen=True):
    """What became of a request; is_new: the job is its own, and begins now."""

    job: Job
    is_new: bool
    joined: Joined | None = None

    def nothing_yet(self) -> JobProgress:
        """Return the progress of a job that has not begun: nothing has to be read."""
        times = self.joined.times if self.joined else 1
        return job_progress(replace(self.job, times=times), (), {})


class Finished:
    """Lets a request wait for a job that runs in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters: dict[JobId, list[Event]] = {}
        self._is_ending = False

    @contextmanager
    def expecting(self, job_id: JobId) -> Iterator[Event]:
        waiter = Event()
        with self._lock:
            self._waiters.setdefault(job_id, []).append(waiter)
            if self._is_ending:
                waiter.set()
        try:
            yield waiter
        finally:
            with self._lock:
                self._waiters[job_id].remove(waiter)
                if not self._waiters[job_id]:
                    del self._waiters[job_id]

    def wake_all(self) -> None:
        """Let no request wait any more, because the process is about to stop."""
        with self._lock:
            self._is_ending = True
            waiting = [one for each in self._waiters.values() for one in each]
        for waiter in waiting:
            waiter.set()

    def notify(self, job_id: JobId) -> None:
        with self._lock:
            waiters = list(self._waiters.get(job_id, ()))
        for waiter in waiters:
            waiter.set()


class JobService:
    """finished: given when jobs run in this process, else the store is polled.

    max_waiting: how many requests may wait at once; any more, or too many of one
        caller, are answered immediately, so that waiting never occupies all threads of
        the server.
    on_clips: called when clips were requested.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        clips: ClipStore,
        repeats: RepeatStore,
        states: JobStateStore,
        clock: Clock,
        metrics: Metrics,
        *,
        queue_size: int,
        max_waiting: int,
        finished: Finished | None = None,
        on_clips: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._store = store
        self._clips = clips
        self._clock = clock
        self._metrics = metrics
        self._repeats = repeats
        self._states = states
        self._shares = JobShares(engine, clock, metrics, queue_size)
        self._equal = EqualTriggers(engine, repeats, clock)
        self._finished = finished
        self._on_clips = on_clips
        self._waiting = WaitingRequests(max_waiting)

    def accept(self, request: JobRequest, *, is_limited: bool = True) -> Job:
        """Store the job durably and return it.

        is_limited: False where `require_room` was asked.

        Raises:
            QueueFull: nothing was accepted.
        """
        job_id = request.job_id()
        return self._accept(request, job_id, is_limited=is_limited).job

    def require_room(self, requests: Sequence[JobRequest]) -> None:
        """Refuse what belongs together as a whole, unless some of it was accepted.

        Raises:
            QueueFull: there is no room for the first.
        """
        job = requests[0].job(requests[0].job_id(), self._clock.now())
        try:
            self._shares.require(job.counts_for, job.trigger.kind)
        except QueueFull:
            if not any(self.known(one.job_id()) for one in requests):
                raise

    def submit(self, job: Job) -> None:
        """Store a job that has its id already; a known id changes nothing.

        Raises:
            QueueFull: it was not accepted.
        """
        self._store.require_database()
        self._join_or_hand_in(job, mark_of(job))

    def submit_or_drop(self, job: Job) -> None:
        """Submit what nobody can send again, such as a schedule's."""
        try:
            self.submit(job)
        except QueueFull as exc:
            log.error("%s: no job, %s", job.counts_for, exc.message)

    def known(self, job_id: JobId) -> Job | None:
        """Return the job as it was accepted, None if the id is unknown."""
        self._store.require_database()
        return self._engine.job(job_id)

    def accept_and_wait(self, request: JobRequest, limit_s: float) -> JobProgress:
        """Store the job durably; return its progress when it ends or time is up.

        Raises:
            QueueFull: nothing was accepted.
        """
        job_id = request.job_id()
        with self._expecting(job_id) as finished:
            accepted = self._accept(request, job_id)
            try:
                return self._waited(accepted, finished, limit_s)
            except OUTAGES as exc:
                # Whoever reads an error sends it again; and it goes on.
                log.warning("%s is not waited for: %s", accepted.job.id, reason(exc))
                return accepted.nothing_yet()

    def _waited(
        self, accepted: _Accepted, finished: Event, limit_s: float
    ) -> JobProgress:
        if accepted.is_new:
            waited = self._wait(accepted.job, finished, limit_s)
            return waited or accepted.nothing_yet()
        if accepted.joined and limit_s <= 0:
            return accepted.nothing_yet()
        return self.wait(accepted.job, limit_s)

    def wait(self, job: Job, limit_s: float) -> JobProgress:
        """Return the progress once the job is finished, or when the time is up."""
        with self._expecting(job.id) as finished:
            # It may have finished before this thread listened.
            progress = self._progress(job)
            if progress.state is not JobState.PENDING:
                return progress
            return self._wait(job, finished, limit_s) or progress

    def progress(self, job_id: JobId) -> JobProgress | None:
        """Return the progress of a job, None if there is no such job."""
        self._store.require_database()
        job = self._engine.job(job_id)
        return None if job is None else self._progress(job)

    def backlog(self) -> int:
        """Return how many jobs wait."""
        return self._shares.backlog()

    def _accept(
        self, request: JobRequest, job_id: JobId, *, is_limited: bool = True
    ) -> _Accepted:
        # The engine would wait for a lost database forever, and so would the caller.
        self._store.require_database()
        if request.idempotency_key is not None:
            known = self._engine.job(job_id)
            if known is not None:
                accepted(known.id)
                self._ask_for_clips(known)
                return _Accepted(known, is_new=False)
        job = request.job(job_id, self._clock.now())
        equal = mark_of(job) if request.idempotency_key is None else ""
        joined = self._join_or_hand_in(job, equal, is_limited=is_limited)
        if joined is not None:
            job = joined.job
        accepted(job.id)
        return _Accepted(job, is_new=joined is None, joined=joined)

    def _join_or_hand_in(
        self, job: Job, equal: str, *, is_limited: bool = True
    ) -> Joined | None:
        """Return what it has joined, None if it is a job of its own."""
        with self._equal.joining(equal) as joined:
            if joined is None:
                if is_limited:
                    self._shares.reserve(job)
                else:
                    self._shares.take(job)
                with about(job.id):
                    self._hand_in(job, equal)
            else:
                self._metrics.triggers.labels(job.trigger.kind, "coalesced").inc()
        return joined

    def _hand_in(self, job: Job, equal: str) -> None:
        self._engine.submit(job, equal)
        log.info("accepted from %s", job.counts_for)
        self._metrics.triggers.labels(job.trigger.kind, "accepted").inc()
        # Not earlier: a clip without a job would belong to no alarm. Not when the job
        # runs: by then the ring may have lost the seconds before the trigger.
        try:
            self._ask_for_clips(job)
        except OUTAGES as exc:  # it is accepted; its run asks for what is left out
            log.warning("job %s asks for its clips later: %s", job.id, reason(exc))

    def _ask_for_clips(self, job: Job) -> None:
        if job.clips:
            ask_for_clips(job, self._store, self._clips)
            self._on_clips()

    def _progress(self, job: Job) -> JobProgress:
        counted = replace(job, times=1 + self._repeats.times(job.id))
        progress = stored_progress(self._store, counted)
        if progress.state is JobState.DONE:
            return progress
        row = self._states.row(job.id)
        if row is None:
            return progress
        if row.stage is JobStage.FAILED and progress.state is JobState.PENDING:
            return given_up(progress, row.reason)
        is_again = decode(row.job, job.id, job.accepted_at).again_at is not None
        if row.stage is JobStage.WAITING and is_again:
            return begun_again(progress)
        return progress

    def _expecting(self, job_id: JobId) -> AbstractContextManager[Event]:
        return (self._finished or Finished()).expecting(job_id)

    def _wait(self, job: Job, finished: Event, limit_s: float) -> JobProgress | None:
        """Return the final progress; None without time or a free wait slot."""
        if limit_s <= 0:
            return None
        with self._waiting.place(job.counts_for) as has_place:
            return self._poll(job, finished, limit_s) if has_place else None

    def _poll(self, job: Job, finished: Event, limit_s: float) -> JobProgress:
        deadline = self._clock.monotonic() + limit_s
        # A job of this process signals its end; others are polled.
        poll_s = limit_s if self._finished else _POLL_EVERY_S
        while True:
            left_s = deadline - self._clock.monotonic()
            finished.wait(min(poll_s, max(left_s, 0)))
            progress = self._progress(job)
            if progress.state is not JobState.PENDING or left_s <= poll_s:
                return progress
