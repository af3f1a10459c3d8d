"""Sums of the stored visitor counts; the database counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Table, false, func, select, tuple_

from mvsnap.domain import Serial, ZoneId
from mvsnap.store.database import Database
from mvsnap.store.sense import ZoneKey
from mvsnap.visitors.rules import CountedSpans, Span
from mvsnap.visitors.tables import visitor_days, visitor_hours


class VisitorSums:
    def __init__(self, db: Database) -> None:
        self._db = db

    def whole(self, stretch: CountedSpans) -> dict[ZoneKey, int]:
        """Return the entrances of each zone of which nothing in the stretch is missing.

        A zone that was counted for a part of it cannot be compared.
        """
        days = self._complete(visitor_days, stretch.days)
        hours = self._complete(visitor_hours, stretch.hours)
        if not stretch.days:
            return hours
        if not stretch.hours:
            return days
        return {key: days[key] + hours[key] for key in days.keys() & hours.keys()}

    def _complete(self, table: Table, spans: Sequence[Span]) -> dict[ZoneKey, int]:
        if not spans:
            return {}
        columns = table.c
        begins = [begin for begin, _ in spans]
        found: list[ColumnElement[bool]] = [columns.began_at.in_(begins)]
        if "is_over" in columns:
            found.append(columns.is_over)
        statement = (
            select(columns.serial, columns.zone_id, func.sum(columns.entrances))
            .where(*found)
            .group_by(columns.serial, columns.zone_id)
            .having(func.count() == len(spans))
        )
        rows = self._db.rows(statement)
        return {(Serial(row[0]), ZoneId(row[1])): int(row[2]) for row in rows}

    def by_hour(
        self, keys: Collection[ZoneKey], since: datetime, until: datetime
    ) -> Counter[datetime]:
        """Return the entrances of all these zones by the begin of each stored hour."""
        hours = visitor_hours.c
        of_zones = tuple_(hours.serial, hours.zone_id).in_(sorted(keys))
        statement = (
            select(hours.began_at, func.sum(hours.entrances))
            .where(hours.began_at >= since, hours.began_at < until)
            .where(of_zones if keys else false())
            .group_by(hours.began_at)
        )
        return Counter({row[0]: int(row[1]) for row in self._db.rows(statement)})
