"""Errors of a database in words that may be shown: a log line, /readyz, a command."""

from __future__ import annotations

import sqlite3

LOCKED = "another program keeps it locked"
# For a thread that waited in vain for others of its own process.
CROWDED = f"a slow disk keeps writers waiting, or {LOCKED}"
FULL = "the disk is full"
_WORDS = {
    sqlite3.SQLITE_READONLY: "it cannot be written (read-only)",
    sqlite3.SQLITE_IOERR: "the disk reports an error or is read-only",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_NOTADB: "the file is damaged",
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_BUSY: LOCKED,
}
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
# Of PostgreSQL, by the code (SQLSTATE) or, before there is a connection to carry one,
# by what the text contains. Order matters: the first that fits.
SILENT = "the server does not answer in time"
_FOR_AN_ADMIN = (
    "the user may not do that there",
    "the user or password is refused",
    "a password is needed",
    "the server does not admit this machine",
    "the database does not exist",
    "the user does not exist",
)
_POSTGRESQL = (
    ("25006", "read-only transaction", "it is read-only now, like a standby"),
    ("53300", "too many clients", "the server has too many connections"),
    ("53300", "remaining connection slots", "the server has too many connections"),
    ("53300", "too many connections", "the server has too many connections"),
    ("53100", "No space left on device", "the server's disk is full"),
    ("57P03", "is starting up", "the server is starting"),
    ("57P03", "not yet accepting connections", "the server is starting"),
    ("57P01", "is shutting down", "the server is stopping"),
    ("57P02", "crash of another server process", "the server restarts"),
    ("57014", "statement timeout", "a statement took too long"),
    ("55P03", "lock timeout", "a lock was not released in time"),
    ("55000", "not currently accepting", "the database takes no connections now"),
    ("42P01", "undefined table", "a table is missing; a restart makes it"),
    ("42501", "permission denied", _FOR_AN_ADMIN[0]),
    ("28P01", "password authentication failed", _FOR_AN_ADMIN[1]),
    ("28P01", "no password supplied", _FOR_AN_ADMIN[2]),
    ("28000", "no pg_hba.conf entry", _FOR_AN_ADMIN[3]),
    ("3D000", 'FATAL:  database "', _FOR_AN_ADMIN[4]),
    ("28000", 'FATAL:  role "', _FOR_AN_ADMIN[5]),
    ("", "failed to resolve host", "the server's name cannot be resolved"),
    ("", "Connection refused", "the server refuses connections"),
    ("", "timeout expired", SILENT),
    ("", SILENT, SILENT),
    ("", "No route to host", "the server cannot be reached"),
    ("", "Network is unreachable", "the server cannot be reached"),
    ("", "closed the connection", "the server closed the connection"),
)


def reason(error: BaseException) -> str:
    """Return why a database failed; of an unknown error its kind alone.

    A driver's own text may contain the password.
    error: of the driver, or SQLAlchemy's around it.
    """
    said = getattr(error, "why", "")  # an error of ours
    return (
        said
        or _WORDS.get(_code(error))
        or _of_postgresql(error)
        or type(error).__name__
    )


def needs_an_admin(error: BaseException) -> bool:
    """Return whether trying again cannot help: the settings or rights are wrong."""
    return _of_postgresql(error) in _FOR_AN_ADMIN


def passes(error: BaseException) -> bool:
    """Return whether it may work later: away; of a file, locked or without room."""
    if isinstance(_driver(error), sqlite3.Error):
        return is_locked(error) or is_full(error)
    return bool(getattr(error, "why", "")) or _of_postgresql(error) != ""


def is_damage(error: BaseException) -> bool:
    return _code(error) in _DAMAGED


def is_locked(error: BaseException) -> bool:
    return _code(error) == sqlite3.SQLITE_BUSY


def is_full(error: BaseException) -> bool:
    return _code(error) == sqlite3.SQLITE_FULL


def _driver(error: BaseException) -> BaseException:
    return getattr(error, "orig", None) or error


def _code(error: BaseException) -> int:
    """Return SQLite's primary result code, 0 of anything else."""
    driver = _driver(error)
    if not isinstance(driver, sqlite3.Error):
        return 0
    code = int(getattr(driver, "sqlite_errorcode", 0))
    if code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return sqlite3.SQLITE_FULL  # for the index of its log, at the first look
    # The bits above are the extended code.
    return code & 0xFF


def _of_postgresql(error: BaseException) -> str:
    driver = _driver(error)
    if not type(driver).__module__.startswith("psycopg"):
        return ""
    state, text = getattr(driver, "sqlstate", None) or "", str(driver)
    for code, part, words in _POSTGRESQL:
        if (code and code == state) or (not state and part and part in text):
            return words
    is_lost = "OperationalError" in (base.__name__ for base in type(driver).__mro__)
    return "the connection failed" if is_lost and not state else ""
