"""Numbers of rows by state, for /metrics."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from mvsnap.store.database import Database
from mvsnap.store.tables import clips, deliveries


class RowCounts:
    def __init__(self, db: Database) -> None:
        self._db = db

    def clips(self) -> Mapping[str, int]:
        """Return how many clips are in each state."""
        return self._counted(
            select(clips.c.state, func.count()).group_by(clips.c.state)
        )

    def deliveries(self, since: datetime) -> Mapping[str, int]:
        """Return how many messages have come into each state since then."""
        statement = select(deliveries.c.state, func.count())
        recent = deliveries.c.changed_at >= since
        return self._counted(statement.where(recent).group_by(deliveries.c.state))

    def _counted(self, statement: Select[Any]) -> Mapping[str, int]:
        return {row[0]: int(row[1]) for row in self._db.rows(statement)}
