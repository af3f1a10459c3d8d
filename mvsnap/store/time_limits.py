"""How long whoever asks a database waits for it: a request, a job, a migration.

A context variable, because what asks is far from what connects, and the job engine in
between passes nothing on. Threads begin with `USUAL`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from mvsnap.values import replace

_LEAST_S = 0.1


class TimeLimits(Struct, frozen=True):
    """Seconds; each is for one wait.

    lock_s: for SQLite's file, while another program writes to it.
    connect_s: for a connection to PostgreSQL, or for a sign that one still lives.
    statement_s: for the answer to one statement of PostgreSQL.
    is_request: somebody waits: the job engine must not try again on its own.
    """

    lock_s: float
    connect_s: float
    statement_s: float
    is_request: bool = False


REQUEST = TimeLimits(2, 1.5, 7, is_request=True)
PROBE = TimeLimits(0.8, 1.5, 1.5, is_request=True)
COMMAND = TimeLimits(5, 3, 60)
USUAL = TimeLimits(30, 5, 10)
CLEANING = TimeLimits(30, 5, 60)
# A statement may go through every row.
MIGRATION = TimeLimits(30, 5, 600)

_now: ContextVar[TimeLimits] = ContextVar("time limits", default=USUAL)
# A request that waited in vain for a lock does not wait for the next one, too.
_in_vain: ContextVar[bool] = ContextVar("waited in vain", default=False)


class DatabaseAway(SQLAlchemyError):
    """Not a driver's error, which the job engine would retry while a caller waits."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def time_limits() -> TimeLimits:
    now = _now.get()
    if now.is_request and _in_vain.get():
        return replace(now, lock_s=_LEAST_S)
    return now


@contextmanager
def with_limits(wanted: TimeLimits) -> Iterator[None]:
    """Wait as long as wanted within the block, in this thread."""
    token = _now.set(wanted)
    try:
        yield
    finally:
        _now.reset(token)


def set_limits(wanted: TimeLimits) -> None:
    """The same for the rest of this thread: of a command."""
    _now.set(wanted)


@contextmanager
def answering(wanted: TimeLimits = REQUEST) -> Iterator[None]:
    """A request, all of whose waits for a lock are one."""
    _in_vain.set(False)
    with with_limits(wanted):
        yield


@contextmanager
def having_waited(seconds: float) -> Iterator[None]:
    """Wait for the lock of a file that much less within the block."""
    now = time_limits()
    with with_limits(replace(now, lock_s=max(now.lock_s - seconds, _LEAST_S))):
        yield


def waited_in_vain() -> None:
    _in_vain.set(True)
