"""Token bucket: how many calls per second a cloud lets pass."""

from __future__ import annotations

import threading
import time


class TokenBucket:
    """Full at first: `burst` calls pass at once, then `rate_per_s`."""

    def __init__(self, rate_per_s: float, burst: float) -> None:
        self.limit = (rate_per_s, burst)
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._tokens = burst
        self._filled_at = time.monotonic()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Return whether one more call may pass."""
        with self._lock:
            now = time.monotonic()
            grown = (now - self._filled_at) * self._rate_per_s
            self._tokens = min(self._burst, self._tokens + grown)
            self._filled_at = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True
