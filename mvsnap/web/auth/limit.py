"""Rate limits. Counted in this process; a restart resets them.

Most services never count: the library, of 2 MB, is imported when something is to be.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from mvsnap.errors import TooManyRequests

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.strategies import FixedWindowRateLimiter


class Limiter:
    """The counters that several limits share."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()

    @contextmanager
    def windows(self) -> Iterator[FixedWindowRateLimiter]:
        """The counters, for one thread at a time.

        The library locks each counter but not its clean-up: two threads that start it
        at once get a RuntimeError, and one of two first counts may be lost.
        """
        with self._one_at_a_time:
            yield self._windows

    @cached_property
    def _windows(self) -> FixedWindowRateLimiter:
        from limits.storage import MemoryStorage
        from limits.strategies import FixedWindowRateLimiter

        return FixedWindowRateLimiter(MemoryStorage())

    @property
    def has_counted(self) -> bool:
        return "_windows" in vars(self)


class Limit:
    """At most `most` in `minutes` for each `who`; `what` is the error message."""

    def __init__(
        self, limiter: Limiter, most: int, what: str, *, minutes: int = 1
    ) -> None:
        self._limiter = limiter
        self._rate = most, minutes
        self._what = what

    @cached_property
    def _item(self) -> RateLimitItem:
        from limits import RateLimitItemPerMinute

        return RateLimitItemPerMinute(*self._rate)

    def count(self, who: str) -> None:
        """Count one attempt.

        Raises:
            TooManyRequests: it is over the limit.
        """
        if not self.hit(who):
            raise self.too_many(who)

    def is_first(self, who: str) -> bool:
        """Return whether `who` was not counted yet in this window."""
        if not self._limiter.has_counted:
            return True
        with self._limiter.windows() as windows:
            left = windows.get_window_stats(self._item, who).remaining
        return int(left) == self._item.amount

    def hit(self, who: str) -> bool:
        """Count one attempt; False when it is over the limit."""
        with self._limiter.windows() as windows:
            return windows.hit(self._item, who)

    def reached_by(self, who: str) -> bool:
        if not self._limiter.has_counted:
            return False
        with self._limiter.windows() as windows:
            return not windows.test(self._item, who)

    def too_many(self, who: str) -> TooManyRequests:
        with self._limiter.windows() as windows:
            reset_at = windows.get_window_stats(self._item, who).reset_time
        wait_s = max(1, math.ceil(reset_at - time.time()))
        return TooManyRequests(
            f"{self._what}; try again in {wait_s} s", retry_after_s=wait_s
        )
