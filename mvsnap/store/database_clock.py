"""The database's time, and what moments were by it before it was set.

Of a SQLite file it is this machine's, which NTP sets by hours or years after a start
without a clock chip; a database server's may be set, too.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Column, ColumnElement, Connection, func, or_, select

from mvsnap.clock import ClockSettings

# What failed is tried again after ten minutes at most.
_LONGEST = timedelta(minutes=15)


def machine_now() -> datetime:
    return datetime.now(UTC)


class StoredTimes(Struct, frozen=True):
    """What stored moments are now, for signs of life; the time of an event stays.

    A minute stays one after a step of a day. Something may seem younger than it is,
    never older.
    """

    now: datetime
    _monotonic_s: float
    _settings: ClockSettings

    def age(self, moment: datetime) -> timedelta:
        """Return how long ago it was, by what passed."""
        return self._settings.age(moment, self.now, self._monotonic_s)

    def by_now(self, moment: datetime) -> datetime:
        """Return when it was, as the clock is set now."""
        return self.now - self.age(moment)


def is_due(
    at: Column[Any], now: datetime, longest: timedelta = _LONGEST
) -> ColumnElement[bool]:
    """Return the condition that the time of a row has come.

    longest: no row is put off for longer; one that seems to be is from before the clock
    was set back, and might wait for years.
    """
    return or_(at <= now, at > now + longest)


class DatabaseClock:
    """Thread-safe; it knows the steps since this process looked at it first."""

    def __init__(self, *, is_sqlite: bool) -> None:
        self._is_sqlite = is_sqlite
        self._settings = ClockSettings()
        if is_sqlite:  # a step may come before the first rows are read
            self._settings.nows(machine_now(), time.monotonic())

    def times(self, connection: Connection) -> StoredTimes:
        """Read the rows first: then none is from later."""
        if self._is_sqlite:
            now = machine_now()
        else:
            now = connection.execute(select(func.clock_timestamp())).scalar_one()
        monotonic_s = time.monotonic()
        self._settings.nows(now, monotonic_s)
        return StoredTimes(now, monotonic_s, self._settings)
