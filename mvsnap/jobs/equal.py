"""Equal triggers: a stuck button's many requests become one waiting job, counted.

Equal are requests of the same caller for the same cameras, rooms and prefix that name
no moment of their own and no Idempotency-Key. They join a job only while it waits and
has never begun, and within a minute of its first request: its picture shows that
moment.

What was counted is on disk before it is answered, and a job reads its count once, when
it begins. It may begin between the two looks of `join`; then either it has read the
count, or the request is taken back and becomes a job of its own.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol

from mvsnap.clock import Clock, ClockSettings
from mvsnap.domain import Job, JobId
from mvsnap.store.repeats import RepeatStore
from mvsnap.store.time_limits import having_waited

_WITHIN = timedelta(minutes=1)
_TURNS = 16
_TURN_S = 2.0


class WaitingJobs(Protocol):
    """The parts of the engine that this needs."""

    def job(self, job_id: JobId) -> Job | None: ...

    def waiting_equal(self, equal: str) -> JobId | None: ...


def mark_of(job: Job) -> str:
    """Return the same text for equal jobs, "" for one that is like no other."""
    if job.at or job.about or job.clips or job.picture_url or not job.serials:
        return ""
    what = [job.counts_for, sorted(job.serials), sorted(job.rooms), job.prefix]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]


class EqualTriggers:
    def __init__(self, engine: WaitingJobs, repeats: RepeatStore, clock: Clock) -> None:
        self._engine = engine
        self._repeats = repeats
        self._clock = clock
        # An hour that somebody sets the clock by is no hour that passed.
        self._settings = ClockSettings()
        self._settings.nows(clock.now(), clock.monotonic())
        self._turns = [threading.Lock() for _ in range(_TURNS)]

    @contextmanager
    def turn(self, equal: str) -> Iterator[None]:
        """Let equal triggers of this process be accepted one after the other.

        Otherwise each of a burst would find no waiting job, and make one.
        """
        if not equal:
            yield
            return
        lock = self._turns[int(equal, 16) % _TURNS]
        since_s = time.monotonic()
        has_turn = lock.acquire(timeout=_TURN_S)
        try:
            with having_waited(time.monotonic() - since_s):
                yield
        finally:
            if has_turn:
                lock.release()

    def join(self, equal: str) -> Job | None:
        """Count one more request for the job that waits; None: it needs its own."""
        job_id = self._engine.waiting_equal(equal) if equal else None
        job = self._engine.job(job_id) if job_id else None
        if job is None or self._age(job) > _WITHIN:
            return None
        if not self._repeats.add(job.id, self._clock.now()):
            return None  # it has begun
        still_waits = self._engine.waiting_equal(equal) == job.id
        return job if still_waits or not self._repeats.take_back(job.id) else None

    def _age(self, job: Job) -> timedelta:
        now, now_s = self._clock.now(), self._clock.monotonic()
        return self._settings.age(job.accepted_at, now, now_s)


class RunningEqual:
    """The marks of the jobs that this process has started, one job each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._marks: dict[str, JobId] = {}
        self._of_job: dict[JobId, str] = {}

    def add(self, equal: str, job_id: JobId) -> bool:
        """Return whether it is the first; one that is not has to wait."""
        with self._lock:
            if self._marks.setdefault(equal, job_id) != job_id:
                return False
            self._of_job[job_id] = equal
            return True

    def remove(self, job_id: JobId) -> None:
        with self._lock:
            equal = self._of_job.pop(job_id, None)
            if equal is not None:
                del self._marks[equal]
