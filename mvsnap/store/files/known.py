"""Which of some files a row still names."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Column, select, union

from mvsnap.store.database import Database
from mvsnap.store.pieces import pieces


class KnownFiles:
    """columns: all that name a file below data_dir."""

    def __init__(self, db: Database, columns: Collection[Column[Any]]) -> None:
        self._db = db
        self._columns = tuple(columns)

    def of(self, paths: Iterable[str]) -> set[str]:
        """Return those of these that a row names."""
        known: set[str] = set()
        for some in pieces(sorted(set(paths))):
            naming = union(*(select(c).where(c.in_(some)) for c in self._columns))
            known.update(self._db.scalars(naming))
        return known
