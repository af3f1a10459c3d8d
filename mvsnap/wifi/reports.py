"""Sums over visits, as the pages show them; the database counts.

They come from visit_counts, by the quarter of an hour in which visits began, so their
cost does not depend on how much is stored. Only distinct devices are counted from the
visits of the span, which are stored side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    case,
    cast,
    func,
    or_,
    select,
)

from mvsnap.core.days import day_span
from mvsnap.store.database import Database
from mvsnap.values import replace
from mvsnap.wifi.conditions import (
    DAY_S,
    HOUR_S,
    Condition,
    hour_of_week,
    local,
    of_hours,
    of_source,
    of_total,
    of_visits,
    seconds,
)
from mvsnap.wifi.counts import is_counted_with, is_stale, sums_of_visits
from mvsnap.wifi.model import (
    BusyHour,
    DayActivity,
    DwellClass,
    HourActivity,
    Totals,
    VisitSums,
    WifiFilter,
)
from mvsnap.wifi.tables import (
    device_days,
    observations,
    scan_sources,
    visit_counts,
    visits,
)
from mvsnap.wifi.visits import DWELL_CLASSES_S, MINUTE_S, SLOT_S, VisitRule

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
        return self._db.scalars(statement)

    def latest(self) -> datetime | None:
        """Return the minute of the newest processed observation."""
        statement = select(func.max(observations.c.minute))
        minute: int | None = self._db.scalar(statement)
        if minute is None:
            return None
        return datetime.fromtimestamp(minute * MINUTE_S, UTC)

    def earliest(self) -> datetime | None:
        """Return when the first quarter of an hour with visits began."""
        statement = select(func.min(visit_counts.c.slot_s))
        slot_s: int | None = self._db.scalar(statement)
        return None if slot_s is None else datetime.fromtimestamp(slot_s, UTC)

    def sums(self, wanted: WifiFilter) -> VisitSums:
        """Return what needs no look at single visits, and is cheap for that."""
        wanted = _whole_slots(wanted)
        table = self._counts(wanted)
        with self._db.reading() as connection:
            many, new, dwell_s = _sums_of(connection, table, wanted)
        return VisitSums(many, new, _mean(dwell_s, many))

    def totals(self, wanted: WifiFilter) -> Totals:
        """Return the sums of the whole span; three queries."""
        wanted = _whole_slots(wanted)
        with self._db.reading() as connection:
            devices = self._devices(connection, wanted)
            return self._totals(connection, wanted, devices)

    def totals_and_days(
        self, wanted: WifiFilter, zone: ZoneInfo
    ) -> tuple[Totals, list[DayActivity]]:
        """Return `totals` and `by_day`; the visits of the span are read once."""
        wanted = _whole_slots(wanted)
        found = self._devices_by_day(wanted, zone)
        with self._db.reading() as connection:
            # Within hours of the day, a device may have been there at others before.
            devices = (
                sum(day.of_span for day in found.values())
                if wanted.hours is None
                else self._devices(connection, wanted)
            )
            totals = self._totals(connection, wanted, devices)
        return totals, self._days(wanted, zone, found)

    def _totals(
        self, connection: Connection, wanted: WifiFilter, devices: int
    ) -> Totals:
        table = self._counts(wanted)
        many, new, dwell_s = _sums_of(connection, table, wanted)
        span = _span_of_counts(connection, table, wanted)
        statement = select(_sum(table.c.visits)).where(*span, table.c.is_long)
        long_stays = connection.execute(statement).scalar_one()
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
        return self._days(wanted, zone, self._devices_by_day(wanted, zone))

    def by_hour_of_week(
        self, wanted: WifiFilter, zone: ZoneInfo
    ) -> dict[int, tuple[int, int]]:
        """Return visits, and those of new devices, by the hour in which they began.

        The key is the hour of the week, see core.week_hours; without empty hours.
        """
        table = self._counts(wanted)
        hour = hour_of_week(local(table.c.slot_s, wanted, zone))
        found = self._sums(table, wanted, cast(hour, Integer).label("hour"))
        return {row[0]: (row[1], row[2]) for row in found}

    def _days(
        self, wanted: WifiFilter, zone: ZoneInfo, devices: Mapping[date, _Devices]
    ) -> list[DayActivity]:
        table = self._counts(wanted)
        local_s = local(table.c.slot_s, wanted, zone)
        day = cast(local_s // DAY_S, Integer).label("day")
        sums = {_date(row[0]): row[1:] for row in self._sums(table, wanted, day)}
        nothing, nobody = (0, 0, 0), _Devices(0, 0)
        first, last = _days_of(wanted, zone)
        days = (first + timedelta(n) for n in range((last - first).days + 1))
        return [
            DayActivity(
                day, many, devices.get(day, nobody).of_day, new, _mean(dwell_s, many)
            )
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
        return self._devices_of(connection, wanted, wanted.since).of_day

    def _devices_of(
        self, connection: Connection, wanted: WifiFilter, since: datetime
    ) -> _Devices:
        """Return the distinct devices, and those of them that are new since then.

        since: before the span, or its begin.
        """
        where = of_visits(connection, wanted, self._long_stay_s)
        is_new = case((_none_since(seconds(since)), 1))
        if wanted.hours is None:
            # Each counts at its first visit in the span; nothing has to be sorted.
            where.append(_none_since(seconds(wanted.since)))
            statement = select(func.count(), func.count(is_new)).select_from(visits)
            statement = statement.where(*where)
        else:
            device = select(visits.c.source_id, visits.c.device).where(*where)
            many = func.count()
            statement = select(many, many).select_from(device.distinct().subquery())
        return _Devices(*connection.execute(statement).one())

    def _devices_by_day(
        self, wanted: WifiFilter, zone: ZoneInfo
    ) -> dict[date, _Devices]:
        """Return the devices of each day: as counted, or a query for each.

        A single one would have to sort all visits by day.
        """
        found, until = {}, wanted.since
        with self._db.reading() as connection:
            if self._are_counted(connection, wanted, zone):
                return _counted_devices(connection, wanted, zone)
            while until < wanted.until:
                since, day = until, until.astimezone(zone).date()
                until = min(day_span(day.isoformat(), zone)[1], wanted.until)
                here = replace(wanted, since=since, until=until)
                found[day] = self._devices_of(connection, here, wanted.since)
        return found

    def _are_counted(
        self, connection: Connection, wanted: WifiFilter, zone: ZoneInfo
    ) -> bool:
        """Return whether `device_days` has the devices of these days."""
        if wanted.hours is not None or wanted.total is not None:
            return False
        first, last = _days_of(wanted, zone)
        begin, _ = day_span(first.isoformat(), zone)
        _, end = day_span(last.isoformat(), zone)
        rule = VisitRule(long_stay_s=self._long_stay_s, zone=zone)
        span = _span_of_counts(connection, visit_counts, wanted)
        return (
            (wanted.since, wanted.until) == (begin, end)
            and is_counted_with(connection, rule)
            and not is_stale(connection, *span)
        )


class _Devices(Struct, frozen=True):
    """of_day: distinct within it; of_span: not seen before in the whole span."""

    of_day: int
    of_span: int


def _counted_devices(
    connection: Connection, wanted: WifiFilter, zone: ZoneInfo
) -> dict[date, _Devices]:
    """Each device counts at its first visit of the day, or of the span."""
    first, last = ((day - _EPOCH_DAY).days for day in _days_of(wanted, zone))
    days = device_days.c
    many = _sum(days.visits)
    of_span = _sum(case((days.previous_day < first, days.visits), else_=0))
    statement = (
        select(days.day, many, of_span)
        .where(days.day >= first, days.day <= last, days.previous_day < days.day)
        .where(*of_source(connection, days.source_id, wanted))
        .group_by(days.day)
    )
    if not wanted.long_stays:
        statement = statement.where(~days.is_long)
    rows = connection.execute(statement)
    return {_date(row[0]): _Devices(row[1], row[2]) for row in rows}


def _days_of(wanted: WifiFilter, zone: ZoneInfo) -> tuple[date, date]:
    """Return the first and the last day of the span."""
    first = wanted.since.astimezone(zone).date()
    return first, (wanted.until - timedelta(seconds=1)).astimezone(zone).date()


def _sums_of(
    connection: Connection, table: FromClause, wanted: WifiFilter
) -> tuple[int, int, int]:
    """Return visits, those of new devices, and the length of all."""
    counts = table.c
    sums = select(_sum(counts.visits), _sum(counts.first_visits), _sum(counts.dwell_s))
    where = _counted(connection, table, wanted)
    many, new, dwell_s = connection.execute(sums.where(*where)).one()
    return many, new, dwell_s


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
