"""Rate limits. Counted in this process; a restart resets them."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from mvsnap.errors import TooManyRequests


class Limiter:
    """The counters that several limits share."""

    def __init__(self) -> None:
        self.windows = FixedWindowRateLimiter(MemoryStorage())


class Limit:
    """At most `most` in `minutes` for each `who`; `what` is the error message."""

    def __init__(
        self, limiter: Limiter, most: int, what: str, *, minutes: int = 1
    ) -> None:
        self._windows = limiter.windows
        self._item = RateLimitItemPerMinute(most, minutes)
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
        left = self._windows.get_window_stats(self._item, who).remaining
        return int(left) == self._item.amount

    def hit(self, who: str) -> bool:
        """Count one attempt; False when it is over the limit."""
        return self._windows.hit(self._item, who)

    def reached_by(self, who: str) -> bool:
        return not self._windows.test(self._item, who)

    def too_many(self, who: str) -> TooManyRequests:
        reset_at = self._windows.get_window_stats(self._item, who).reset_time
        wait_s = max(1, math.ceil(reset_at - time.time()))
        return TooManyRequests(
            f"{self._what}; try again in {wait_s} s", retry_after_s=wait_s
        )
