"""Sessions that were read since the database was last written by anybody.

An open page asks several times a second whether its person is still logged in. SQLite
says in microseconds that nothing was committed since: then what was read is still true,
and somebody who was removed is out with the commit, in every process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from mvsnap.core.users import LoginSession
from mvsnap.domain import User
from mvsnap.store.changes import Commits

# A session, its user, and whether that user has a second factor.
FoundSession = tuple[LoginSession, User, bool]

# More of them than people look at pages at once.
_MOST = 1000


class KnownSessions:
    """By id; forgotten with any commit. PostgreSQL is asked each time. Thread-safe."""

    def __init__(self, commits: Commits) -> None:
        self._commits = commits
        self._lock = threading.Lock()
        self._found: dict[str, FoundSession] = {}
        self._count = 0  # of commits before the oldest one was read

    def get(
        self, session_id: str, read: Callable[[], FoundSession | None]
    ) -> FoundSession | None:
        """Return what `read` returns now; its time may be over meanwhile."""
        count = self._commits.count()
        if count is None:
            return read()
        with self._lock:
            if count > self._count or len(self._found) >= _MOST:
                self._found.clear()
                self._count = max(count, self._count)
            known = self._found.get(session_id) if count == self._count else None
        if known is not None:
            return known
        found = read()
        with self._lock:
            # Another thread may have seen a commit after which this was not read.
            if found is not None and count == self._count:
                self._found[session_id] = found
        return found
