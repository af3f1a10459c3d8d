"""Leadership: of several processes that could do something, one does it for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mvsnap.clock import SystemClock
from mvsnap.file_lock import FileLock
from mvsnap.loop import Every
from mvsnap.store.sharing.claims import LEASE_S, Claims


class Leadership(Protocol):
    """One thread asks for it every few seconds, and again as long as it has it."""

    @property
    def had(self) -> bool:
        """Whether it was ours when asked last; from any thread, asks nobody."""
        ...

    def is_ours(self) -> bool:
        """Take it if it is free; raises OUTAGES."""
        ...

    def leave(self) -> None:
        """Let others have it at once; raises OUTAGES."""
        ...


class FileLeadership:
    """Among the processes of one data_dir; nothing is written."""

    def __init__(self, acquire: Callable[[], FileLock | None]) -> None:
        self._acquire = acquire
        self._lock: FileLock | None = None

    @property
    def had(self) -> bool:
        return self._lock is not None

    def is_ours(self) -> bool:
        if self._lock is None:
            self._lock = self._acquire()
        return self.had

    def leave(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


class ClaimedLeadership:
    """Among all processes of a PostgreSQL: another has it within half a minute."""

    def __init__(self, claims: Claims, kind: str, clock: SystemClock) -> None:
        self._claims = claims
        self._kind = kind
        self._every = Every(LEASE_S / 4, clock)

    @property
    def had(self) -> bool:
        return bool(self._claims.held)

    def is_ours(self) -> bool:
        if self._every.due():
            return bool(self._claims.hold({self._kind}))
        return self.had

    def leave(self) -> None:
        self._claims.release()
