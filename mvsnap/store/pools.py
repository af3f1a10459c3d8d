"""The connections of the job engine, with the time limits of ours."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import Pool as SqlPool
from sqlalchemy.pool import PoolProxiedConnection

from mvsnap.clock import SystemClock
from mvsnap.store.database import open_database
from mvsnap.store.shared_file import open_jobs_file
from mvsnap.store.time_limits import time_limits

Pool = Engine

_ASK_EVERY_S = 0.5


def open_jobs(url: str) -> Pool:
    return open_jobs_file(url) if url.startswith("sqlite") else open_database(url)


def that_waits(pool: Pool, clock: SystemClock) -> Pool:
    """Return the same, but its background work waits for a server that is away.

    The engine itself would ask at ever longer intervals, up to 90 s, and write a line
    each time: a queue would stand still that long after the server is back.
    """
    if pool.dialect.name == "sqlite":
        return pool
    return Engine(cast(SqlPool, _WaitingPool(pool, clock)), pool.dialect, pool.url)


class _WaitingPool:
    """The pool of another engine; `connect` waits."""

    def __init__(self, of: Engine, clock: SystemClock) -> None:
        self._of = of
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of.pool, name)

    def connect(self) -> PoolProxiedConnection:
        lost = (SQLAlchemyError, self._of.dialect.loaded_dbapi.OperationalError)
        while True:
            try:
                return self._of.pool.connect()
            except lost:
                if time_limits().is_request or self._clock.stopped:
                    raise
            self._clock.sleep(_ASK_EVERY_S)
