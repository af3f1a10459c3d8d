"""Turns: of several processes that could do something, one does it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Protocol

from mvsnap.clock import SystemClock
from mvsnap.file_lock import FileLock
from mvsnap.jobs.executors import acquire_turn
from mvsnap.loop import Every
from mvsnap.runtime.parts import Parts
from mvsnap.store.claims import LEASE_S, Claims


class ProcessTurn(Protocol):
    """Used by one thread, which asks every few seconds as long as it is its turn."""

    def is_ours(self) -> bool:
        """Take it if it is free; raises OUTAGES."""
        ...

    def leave(self) -> None:
        """Let others have it at once; raises OUTAGES."""
        ...


class FileTurn:
    """Of the processes of one data_dir; nothing is written."""

    def __init__(self, acquire: Callable[[], FileLock | None]) -> None:
        self._acquire = acquire
        self._lock: FileLock | None = None

    def is_ours(self) -> bool:
        if self._lock is None:
            self._lock = self._acquire()
        return self._lock is not None

    def leave(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


class ClaimedTurn:
    """Of all processes of a PostgreSQL: another has it within half a minute."""

    def __init__(
        self, claims: Claims, kind: str, clock: SystemClock, *, lease_s: float = LEASE_S
    ) -> None:
        self._claims = claims
        self._kind = kind
        self._every = Every(lease_s / 4, clock)

    def is_ours(self) -> bool:
        if self._every.due():
            return bool(self._claims.hold({self._kind}))
        return bool(self._claims.held)

    def leave(self) -> None:
        self._claims.release()


def turn_of(parts: Parts, kind: str) -> ProcessTurn:
    """kind: of the work, a name for a file, too."""
    if parts.db.is_sqlite:
        return FileTurn(partial(acquire_turn, parts.settings.data_dir, kind))
    claims = Claims(parts.db, kind, uuid.uuid4().hex, parts.clock)
    return ClaimedTurn(claims, kind, parts.clock)
