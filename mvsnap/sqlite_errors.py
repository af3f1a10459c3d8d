"""Errors of a database in words that may be shown: a log line, /readyz, a command."""

from __future__ import annotations

import sqlite3

_WORDS = {
    sqlite3.SQLITE_READONLY: "it cannot be written (read-only)",
    sqlite3.SQLITE_IOERR: "the disk reports an error or is read-only",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_NOTADB: "the file is damaged",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_BUSY: "another program keeps it locked",
}
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def reason(error: BaseException) -> str:
    """Return why a database failed; of others than SQLite the kind of error alone.

    A driver's own text may contain the password.
    error: of the driver, or SQLAlchemy's around it.
    """
    return _WORDS.get(_code(error)) or type(error).__name__


def is_damage(error: BaseException) -> bool:
    return _code(error) in _DAMAGED


def _code(error: BaseException) -> int:
    """Return SQLite's primary result code, 0 of anything else."""
    driver = getattr(error, "orig", None) or error
    if not isinstance(driver, sqlite3.Error):
        return 0
    # The bits above are the extended code.
    return int(getattr(driver, "sqlite_errorcode", 0)) & 0xFF
