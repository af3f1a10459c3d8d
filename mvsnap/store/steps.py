"""A long write in small steps: whoever delivers gets its turn in between.

SQLite has one writer at a time, and one that takes seconds keeps every trigger waiting
that long; its log, too, grows with each transaction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from mvsnap.clock import SystemClock
from mvsnap.store.database import Database

# How long a step may hold the lock, about; an SD card needs some of that to commit.
_STEP_S = 0.05
# Another program that waits for the file looks again after 0.1 s at the latest.
_LEAST_PAUSE_S, _MOST_PAUSE_S = 0.02, 0.5


class Steps:
    """How much to do in the next step, by how long those before took.

    size: such as rows; between `least` and `most`.
    """

    def __init__(
        self,
        db: Database,
        *,
        first: int = 200,
        least: int = 20,
        most: int = 2000,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._db = db
        self.size = first
        self._least, self._most = least, most
        self._sleep = sleep or SystemClock().sleep
        self._free_at_s = 0.0

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One step, in a transaction of its own; waits before it, if need be."""
        self._sleep(max(0.0, self._free_at_s - time.monotonic()))
        with self._db.writing() as connection:
            began_s = time.monotonic()  # waiting for the lock is not our work
            yield connection
        self._adapt(time.monotonic() - began_s)

    def _adapt(self, took_s: float) -> None:
        wanted = int(self.size * _STEP_S / max(took_s, 0.001))
        # A slow one is an exception more often than a fast one: half at most.
        wanted = min(max(wanted, self.size // 2), self.size * 2)
        self.size = min(max(wanted, self._least), self._most)
        if self._db.is_sqlite:
            # The others have as much time as we had.
            pause_s = min(max(took_s, _LEAST_PAUSE_S), _MOST_PAUSE_S)
            self._free_at_s = time.monotonic() + pause_s
