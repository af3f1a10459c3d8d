"""Call limit: how many calls a cloud lets pass."""

from __future__ import annotations

import threading
import time
from collections import deque

_LONGEST_S = 10


class CallLimit:
    """`rate_per_s`, and `burst` more in the first second.

    That is Meraki's own wording and calculation: 10 a second and a burst of 10 make
    at most 20 calls in one second, 30 in two. A refused call does not count.
    """

    def __init__(self, rate_per_s: float, burst: float) -> None:
        self.limit = (rate_per_s, burst)
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._passed_at: deque[float] = deque()
        self._lock = threading.Lock()

    def acquire(self) -> bool:
        """Return whether one more call may pass."""
        with self._lock:
            now = time.monotonic()
            while self._passed_at and self._passed_at[0] <= now - _LONGEST_S:
                self._passed_at.popleft()
            for window_s in range(1, _LONGEST_S + 1):
                passed = sum(at > now - window_s for at in self._passed_at)
                if passed + 1 > self._rate_per_s * window_s + self._burst:
                    return False
            self._passed_at.append(now)
            return True
