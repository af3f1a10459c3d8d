"""When each kind of data was cleaned last, and what is held until somebody looks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select

from mvsnap.store.database import Database
from mvsnap.store.tables import cleanings, metadata


class CleaningStore:
    """kind: such as "Events"; see the table in `runtime/cleaning.py`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def last(self, kind: str) -> datetime | None:
        """Return what the clock said when this was cleaned, None if it never was."""
        statement = select(cleanings.c.cleaned_at).where(cleanings.c.kind == kind)
        found: datetime | None = self._db.scalar(statement)
        return found

    def held(self) -> dict[str, str]:
        """Return why a kind is not cleaned, by kind."""
        statement = select(cleanings.c.kind, cleanings.c.held).where(
            cleanings.c.held != ""
        )
        rows = self._db.rows(statement.order_by(cleanings.c.kind))
        return {row.kind: row.held for row in rows}

    def done(self, kind: str, at: datetime, *, held: str = "") -> None:
        """held: why a part of it stays, whatever the clock says."""
        self._put(kind, {"cleaned_at": at, "held": held})

    def hold(self, kind: str, why: str) -> None:
        self._put(kind, {"held": why})

    def count(self, tables: Iterable[str]) -> int:
        """Return how many rows the tables have together."""
        statements = [
            select(func.count()).select_from(metadata.tables[name]) for name in tables
        ]
        with self._db.reading() as connection:
            return sum(connection.execute(one).scalar_one() for one in statements)

    def _put(self, kind: str, fresh: dict[str, object]) -> None:
        statement = self._db.upsert(cleanings, *fresh).values(kind=kind, **fresh)
        self._db.execute(statement)
