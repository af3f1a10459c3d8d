"""Rate limits. Counted in this process; a restart resets them.

No library: `limits` starts its clean-up from several threads at once, so it needed a
lock around all of it, and each count took fifteen times as long.
"""

from __future__ import annotations

import math
import threading
import time

from mvsnap.errors import TooManyRequests

_MINUTE_S = 60
# Of forgotten counters that are kept until the next clean-up.
_MANY = 1000


class Limiter:
    """The counters that several limits share: of each limit and `who` one.

    A window begins with its first count. Steps of the clock do not matter.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # How many, and when the window ends.
        self._windows: dict[tuple[int, int, str], tuple[int, float]] = {}
        self._clean_at = _MANY

    def hit(self, most: int, minutes: int, who: str) -> bool:
        """Count one; False when it is over the limit."""
        key, now_s = (most, minutes, who), time.monotonic()
        with self._lock:
            count, ends_s = self._windows.get(key, (0, 0.0))
            if ends_s <= now_s:
                count, ends_s = 0, now_s + minutes * _MINUTE_S
            if count >= most:
                return False
            self._windows[key] = count + 1, ends_s
            if len(self._windows) >= self._clean_at:
                self._clean(now_s)
            return True

    def look(self, most: int, minutes: int, who: str) -> tuple[int, float]:
        """Return how many were counted, and the seconds until that is forgotten."""
        count, ends_s = self._windows.get((most, minutes, who), (0, 0.0))
        left_s = ends_s - time.monotonic()
        return (count, left_s) if left_s > 0 else (0, 0.0)

    def _clean(self, now_s: float) -> None:
        """Forget windows that are over; each count pays for at most two others."""
        self._windows = {
            key: window for key, window in self._windows.items() if window[1] > now_s
        }
        self._clean_at = max(_MANY, 2 * len(self._windows))


class Limit:
    """At most `most` in `minutes` for each `who`; `what` is the error message."""

    def __init__(
        self, limiter: Limiter, most: int, what: str, *, minutes: int = 1
    ) -> None:
        self._limiter = limiter
        self._rate = most, minutes
        self._what = what

    def count(self, who: str) -> None:
        """Count one attempt.

        Raises:
            TooManyRequests: it is over the limit.
        """
        if not self.hit(who):
            raise self.too_many(who)

    def is_first(self, who: str) -> bool:
        """Return whether `who` was not counted yet in this window."""
        return self._limiter.look(*self._rate, who)[0] == 0

    def hit(self, who: str) -> bool:
        """Count one attempt; False when it is over the limit."""
        return self._limiter.hit(*self._rate, who)

    def reached_by(self, who: str) -> bool:
        return self._limiter.look(*self._rate, who)[0] >= self._rate[0]

    def too_many(self, who: str) -> TooManyRequests:
        left_s = self._limiter.look(*self._rate, who)[1]
        wait_s = max(1, math.ceil(left_s))
        return TooManyRequests(
            f"{self._what}; try again in {wait_s} s", retry_after_s=wait_s
        )
