"""Refused messages in the log: one line each, until they come by the hundred."""

from __future__ import annotations

import logging
import threading
import time

log = logging.getLogger(__name__)

_EVERY_S = 60.0
_AT_ONCE = 10


class RefusalLog:
    """Ten lines a minute for each sender, then how many more there were."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minutes: dict[str, tuple[float, int]] = {}  # since when, how many

    def refused(self, sender: str, status: int, why: str) -> None:
        """sender: one of the settings, so their number is limited."""
        now = time.monotonic()
        with self._lock:
            since, many = self._minutes.get(sender, (float("-inf"), 0))
            held = max(0, many - _AT_ONCE)
            is_new = now - since >= _EVERY_S
            self._minutes[sender] = (now, 1) if is_new else (since, many + 1)
        if is_new and held:
            log.warning("%s: %d more messages were refused", sender, held)
        if is_new or many < _AT_ONCE:
            log.warning("%s: message refused (%d): %s", sender, status, why)
