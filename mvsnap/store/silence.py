"""Remembers that a server fell silent: one asks again, the others fail at once.

A network that swallows everything costs each attempt its whole time-out, and with that
a thread. A server that refuses costs nothing and is not remembered.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mvsnap.sqlite_errors import SILENT
from mvsnap.store.time_limits import DatabaseAway

_ASK_AGAIN_S = 1.0


class Silence:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: float | None = None
        self._again_s = 0.0
        self._asking = False

    def began(self) -> None:
        """Something was not answered in time."""
        with self._lock:
            self._since = time.monotonic()
            self._again_s = self._since + _ASK_AGAIN_S
            self._asking = False

    @property
    def is_new(self) -> bool:
        """Whether asking again makes no sense yet."""
        return self._since is not None and time.monotonic() < self._again_s

    @contextmanager
    def one_asks(self) -> Iterator[None]:
        """Around what needs an answer.

        Raises:
            DatabaseAway: it is silent, and somebody else is asking or has just done so.
        """
        is_mine = self._enter()
        since = self._since
        try:
            yield
        finally:
            # Refused at once is an answer, too; `began` was called otherwise.
            self._leave(is_mine, since)

    def _enter(self) -> bool:
        with self._lock:
            if self._since is None:
                return False
            if self._asking or time.monotonic() < self._again_s:
                raise DatabaseAway(SILENT)
            self._asking = True
            return True

    def _leave(self, is_mine: bool, since: float | None) -> None:
        with self._lock:
            if is_mine and self._since == since:
                self._since = None
                self._asking = False
