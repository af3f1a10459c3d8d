"""When the database was restored from a backup: what was sent since then is unknown."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from mvsnap.store.database import Database
from mvsnap.store.sharing.tables import restores


class RestoreStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def note(self, at: datetime) -> None:
        statement = self._db.insert(restores).values(restored_at=at)
        self._db.execute(statement.on_conflict_do_nothing())

    def last(self) -> datetime | None:
        """Return the last time, None if it never was."""
        moment: datetime | None = self._db.scalar(
            select(func.max(restores.c.restored_at))
        )
        return moment
