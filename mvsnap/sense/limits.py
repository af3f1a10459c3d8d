"""Limits on how much is watched: anybody on the broker can invent topics."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)

_SPAN_MS = 60_000
# More names than these are not counted.
_MOST_NAMED = 50_000


class WatchLimit:
    """The most that is watched of one kind; it reports what it refuses.

    refused: how many different ones were refused lately, in one to two minutes.
    """

    def __init__(self, what: str, most: int) -> None:
        self.most = most
        self._what = what
        self._names: set[bytes | str] = set()
        self._names_before: set[bytes | str] = set()
        self._began_ms = 0

    @property
    def refused(self) -> int:
        return len(self._names | self._names_before)

    def refuse(self, name: bytes | str) -> None:
        """Count it; the log says so once while some are refused."""
        if not self._names and not self._names_before:
            log.warning(
                "already watching %d %s (sense.max_zones): others are ignored",
                self.most,
                self._what,
            )
        if len(self._names) < _MOST_NAMED:
            self._names.add(name)

    def expire(self, now_ms: int) -> None:
        """Forget those that no longer try."""
        if not 0 <= now_ms - self._began_ms < _SPAN_MS:
            self._began_ms = now_ms
            self._names_before, self._names = self._names, set()
