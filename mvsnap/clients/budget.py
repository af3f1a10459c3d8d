"""Request budget: at most so many Dashboard calls a second, first come first served.

Meraki allows 10 requests a second per organization and refills a token bucket. Of the
libraries looked at, pyrate-limiter 4 has the same bucket (its `TokenBucket`), but a
refused caller sleeps on the machine's clock and then asks again: waiters overtake each
other, a test cannot move the time, and a shutdown waits for the sleeper.
requests-ratelimiter is a shell around the same library. The arithmetic is four lines.
"""

from __future__ import annotations

import threading

from mvsnap.clock import Clock
from mvsnap.errors import UpstreamError


def waited(clock: Clock, seconds: float) -> bool:
    """Sleep; False when the clock woke us early because the program is stopping."""
    if seconds < 1e-6:  # rounding, not waiting
        return True
    began = clock.monotonic()
    clock.sleep(seconds)
    # Timers may be a few milliseconds short; a stop cuts much more.
    return clock.monotonic() - began >= seconds - 0.05


class RequestBudget:
    """A token bucket: `burst` calls at once, then one every `1 / per_s` seconds.

    Safe to share between threads. Turns are handed out in the order of asking.
    """

    def __init__(self, clock: Clock, *, per_s: float, burst: int) -> None:
        self._clock = clock
        self._interval_s = 1 / per_s
        self._tolerance_s = (burst - 1) * self._interval_s
        self._lock = threading.Lock()
        self._full_at = clock.monotonic()

    def take(self) -> None:
        """Wait for a turn.

        Raises:
            UpstreamError: the program is stopping; the call was not made.
        """
        if not waited(self._clock, self._reserve()):
            raise UpstreamError(
                "mvsnap is stopping: the call to Meraki was not made", retry=True
            )

    def _reserve(self) -> float:
        """Book the next turn and return the seconds until it."""
        with self._lock:
            now = self._clock.monotonic()
            turn = max(now, self._full_at - self._tolerance_s)
            # The bucket is full again at this moment if nobody asks before.
            self._full_at = max(now, self._full_at) + self._interval_s
            return turn - now
