"""The threads of a process that write to one SQLite file, one after the other.

SQLite has one writer at a time, and no queue: another one sleeps for increasing spans,
up to 0.1 s, and tries again. On a card that needs 40 ms for each commit, some find the
file taken for seconds, as those that came later had it. Here whoever waits longest is
next, requests and all other work alternately: a button does not wait behind dozens of
jobs that a cloud keeps waiting.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from mvsnap.sqlite_errors import CROWDED
from mvsnap.store.time_limits import (
    DatabaseAway,
    having_waited,
    time_limits,
    waited_in_vain,
)


class WriteQueue:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        # Each waits for a lock of its own, which is released to it.
        self._requests: deque[threading.Lock] = deque()
        self._others: deque[threading.Lock] = deque()
        self._was_request = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Write in the block. Raises DatabaseAway, as `wait`."""
        waited_s = self.wait()
        try:
            with having_waited(waited_s):
                yield
        finally:
            self.leave()

    def wait(self) -> float:
        """Enter; return how many seconds that took.

        Raises:
            DatabaseAway: another thread writes for long, or many wait.
        """
        now, since_s = time_limits(), time.monotonic()
        if not self.enter(now.lock_s, is_request=now.is_request):
            waited_in_vain()
            raise DatabaseAway(CROWDED)
        return time.monotonic() - since_s

    def enter(self, limit_s: float, *, is_request: bool) -> bool:
        """Return whether it is the caller's turn now, within a limit."""
        waiting = self._requests if is_request else self._others
        turn = threading.Lock()
        turn.acquire()
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return True
            waiting.append(turn)
        if turn.acquire(timeout=limit_s):
            return True
        with self._lock:
            if turn in waiting:
                waiting.remove(turn)
                return False
        return True  # it was given at the last moment

    def leave(self) -> None:
        """Let the next one write."""
        with self._lock:
            queues = self._requests, self._others
            waiting = queues[self._was_request] or queues[not self._was_request]
            if not waiting:
                self._is_taken = False
                return
            self._was_request = waiting is self._requests
            waiting.popleft().release()
