"""Sums over visits, as the pages show them; the database counts.

They come from visit_counts, by the quarter of an hour in which visits began, so their
cost does not depend on how much is stored. Only distinct devices are counted from the
visits of the span, which are stored side by side.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    cast,
    func,
    or_,
    select,
)

from mvsnap.core.days import day_span
from mvsnap.store.database import Database
from mvsnap.wifi.conditions import (
    DAY_S,
    HOUR_S,
    Condition,
    local,
    of_hours,
    of_source,
    of_total,
    of_visits,
    seconds,
)
from mvsnap.wifi.counts import sums_of_visits
from mvsnap.wifi.model import (
    BusyHour,
    DayActivity,
    DwellClass,
    HourActivity,
    Totals,
    WifiFilter,
)
from mvsnap.wifi.tables import observations, scan_sources, visit_counts, visits
from mvsnap.wifi.visit_writer import SLOT_S
from mvsnap.wifi.visits import DWELL_CLASSES_S, MINUTE_S

_EPOCH_DAY = date(1970, 1, 1)


class WifiReports:
    """long_stay_s: whoever stays longer is staff or a printer.

    The worker recounts the sums by it before it makes visits.
    """

    def __init__(self, db: Database, *, long_stay_s: int) -> None:
        self._db = db
        self._long_stay_s = long_stay_s

    def networks(self) -> list[str]:
        """Return the networks that ever sent observations; "" is one without a name."""
        network_id = scan_sources.c.network_id
        statement = select(network_id).distinct().order_by(network_id)
        with self._db.reading() as connection:
            return list(connection.execute(statement).scalars())

    def latest(self) -> datetime | None:
        """Return the minute of the newest processed observation."""
        statement = select(func.max(observations.c.minute))
        with self._db.reading() as connection:
            minute: int | None = connection.execute(statement).scalar_one()
        if minute is None:
            return None
        return datetime.fromtimestamp(minute * MINUTE_S, UTC)

    def totals(self, wanted: WifiFilter) -> Totals:
        """Return the sums of the whole span; three queries."""
        wanted = _whole_slots(wanted)
        table = self._counts(wanted)
        counts = table.c
        with self._db.reading() as connection:
            sums = select(
                _sum(counts.visits), _sum(counts.first_visits), _sum(counts.dwell_s)
            )
            many, new, dwell_s = connection.execute(
                sums.where(*_counted(connection, table, wanted))
            ).one()
            span = _span_of_counts(connection, table, wanted)
            long_stays = connection.execute(
                select(_sum(counts.visits)).where(*span, counts.is_long)
            ).scalar_one()
            devices = self._devices(connection, wanted)
        return Totals(many, long_stays, devices, new, _mean(dwell_s, many))

    def by_hour(self, wanted: WifiFilter, zone: ZoneInfo) -> list[HourActivity]:
        """Return 24 hours of the site's clock, 0 to 23, summed over the span.

        When clocks go back, both hours with the same name count as one.
        """
        table = self._counts(wanted)
        local_s = local(table.c.slot_s, wanted, zone)
        hour = cast((local_s % DAY_S) // HOUR_S, Integer).label("hour")
        found = {row[0]: row[1:] for row in self._sums(table, wanted, hour)}
        nothing = (0, 0, 0)
        return [
            HourActivity(hour, many, new, _mean(dwell_s, many))
            for hour in range(24)
            for many, new, dwell_s in [found.get(hour, nothing)]
        ]

    def by_day(self, wanted: WifiFilter, zone: ZoneInfo) -> list[DayActivity]:
        """Return every day of the site within the span, including empty ones."""
        wanted = _whole_slots(wanted)
        table = self._counts(wanted)
        local_s = local(table.c.slot_s, wanted, zone)
        day = cast(local_s // DAY_S, Integer).label("day")
        sums = {_date(row[0]): row[1:] for row in self._sums(table, wanted, day)}
        devices = self._devices_by_day(wanted, zone)
        nothing = (0, 0, 0)
        first = wanted.since.astimezone(zone).date()
        last = (wanted.until - timedelta(seconds=1)).astimezone(zone).date()
        days = (first + timedelta(n) for n in range((last - first).days + 1))
        return [
            DayActivity(day, many, devices.get(day, 0), new, _mean(dwell_s, many))
            for day in days
            for many, new, dwell_s in [sums.get(day, nothing)]
        ]

    def busiest(self, wanted: WifiFilter, zone: ZoneInfo) -> BusyHour | None:
        """Return the hour of a day in which most visits began, the first of equals."""
        table = self._counts(wanted)
        hours = cast(local(table.c.slot_s, wanted, zone) // HOUR_S, Integer)
        many = _sum(table.c.visits)
        with self._db.reading() as connection:
            row = connection.execute(
                select(hours.label("hours"), many.label("many"))
                .where(*_counted(connection, table, wanted))
                .group_by("hours")
                .having(many > 0)
                .order_by(many.desc(), hours)
                .limit(1)
            ).first()
        if row is None:
            return None
        day, hour = divmod(row.hours, 24)
        return BusyHour(_date(day), hour, row.many)

    def dwell(self, wanted: WifiFilter) -> list[DwellClass]:
        """Return the visits by length, in consecutive classes."""
        table = self._counts(wanted)
        by = table.c.dwell_class
        found = {row[0]: row[1] for row in self._sums(table, wanted, by)}
        ends = (*DWELL_CLASSES_S[1:], None)
        return [
            DwellClass(from_s, to_s, found.get(index, 0))
            for index, (from_s, to_s) in enumerate(
                zip(DWELL_CLASSES_S, ends, strict=True)
            )
        ]

    def _counts(self, wanted: WifiFilter) -> FromClause:
        """Return the sums to read: stored ones, or those of some devices alone."""
        if wanted.total is None:
            return visit_counts
        wanted = _whole_slots(wanted)
        return sums_of_visits(
            self._long_stay_s,
            visits.c.time_in_s >= seconds(wanted.since),
            visits.c.time_in_s < seconds(wanted.until),
            *of_total(visits.c, wanted),
        ).subquery()

    def _sums(
        self, table: FromClause, wanted: WifiFilter, by: ColumnElement[int]
    ) -> list[Any]:
        counts = table.c
        statement = select(
            by, _sum(counts.visits), _sum(counts.first_visits), _sum(counts.dwell_s)
        )
        with self._db.reading() as connection:
            where = _counted(connection, table, wanted)
            return list(connection.execute(statement.where(*where).group_by(by)))

    def _devices(self, connection: Connection, wanted: WifiFilter) -> int:
        """Return the number of distinct devices."""
        where = of_visits(connection, wanted, self._long_stay_s)
        if wanted.hours is None:
            # Each counts at its first visit in the span; nothing has to be sorted.
            where.append(_none_since(seconds(wanted.since)))
            statement = select(func.count()).select_from(visits).where(*where)
        else:
            device = select(visits.c.source_id, visits.c.device).where(*where)
            statement = select(func.count()).select_from(device.distinct().subquery())
        many: int = connection.execute(statement).scalar_one()
        return many

    def _devices_by_day(self, wanted: WifiFilter, zone: ZoneInfo) -> dict[date, int]:
        """Return the number of devices of each day; a query for each.

        A single one would have to sort all visits by day.
        """
        found, until = {}, wanted.since
        with self._db.reading() as connection:
            while until < wanted.until:
                since, day = until, until.astimezone(zone).date()
                until = min(day_span(day.isoformat(), zone)[1], wanted.until)
                here = replace(wanted, since=since, until=until)
                found[day] = self._devices(connection, here)
        return found


def _counted(
    connection: Connection, table: FromClause, wanted: WifiFilter
) -> list[Condition]:
    found = _span_of_counts(connection, table, wanted)
    return found if wanted.long_stays else [*found, ~table.c.is_long]


def _span_of_counts(
    connection: Connection, table: FromClause, wanted: WifiFilter
) -> list[Condition]:
    slot_s, wanted = table.c.slot_s, _whole_slots(wanted)
    return [
        slot_s >= seconds(wanted.since),
        slot_s < seconds(wanted.until),
        *of_source(connection, table.c.source_id, wanted),
        *of_hours(slot_s, wanted),
    ]


def _whole_slots(wanted: WifiFilter) -> WifiFilter:
    """Return the filter with its span extended to whole quarters of an hour."""
    since_s, until_s = seconds(wanted.since), seconds(wanted.until)
    return replace(
        wanted,
        since=datetime.fromtimestamp(since_s // SLOT_S * SLOT_S, UTC),
        until=datetime.fromtimestamp(-(-until_s // SLOT_S) * SLOT_S, UTC),
    )


def _none_since(since_s: int) -> Condition:
    """Return the condition for the first visit of a device since then."""
    previous_in_s = visits.c.previous_in_s
    return or_(previous_in_s.is_(None), previous_in_s < since_s)


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    # PostgreSQL sums to numeric, which arrives as a Decimal.
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def _mean(total: int, many: int) -> float:
    return total / many if many else 0.0


def _date(number: int) -> date:
    return _EPOCH_DAY + timedelta(number)
