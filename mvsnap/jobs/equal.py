"""Equal triggers: a stuck button's many requests become one waiting job, counted.

Equal are requests of the same caller for the same cameras, rooms and prefix that name
no moment of their own and no Idempotency-Key. They join a job only while it waits and
has never begun, and within a minute of its first request: its picture shows that
moment.

What was counted is on disk before it is answered, and a job reads its count once, when
it begins. It may begin between the two looks of `_join`; then either it has read the
count, or the request is taken back and becomes a job of its own.

Those that come while others are counted wait as a group: one of them counts them all,
in one transaction, and each is answered after its commit.
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

from msgspec import Struct

from mvsnap.clock import Clock, ClockSettings
from mvsnap.domain import Job, JobId
from mvsnap.sqlite_errors import SILENT, reason
from mvsnap.store.database import OUTAGES
from mvsnap.store.repeats import RepeatStore
from mvsnap.store.time_limits import DatabaseAway, having_waited

_WITHIN = timedelta(minutes=1)
_TURNS = 16
_TURN_S = 2.0
# More than the first of a group can wait: for its turn, then three times for a store.
_GROUP_S = 30.0


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


class Joined(Struct, frozen=True):
    """The waiting job that a request has joined, triggered `times` so far."""

    job: Job
    times: int


class _Group:
    """Equal requests of this process that are counted together."""

    def __init__(self) -> None:
        self.many = 1
        self.joined: Joined | None = None
        self.failure: Exception | None = None
        self._decided = threading.Event()

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """Tell the others what became of the first: also that it could not be stored.

        Otherwise each would wait in vain for the same store, one after the other.
        """
        try:
            yield
        except OUTAGES as exc:
            self.failure = exc
            raise
        finally:
            self._decided.set()

    def join(self, joined: Joined) -> None:
        self.joined = joined
        self._decided.set()

    def wait(self) -> Joined | None:
        """Return what they have joined, None if each has to try again.

        Raises:
            DatabaseAway: nothing could be stored.
        """
        if not self._decided.wait(_GROUP_S):
            raise DatabaseAway(SILENT)
        if self.failure is not None:
            raise DatabaseAway(reason(self.failure)) from self.failure
        return self.joined


class EqualTriggers:
    def __init__(self, engine: WaitingJobs, repeats: RepeatStore, clock: Clock) -> None:
        self._engine = engine
        self._repeats = repeats
        self._clock = clock
        # An hour that somebody sets the clock by is no hour that passed.
        self._settings = ClockSettings()
        self._settings.nows(clock.now(), clock.monotonic())
        self._turns = [threading.Lock() for _ in range(_TURNS)]
        self._lock = threading.Lock()
        self._groups: dict[str, _Group] = {}
        # The job that waited last, of each turn, and its mark.
        self._jobs: dict[int, tuple[str, Job]] = {}

    @contextmanager
    def joining(self, equal: str) -> Iterator[Joined | None]:
        """Count one more request for the job that waits.

        The block submits a job of its own if there is none, while equal requests of
        this process wait: otherwise each of a burst would make one.

        Raises:
            DatabaseAway, SQLAlchemyError: nothing was accepted.
        """
        if not equal:
            yield None
            return
        since_s = time.monotonic()
        while True:
            group, is_first = self._enter(equal)
            if is_first:
                with self._turn(equal, since_s), group.deciding():
                    yield self._decide(equal, group)
                return
            joined = group.wait()
            if joined is not None:
                yield joined
                return

    def _enter(self, equal: str) -> tuple[_Group, bool]:
        """Return the group that waits, and whether it is a new one."""
        with self._lock:
            group = self._groups.get(equal)
            if group is None:
                group = self._groups[equal] = _Group()
                return group, True
            group.many += 1
            return group, False

    @contextmanager
    def _turn(self, equal: str, since_s: float) -> Iterator[None]:
        """Let groups of equal triggers be accepted one after the other.

        since_s: when the request began to wait; all its waits are one.
        """
        lock = self._turns[_turn_of(equal)]
        left_s = since_s + _TURN_S - time.monotonic()
        has_lock = lock.acquire(timeout=max(left_s, 0))
        try:
            with having_waited(time.monotonic() - since_s):
                yield
        finally:
            if has_lock:
                lock.release()

    def _decide(self, equal: str, group: _Group) -> Joined | None:
        with self._lock:
            del self._groups[equal]  # whoever comes from now on is counted by the next
        joined = self._join(equal, group.many)
        if joined is not None:
            group.join(joined)
        return joined

    def _join(self, equal: str, many: int) -> Joined | None:
        """Count so many for the job that waits; None: they need one of their own."""
        turn = _turn_of(equal)
        known = self._last(equal)
        # Nearly always it still waits. That is asked after the count in any case;
        # before it, that would be one more read for everybody.
        if known is not None:
            if joined := self._count(known, equal, many):
                return joined
            self._jobs.pop(turn, None)
        job_id = self._engine.waiting_equal(equal)
        if job_id is None or (known is not None and job_id == known.id):
            return None
        job = self._engine.job(job_id)
        if job is None:
            return None
        self._jobs[turn] = equal, job
        return self._count(job, equal, many)

    def _count(self, job: Job, equal: str, many: int) -> Joined | None:
        if self._age(job) > _WITHIN:
            return None
        times = self._repeats.add(job.id, self._clock.now(), many)
        if times is None:
            return None  # it has begun
        still_waits = self._engine.waiting_equal(equal) == job.id
        if still_waits or not self._repeats.take_back(job.id, many):
            return Joined(job, 1 + times)
        return None

    def _last(self, equal: str) -> Job | None:
        mark, job = self._jobs.get(_turn_of(equal), ("", None))
        return job if mark == equal else None

    def _age(self, job: Job) -> timedelta:
        now, now_s = self._clock.now(), self._clock.monotonic()
        return self._settings.age(job.accepted_at, now, now_s)


def _turn_of(equal: str) -> int:
    return int(equal, 16) % _TURNS


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
