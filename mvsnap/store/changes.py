"""Whether a SQLite file was written, asked without reading it.

SQLite counts the commits in memory that all programs with the file share: looking at
the number costs some microseconds, and no lock that a writer would wait for.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Engine, event


class FileChanges:
    """Tells of commits of anybody, also in this process; for one thread at a time."""

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # which one is open
        self._version: int | None = None

    @classmethod
    def of(cls, engine: Engine) -> FileChanges | None:
        """Return those of its file, None for another database."""
        is_file = engine.dialect.name == "sqlite" and engine.url.database
        return cls(str(engine.url.database)) if is_file else None

    def seen(self) -> bool:
        """Return whether there were any since the last call; True at first.

        Also when that is not known, as the file cannot be opened, and when another file
        was put into its place.
        """
        try:
            version = self._look()
        except (sqlite3.Error, OSError):
            self.close()
            return True
        was, self._version = self._version, version
        return version != was

    def close(self) -> None:
        """If left open, the file would keep its log."""
        connection, self._connection, self._version = self._connection, None, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _look(self) -> int:
        found = os.stat(self._path)
        file = found.st_dev, found.st_ino
        if file != self._file:
            self.close()
            self._file = file
        if self._connection is None:
            # A missing file is not made: its owner does that.
            uri = f"{Path(self._path).absolute().as_uri()}?mode=rw"
            self._connection = sqlite3.connect(
                uri,
                timeout=0,
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            )
        asked = self._connection.execute("PRAGMA data_version")
        version: int = asked.fetchone()[0]
        return version


class Commits:
    """Numbers what was read by the commits before it. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changes = FileChanges.of(engine)
        self._lock = threading.Lock()
        self._seen = 0

    def count(self) -> int | None:
        """Return a number that grows with commits of anybody.

        What was read after the same number was returned is still true. None: that is
        not known, as of PostgreSQL.
        """
        if self._changes is None:
            return None
        with self._lock:
            if not self._seen:
                event.listen(self._engine, "engine_disposed", self._close)
            if self._changes.seen():
                self._seen += 1
            return self._seen

    def _close(self, _engine: Engine) -> None:
        with self._lock:
            if self._changes is not None:
                self._changes.close()
