"""Sessions that were read since the database was last written by anybody.

An open page asks several times a second whether its person is still logged in. SQLite
says in microseconds that nothing was committed since: then what was read is still true,
and somebody who was removed is out with the commit, in every process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy import Engine, event

from mvsnap.core.users import LoginSession
from mvsnap.domain import User
from mvsnap.store.changes import FileChanges

# A session, its user, and whether that user has a second factor.
FoundSession = tuple[LoginSession, User, bool]

# More of them than people look at pages at once.
_MOST = 1000


class KnownSessions:
    """By id; forgotten with any commit. PostgreSQL is asked each time. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changes = FileChanges.of(engine)
        self._lock = threading.Lock()
        self._found: dict[str, FoundSession] = {}
        self._commits = 0  # seen so far
        self._ends_with_engine = False

    def get(
        self, session_id: str, read: Callable[[], FoundSession | None]
    ) -> FoundSession | None:
        """Return what `read` returns now; its time may be over meanwhile."""
        if self._changes is None:
            return read()
        with self._lock:
            self._forget_after_commits(self._changes)
            known, commits = self._found.get(session_id), self._commits
        if known is not None:
            return known
        found = read()
        with self._lock:
            # What was read before a commit that another thread has seen is no news.
            if found is not None and commits == self._commits:
                self._found[session_id] = found
        return found

    def _forget_after_commits(self, changes: FileChanges) -> None:
        if not self._ends_with_engine:
            self._ends_with_engine = True
            event.listen(self._engine, "engine_disposed", self._close)
        if changes.seen():
            self._commits += 1
            self._found.clear()
        elif len(self._found) >= _MOST:
            self._found.clear()

    def _close(self, _engine: Engine) -> None:
        with self._lock:
            self._found.clear()
            if self._changes is not None:
                self._changes.close()
