"""Whose turn it is among new jobs: they begin at once while few run.

The others wait in the queue, which gives the newest first; for each of those that
begins from there, the oldest one begins, too.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from msgspec import Struct

from mvsnap.domain import JobId

# The engine begins with the smallest number; 0 is before all others.
_LARGEST = 2**31 - 1
_YEAR_2020 = datetime(2020, 1, 1, tzinfo=UTC)


class JobPlaces(Struct, frozen=True):
    """How many jobs of each kind a process works at: each has a thread meanwhile.

    at_once: new ones that begin when they are accepted; any more wait in the queue.
    later: that were deferred. equal: that have waited for an equal one.
    """

    at_once: int
    queue: int
    later: int
    equal: int

    @classmethod
    def of(cls, most: int) -> JobPlaces:
        """Share out `most`, at least 8: no kind waits behind another."""
        later, equal = most // 4, most // 8
        queue = most // 4
        return cls(most - queue - later - equal, queue, later, equal)

    @property
    def most(self) -> int:
        return self.at_once + self.queue + self.later + self.equal

    @property
    def repeating(self) -> int:
        """Return how many may hold their place while a call fails: not all of a kind.

        What else comes begins, and is deferred if its call fails as well.
        """
        return max(self.most // 6, 1)


def newest_first(accepted_at: datetime) -> int:
    """Return the priority in the queue: the later it was accepted, the smaller."""
    age_s = int((accepted_at - _YEAR_2020).total_seconds())
    return min(max(_LARGEST - age_s, 1), _LARGEST)


class Turns:
    """Thread-safe. Counts the jobs of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started: set[JobId] = set()
        self._from_queue = 0

    def start(self, job_id: JobId, most: int) -> bool:
        """Return whether the job may begin at once, besides `most` others."""
        with self._lock:
            if len(self._started) >= most:
                return False
            self._started.add(job_id)
            return True

    def begins(self, job_id: JobId) -> None:
        with self._lock:
            self._from_queue += job_id not in self._started

    def end(self, job_id: JobId) -> None:
        with self._lock:
            self._started.discard(job_id)

    def owed(self) -> int:
        """Return how many old ones have a turn now, one for every other that began."""
        with self._lock:
            many, self._from_queue = divmod(self._from_queue, 2)
            return many
