"""Request budget: a limit of Dashboard calls per second, first come first served.

Meraki allows 10 requests per second and organization and refills a token bucket. Of the
libraries considered, pyrate-limiter 4 has the same bucket (its `TokenBucket`), but a
refused caller sleeps on the machine's clock and then tries again: waiters overtake each
other, a test cannot move the time, and a shutdown waits for the sleeper.
requests-ratelimiter is a wrapper around the same library.
"""

from __future__ import annotations

import threading
from typing import Protocol

from mvsnap.clock import Clock
from mvsnap.errors import UpstreamError

# Long enough for the threads of one job to call; later the bucket is full again.
_LENDS_FOR_S = 0.2


def waited(clock: Clock, seconds: float) -> bool:
    """Sleep; False if the clock woke us early because the program is stopping."""
    if seconds < 1e-6:  # rounding, not waiting
        return True
    began = clock.monotonic()
    clock.sleep(seconds)
    # Timers may be a few milliseconds short; a stop is much shorter.
    return clock.monotonic() - began >= seconds - 0.05


class Budget(Protocol):
    def acquire(self, *, urgent: bool = False) -> None: ...


class RequestBudget:
    """A token bucket: `burst` calls at once, then `per_s` per second.

    To urgent calls a full bucket lends `borrow` more, which are paid back before the
    next
    ones: Meraki grants 10 more in the first second, and a trigger for many cameras
    needs all its pictures of the same moment. Other calls let such a burst pass first.

    Thread-safe. Turns are handed out in the order of the calls.
    """

    def __init__(
        self, clock: Clock, *, per_s: float, burst: int, borrow: int = 0
    ) -> None:
        self._clock = clock
        self._per_s = per_s
        self._burst = burst
        self._borrow = borrow
        self._lock = threading.Lock()
        # Calls that may leave now; below zero: calls that left or were booked too
        # early.
        self._left = float(burst)
        self._filled_at = clock.monotonic()
        self._lends = 0
        self._lends_until = float("-inf")

    def acquire(self, *, urgent: bool = False) -> None:
        """Wait for a turn.

        Raises:
            UpstreamError: the program is stopping; the call was not made.
        """
        going = urgent or waited(self._clock, self._burst_left_s())
        if not (going and waited(self._clock, self._reserve(urgent))):
            raise UpstreamError("mvsnap is stopping: Meraki was not called", retry=True)

    def _burst_left_s(self) -> float:
        with self._lock:
            return max(0.0, self._lends_until - self._clock.monotonic())

    def _reserve(self, urgent: bool) -> float:
        """Book the next turn and return the seconds until it."""
        with self._lock:
            now = self._clock.monotonic()
            grown = (now - self._filled_at) * self._per_s
            self._left = min(float(self._burst), self._left + grown)
            self._filled_at = now
            # One call short of full counts as full: background calls would spoil every
            # other burst, and those two share the same second anyway.
            if urgent and self._left >= max(1, self._burst - 1):
                self._lends = self._borrow
                self._lends_until = now + _LENDS_FOR_S
            self._left -= 1
            if self._left >= 0:
                return 0.0
            if urgent and self._lends and now <= self._lends_until:
                self._lends -= 1
                return 0.0
            return -self._left / self._per_s


class SpareBudget:
    """What others leave: at most `per_s` calls per second, none of them urgent."""

    def __init__(self, shared: Budget, clock: Clock, *, per_s: float) -> None:
        self._shared = shared
        self._own = RequestBudget(clock, per_s=per_s, burst=1)

    def acquire(self, *, urgent: bool = False) -> None:
        """Wait for a turn, also for a picture; raises as RequestBudget does."""
        self._own.acquire()
        self._shared.acquire()
