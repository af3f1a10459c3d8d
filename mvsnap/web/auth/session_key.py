"""The key of sessions in this process: read again every few seconds."""

from __future__ import annotations

import threading

from flask import Flask

from mvsnap.clock import Clock
from mvsnap.store.users.session_keys import SessionKeyStore

_KEPT_S = 3.0


class SessionKey:
    """Reads the key when a session first needs it; devices have none.

    Another process may rotate it at any time, so it is never more than 3 s old.
    """

    def __init__(self, store: SessionKeyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._newest = ""
        self._read_at_s = 0.0
        self._lock = threading.Lock()

    def newest(self, app: Flask) -> str:
        """Return the key that signs; the app is given those it has replaced, too."""
        with self._lock:
            now_s = self._clock.monotonic()
            if not self._newest or now_s - self._read_at_s > _KEPT_S:
                found = self._store.keys(self._clock.now())
                # The last one signs; each of them opens sessions, and forms of theirs.
                app.config["SECRET_KEY_FALLBACKS"] = list(found.replaced)
                app.config["WTF_CSRF_SECRET_KEY"] = [*found.replaced, found.newest]
                self._newest, self._read_at_s = found.newest, now_s
            return self._newest
