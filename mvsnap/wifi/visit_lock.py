"""Whether visits may be changed: by one process at a time, and by nobody else while a
rebuild goes on.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from mvsnap.clock import is_to_come
from mvsnap.store.database import Database
from mvsnap.wifi.tables import scan_pauses

# The name of its row among the pauses; the row stays until the rebuild is complete.
REBUILD = "rebuild"
# Longer than any step, also on a small machine.
PAUSE = timedelta(seconds=60)
# Arbitrary, but the same in every process.
_LOCK = 5_004_002


def lock_visits(db: Database, connection: Connection, *, wait: bool = False) -> bool:
    """Let nobody else change visits until the end of the transaction.

    On SQLite the writer has it anyway.
    """
    if db.is_sqlite:
        return True
    if wait:
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        return True
    return bool(
        connection.execute(select(func.pg_try_advisory_xact_lock(_LOCK))).scalar_one()
    )


def is_paused(connection: Connection, now: datetime) -> bool:
    """Return whether a rebuild goes on, or has broken off just now."""
    until = connection.execute(select(func.max(scan_pauses.c.until))).scalar_one()
    return until is not None and not is_over(until, now)


def is_over(until: datetime, now: datetime) -> bool:
    """Return whether the pause is over; none is longer, or the clock was ahead."""
    return until <= now or is_to_come(until, now + PAUSE)


def is_rebuilding(connection: Connection) -> bool:
    """Return whether a rebuild is incomplete, even if nobody continues it."""
    return connection.execute(select(scan_pauses.c.name)).first() is not None
