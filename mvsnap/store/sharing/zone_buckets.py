"""Which listener has the state of which zones: only that one may write it.

A listener stops when its lease is over, but not if it froze after it looked at the
lease and before it wrote. So each listener writes its name to the zones that it takes
over, and each of its transactions looks for that name first.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from mvsnap.store.database import Database
from mvsnap.store.sense import Fence
from mvsnap.store.sharing.tables import zone_buckets

# A process that freezes in its transaction must not hold up the others for ever.
_FROZEN_MS = 10_000


class BucketStore:
    """holder: an id of this process, unique and new."""

    def __init__(self, db: Database, holder: str) -> None:
        self._db = db
        self._holder = holder

    def now(self) -> datetime:
        """Return the time of the database: clocks of machines differ."""
        now: datetime = self._db.scalar(select(func.now()))
        return now

    def held(self) -> frozenset[str]:
        """Return the buckets that nobody has taken since this process did."""
        mine = select(zone_buckets.c.bucket).where(
            zone_buckets.c.holder == self._holder
        )
        return frozenset(self._db.scalars(mine))

    def take(self, buckets: Collection[str]) -> dict[str, datetime]:
        """Take them over; return until when the holders before have worked on them.

        From now on what those still try to write is not let through.
        """
        mine = self._db.upsert(zone_buckets, "holder")
        rows = [{"bucket": name, "holder": self._holder} for name in sorted(buckets)]
        known = select(zone_buckets).where(zone_buckets.c.bucket.in_(sorted(buckets)))
        with self._db.writing() as connection:
            _end_if_frozen(connection)
            connection.execute(mine, rows)
            found = connection.execute(known).all()
        return {row.bucket: row.worked_until for row in found if row.worked_until}

    def fence(self, buckets: Collection[str], until: datetime | None) -> Fence:
        """Return what lets a transaction through while all of them are ours.

        until: what came before that is saved with it; None: not all of it.
        """
        table = zone_buckets.c
        ours = table.bucket.in_(sorted(buckets)), table.holder == self._holder
        # In order: the next holder takes them so.
        locked = select(table.bucket).where(*ours).order_by(table.bucket)
        locked = locked.with_for_update(key_share=True)

        def holds(connection: Connection) -> bool:
            _end_if_frozen(connection)
            found = connection.execute(locked).all()
            if len(found) == len(buckets) and until is not None:
                done = update(zone_buckets).where(*ours)
                connection.execute(done.values(worked_until=until))
            return len(found) == len(buckets)

        return holds


def _end_if_frozen(connection: Connection) -> None:
    limit = f"SET LOCAL idle_in_transaction_session_timeout = {_FROZEN_MS}"
    connection.exec_driver_sql(limit)
