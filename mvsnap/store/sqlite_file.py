"""SQLite's files: whether one can be used, before anything else opens it."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from mvsnap.errors import DatabaseUnfit
from mvsnap.program import program
from mvsnap.sqlite_errors import is_damage, is_full, reason
from mvsnap.store.time_limits import DatabaseAway

log = logging.getLogger(__name__)

_JOBS = "jobs.db"
# There while a backup is put into the place of what was.
RESTORE_UNFINISHED = "restore-unfinished"
# A start of several processes makes files, too: those are new and empty for a moment.
_NEW_S = 10.0
_LOOK_S = 5.0
_STEPS = 10_000
# Opened and closed to see whether the folder can be written. Not a database: closing
# one would release the locks that SQLite holds on it in this process.
_PROBE = "writable"


def file_of(url: str) -> Path | None:
    """Return the file of a database, None of PostgreSQL."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else None


def require_sound(url: str, *, thorough: bool = False) -> None:
    """Do nothing where the file can be used, or is not there yet.

    thorough: also look through its pages, for some seconds at most.

    Raises:
        DatabaseUnfit
    """
    path = file_of(url)
    if path is not None and (path.parent / RESTORE_UNFINISHED).exists():
        raise DatabaseUnfit(
            f"A restore into {path.parent} was interrupted. Run it again: "
            f"{program()} restore FILE"
        )
    if path is None or not path.exists():
        return
    if problem := locked_out(path.parent):
        raise DatabaseUnfit(problem)
    _warn_if_empty(path)
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            found = _look_through(connection) if thorough else "ok"
    except sqlite3.Error as exc:
        if is_damage(exc):
            raise DatabaseUnfit(damaged(path)) from exc
        if is_full(exc):
            raise DatabaseAway(reason(exc)) from exc
        raise DatabaseUnfit(f"{path} cannot be used: {reason(exc)}") from exc
    if found != "ok":
        raise DatabaseUnfit(damaged(path))


def damaged(path: Path) -> str:
    if path.name == _JOBS:
        return (
            f"{path} is damaged. Stop the service and move it away: a new one is "
            "created at the next start, and only jobs that had just come are lost"
        )
    return (
        f"{path} is damaged. Stop the service and move it away: put a backup in its "
        "place, or a new one is created at the next start, without events and users"
    )


def locked_out(data_dir: Path) -> str:
    """Return why files in the folder cannot be written, "" if they can.

    Opens for writing and writes nothing: cheap, and no wear for a card. A file system
    that turned read-only after an error refuses that, although `access` says yes.
    """
    try:
        os.close(os.open(data_dir / _PROBE, os.O_RDWR | os.O_CREAT, 0o640))
    except OSError as exc:
        return f"data_dir {data_dir} cannot be written: {exc.strerror}"
    for path in _files(data_dir):
        if not os.access(path, os.W_OK):
            return f"{path} cannot be written: it belongs to another account"
    return ""


def _files(data_dir: Path) -> Iterator[Path]:
    for name in ("mvsnap.db", _JOBS):
        for suffix in ("", "-wal", "-shm"):
            if (path := data_dir / f"{name}{suffix}").exists():
                yield path


def _warn_if_empty(path: Path) -> None:
    found = path.stat()
    if found.st_size or abs(time.time() - found.st_mtime) < _NEW_S:
        return
    wal = path.with_name(f"{path.name}-wal")
    if not (wal.exists() and wal.stat().st_size):
        log.warning("%s is empty, as after a power cut: it is filled anew", path)


def _look_through(connection: sqlite3.Connection) -> str:
    """Return "ok", or what is wrong with a page; "ok" also if time was short."""
    until_s = time.monotonic() + _LOOK_S
    connection.set_progress_handler(lambda: time.monotonic() > until_s, _STEPS)
    try:
        return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as exc:
        if exc.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return "ok"
