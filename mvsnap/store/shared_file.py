"""A SQLite file that several programs write: how they wait for each other."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry

from mvsnap.clock import SystemClock, poll
from mvsnap.sqlite_errors import LOCKED, is_locked
from mvsnap.store.time_limits import (
    DatabaseAway,
    having_waited,
    time_limits,
    waited_in_vain,
)
from mvsnap.store.write_queue import WriteQueue

# The rest of the wait is ours, see `use_wal`.
NEW_FILE_S = 0.1
# Bytes: a log that one large transaction has stretched becomes that small again.
_LARGEST_LOG = 16 * 1024 * 1024
_LIMIT_MS = "mvsnap_limit_ms"
_WRITES = "mvsnap_writes"
# Before these, the driver begins a transaction on its own.
_WRITING = ("INSERT", "UPDATE", "DELETE", "REPLACE")


def open_jobs_file(url: str) -> Engine:
    """Return an engine as dbos makes it, with a wait for the lock that has an end.

    And with WAL: SQLite's default mode stops readers beside a writer.
    """
    # Whoever waits to write holds a connection: nobody else waits for that one, too.
    engine = create_engine(url, connect_args={"timeout": NEW_FILE_S}, max_overflow=-1)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        use_wal(connection, time_limits().lock_s)
        connection.isolation_level = "IMMEDIATE"
        connection.execute("PRAGMA foreign_keys=ON")

    share_file(engine)
    _queue_writers(engine)
    return engine


def require_free(path: Path) -> None:
    """Do nothing where a file can be written now, or something else is wrong with it.

    Raises:
        DatabaseAway: another program writes it, for longer than the limit of now.
    """
    if not path.exists():
        return
    with closing(
        sqlite3.connect(path, time_limits().lock_s, isolation_level=None)
    ) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.Error as exc:
            if is_locked(exc):
                raise DatabaseAway(LOCKED) from exc


def share_file(engine: Engine) -> None:
    """Let each wait for the file's lock take as long as whoever asks can wait."""

    def limit(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        _limit(connection, record.info)

    event.listen(engine, "checkout", limit)
    event.listen(engine, "handle_error", _tell_a_request)


def _queue_writers(engine: Engine) -> None:
    """Let a transaction of the driver wait for its turn before it begins to write."""
    queue = WriteQueue()

    def begin(connection: Connection, _cursor: Any, text: str, *_more: object) -> None:
        info = connection.info
        if _WRITES in info or not text.lstrip()[:7].upper().startswith(_WRITING):
            return
        waited_s = queue.wait()
        info[_WRITES] = True
        with having_waited(waited_s):
            _limit(connection.connection.driver_connection, info)

    def end(_connection: Any, record: ConnectionPoolEntry) -> None:
        if record.info.pop(_WRITES, False):
            queue.leave()

    event.listen(engine, "before_cursor_execute", begin)
    # Not when it commits: SQLAlchemy says so before it is done.
    event.listen(engine, "checkin", end)


def use_wal(connection: sqlite3.Connection, limit_s: float) -> None:
    """Let a file's readers work beside its writer; the file remembers it.

    While another connection makes this change, SQLite says "locked" at once, whatever
    its busy timeout: several programs that start on a new file have to ask again.

    Raises:
        sqlite3.OperationalError: it stayed locked, or cannot be written.
    """

    def changed() -> bool | None:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as exc:
            if not is_locked(exc):
                raise
            return None
        return True

    if not poll(changed, SystemClock(), every_s=0.01, limit_s=limit_s):
        raise sqlite3.OperationalError("database is locked")
    connection.execute(f"PRAGMA journal_size_limit={_LARGEST_LOG}")


def _limit(connection: Any, info: dict[Any, Any]) -> None:
    """info: of this connection; a new one has to be told anew."""
    # In steps: what a request has waited already differs by milliseconds, and each
    # change is a statement more.
    wanted_ms = math.ceil(time_limits().lock_s * 10) * 100
    if info.get(_LIMIT_MS) != wanted_ms:
        connection.execute(f"PRAGMA busy_timeout={wanted_ms}")
        info[_LIMIT_MS] = wanted_ms


def _tell_a_request(context: ExceptionContext) -> DatabaseAway | None:
    """The job engine tries again for ever what it knows as a locked file."""
    if not time_limits().is_request or not is_locked(context.original_exception):
        return None
    waited_in_vain()
    return DatabaseAway(LOCKED)
