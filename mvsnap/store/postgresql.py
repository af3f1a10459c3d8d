"""Connections to PostgreSQL that never hold a thread for long.

libpq waits for an answer without a limit, and for a name as long as the resolver likes.
The server's own limits do not help against a network that is gone: so each wait has a
limit here, the server's is a little shorter, and the kernel gives up on what nobody
acknowledges.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import ConnectionTimeout, _WaitTimeout
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from mvsnap.sqlite_errors import SILENT, reason
from mvsnap.store.silence import Silence
from mvsnap.store.time_limits import DatabaseAway, time_limits

RV = TypeVar("RV")

_EXTRA_S = 1.0
_KERNEL = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "mvsnap",
}
# Of a client that has frozen, whose locks others wait for.
_IDLE_S = 60
_LIMITS = (
    "select set_config('statement_timeout', %s, false), "
    f"set_config('idle_in_transaction_session_timeout', '{_IDLE_S}s', false)"
)
# To see whether a connection still lives.
_SIGN_S = 1.5
_USUAL_WAIT = object()
_READ_ONLY = "25006"


class LimitedConnection(psycopg.Connection[Any]):
    """limit_s: of one wait; server_s: of a statement, as the server knows it.

    silence: told when the server did not answer.
    """

    silence: Silence
    limit_s = _SIGN_S
    server_s = 0.0

    def wait(
        self, gen: PQGen[RV], interval: float = 0.1, timeout: Any = _USUAL_WAIT
    ) -> RV:
        """Only what waits for notifications passes a time-out, None: no limit."""
        limit_s = self.limit_s if timeout is _USUAL_WAIT else timeout
        try:
            return super().wait(gen, interval, limit_s)
        except _WaitTimeout:
            if timeout is not _USUAL_WAIT:
                raise
            self.silence.began()
            # Its state is unknown: nobody may use it again.
            self.pgconn.finish()
            raise ConnectionTimeout(SILENT) from None


def open_postgresql(url: str, size: int, overflow: int) -> Engine:
    silence = _silence_of(url)
    engine = create_engine(
        url,
        poolclass=_pool_class(silence),
        pool_pre_ping=True,
        pool_use_lifo=True,  # those that nobody needs are not kept in use
        pool_size=size,
        max_overflow=overflow,
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, args: Any, given: Any) -> Any:
        return _connect(silence, args, _KERNEL | given)

    event.listen(engine, "checkout", _limit)
    event.listen(engine, "checkin", _expect_a_sign)
    event.listen(engine, "handle_error", _assess)
    return engine


@lru_cache(maxsize=8)
def _silence_of(_url: str) -> Silence:
    """Return the same for all that this process opens there, one after the other."""
    return Silence()


def _pool_class(silence: Silence) -> type[QueuePool]:
    class LimitedPool(QueuePool):
        """Nobody waits for a connection while the server is silent."""

        # Names the logger: each lost connection is worth no line of ours.
        __module__ = QueuePool.__module__

        @property
        def _timeout(self) -> float:
            return time_limits().connect_s

        @_timeout.setter
        def _timeout(self, _seconds: float) -> None:
            pass  # of whoever asks, not of the pool

        def connect(self) -> PoolProxiedConnection:
            with silence.one_asks():
                try:
                    return super().connect()
                except PoolTimeout as exc:
                    if time_limits().is_request:
                        raise DatabaseAway("all connections are in use") from exc
                    raise

    return LimitedPool


def _connect(silence: Silence, args: Any, given: Any) -> LimitedConnection:
    """Connect in a thread: nothing else can end a name's resolution."""
    if silence.is_new:
        raise ConnectionTimeout(SILENT)
    connection = _within(
        time_limits().connect_s, lambda: LimitedConnection.connect(*args, **given)
    )
    if connection is None:
        silence.began()
        raise ConnectionTimeout(SILENT)
    connection.silence = silence
    connection.limit_s = time_limits().connect_s
    return connection


def _within(
    limit_s: float, connect: Callable[[], LimitedConnection]
) -> LimitedConnection | None:
    """Return the connection, None if there was no answer in time."""
    found: Future[LimitedConnection] = Future()

    def run() -> None:
        try:
            connection = connect()
        except Exception as exc:  # noqa: BLE001 - whoever waits gets it
            with suppress(InvalidStateError):
                found.set_exception(exc)
            return
        try:
            found.set_result(connection)
        except InvalidStateError:  # nobody waits any more
            connection.close()

    threading.Thread(target=run, name="connect", daemon=True).start()
    try:
        return found.result(limit_s)
    except ConnectionTimeout:
        return None
    except FutureTimeout:
        return None if found.cancel() else found.result()


def _limit(connection: LimitedConnection, _record: Any, _proxy: Any) -> None:
    """Let statements take as long as whoever asks can wait."""
    statement_s = time_limits().statement_s
    connection.limit_s = time_limits().connect_s
    if connection.server_s != statement_s:
        connection.autocommit = True
        try:
            connection.execute(_LIMITS, [f"{statement_s:g}s"])
        finally:
            if not connection.closed:
                connection.autocommit = False
        connection.server_s = statement_s
    connection.limit_s = statement_s + _EXTRA_S


def _expect_a_sign(connection: LimitedConnection | None, _record: Any) -> None:
    """The next that happens to it is a look whether it still lives."""
    if connection is not None:
        connection.limit_s = _SIGN_S


def _assess(context: ExceptionContext) -> DatabaseAway | None:
    """Let the job engine retry what passes, but not while a request waits for it."""
    error = context.original_exception
    is_read_only = getattr(error, "sqlstate", None) == _READ_ONLY
    if is_read_only:
        # After a failover the name leads elsewhere, but not these connections.
        context.is_disconnect = True
    if context.is_pre_ping or not time_limits().is_request:
        return None
    is_away = is_read_only or isinstance(error, psycopg.OperationalError)
    return DatabaseAway(reason(error)) if is_away else None
