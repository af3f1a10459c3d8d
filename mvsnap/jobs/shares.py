"""Counts what waits, by caller: jobs of all processes, requests of this one."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from mvsnap.clock import Clock
from mvsnap.core.amounts import amount, noun
from mvsnap.core.shares import is_within_share
from mvsnap.domain import Job, TriggerKind
from mvsnap.errors import OverShare, QueueFull
from mvsnap.metrics import Metrics

_COUNT_EVERY_S = 1.0
# Counting uses at most one twentieth of the time.
_COUNT_SHARE = 20
_AGAIN_S = 10


class CountsWaiting(Protocol):
    """The part of the engine that this needs."""

    def waiting(self, at_most: int) -> Counter[str]: ...


class JobShares:
    """Counted in the store, for all processes; a long queue is counted less often.

    What this process accepts between two counts is added.
    """

    def __init__(
        self, engine: CountsWaiting, clock: Clock, metrics: Metrics, size: int
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._metrics = metrics
        self._size = size
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._count_at = float("-inf")
        self._waiting: Counter[str] = Counter()

    def backlog(self) -> int:
        """Return how many jobs wait."""
        # One caller counts; the others use the last number meanwhile.
        if self._clock.monotonic() >= self._count_at and self._counting.acquire(False):
            try:
                self._count()
            finally:
                self._counting.release()
        with self._lock:
            return self._waiting.total()

    def reserve(self, job: Job) -> None:
        """Take a place for the job.

        Raises:
            QueueFull: there is none. OverShare: none for this caller.
        """
        self.require(job.counts_for, job.trigger.kind, takes=1)

    def take(self, job: Job) -> None:
        """Count the job, whether or not there is a place for it."""
        with self._lock:
            self._waiting[job.counts_for] += 1

    def require(self, caller: str, kind: TriggerKind, *, takes: int = 0) -> None:
        """Raise as `reserve` does; else count as many as it takes."""
        self.backlog()
        with self._lock:
            own, total = self._waiting[caller], self._waiting.total()
            if is_within_share(own, total, self._size):
                self._waiting[caller] += takes
                return
        if total >= self._size:
            self._metrics.triggers.labels(kind, "refused").inc()
            are = noun(self._size, "is", "are")
            raise QueueFull(
                f"{amount(self._size, 'job')} {are} already waiting (server.queue_size)"
            )
        self._metrics.triggers.labels(kind, "over_share").inc()
        raise OverShare(
            f"{_of_caller(own)}; {_for_others(self._size - total)} (server.queue_size)",
            retry_after_s=_AGAIN_S,
        )

    def _count(self) -> None:
        began = self._clock.monotonic()
        waiting = self._engine.waiting(self._size)
        ended = self._clock.monotonic()
        self._count_at = ended + max(_COUNT_EVERY_S, _COUNT_SHARE * (ended - began))
        with self._lock:
            self._waiting = waiting


def _of_caller(jobs: int) -> str:
    if jobs == 1:
        return "1 job of this caller is already waiting"
    return f"{jobs} jobs of this caller are already waiting"


def _for_others(places: int) -> str:
    if places == 1:
        return "the other place is for others"
    return f"the other {places} places are for others"


class WaitingRequests:
    """Requests of this process that hold a thread while they wait.

    size: so many may, that most threads stay free; one caller has its share of them.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._waiting: Counter[str] = Counter()

    @contextmanager
    def place(self, caller: str) -> Iterator[bool]:
        """Hold a place for the length of the block; False: there is none."""
        with self._lock:
            own, total = self._waiting[caller], self._waiting.total()
            has_place = is_within_share(own, total, self._size)
            self._waiting[caller] += has_place
        try:
            yield has_place
        finally:
            with self._lock:
                self._waiting[caller] -= has_place
                self._waiting += Counter()  # forgets who does not wait
