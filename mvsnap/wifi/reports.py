"""Sums over visits, as the pages show them; the database counts.

They come from visit_counts, by the quarter of an hour in which visits began, so their
cost does not depend on how much is stored. Only distinct devices are counted from the
visits of the span, which are stored side by side.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    case,
    cast,
    func,
    or_,
    select,
)

from mvsnap.core.days import day_span, utc_offsets
from mvsnap.store.database import Database
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

_DAY_S, _HOUR_S = 86_400, 3600
_EPOCH_DAY = date(1970, 1, 1)

Condition = ColumnElement[bool]


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
        counts, wanted = visit_counts.c, _whole_slots(wanted)
        with self._db.reading() as connection:
            sums = select(
                _sum(counts.visits), _sum(counts.first_visits), _sum(counts.dwell_s)
            )
            many, new, dwell_s = connection.execute(
                sums.where(*_counted(connection, wanted))
            ).one()
            span = _span_of_counts(connection, wanted)
            long_stays = connection.execute(
                select(_sum(counts.visits)).where(*span, counts.is_long)
            ).scalar_one()
            devices = connection.execute(
                select(func.count())
                .select_from(visits)
                .where(*of_visits(connection, wanted, self._long_stay_s))
                .where(_none_since(_seconds(wanted.since)))
            ).scalar_one()
        return Totals(many, long_stays, devices, new, _mean(dwell_s, many))

    def by_hour(self, wanted: WifiFilter, zone: ZoneInfo) -> list[HourActivity]:
        """Return 24 hours of the site's clock, 0 to 23, summed over the span.

        When clocks go back, both hours with the same name count as one.
        """
        counts = visit_counts.c
        local_s = _local(counts.slot_s, wanted, zone)
        hour = cast((local_s % _DAY_S) // _HOUR_S, Integer).label("hour")
        found = {row[0]: row[1:] for row in self._sums(wanted, hour)}
        nothing = (0, 0, 0)
        return [
            HourActivity(hour, many, new, _mean(dwell_s, many))
            for hour in range(24)
            for many, new, dwell_s in [found.get(hour, nothing)]
        ]

    def by_day(self, wanted: WifiFilter, zone: ZoneInfo) -> list[DayActivity]:
        """Return every day of the site within the span, including empty ones."""
        wanted = _whole_slots(wanted)
        local_s = _local(visit_counts.c.slot_s, wanted, zone)
        day = cast(local_s // _DAY_S, Integer).label("day")
        sums = {_date(row[0]): row[1:] for row in self._sums(wanted, day)}
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
        hours = cast(_local(visit_counts.c.slot_s, wanted, zone) // _HOUR_S, Integer)
        many = _sum(visit_counts.c.visits)
        with self._db.reading() as connection:
            row = connection.execute(
                select(hours.label("hours"), many.label("many"))
                .where(*_counted(connection, wanted))
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
        counts = visit_counts.c
        found = {row[0]: row[1] for row in self._sums(wanted, counts.dwell_class)}
        ends = (*DWELL_CLASSES_S[1:], None)
        return [
            DwellClass(from_s, to_s, found.get(index, 0))
            for index, (from_s, to_s) in enumerate(
                zip(DWELL_CLASSES_S, ends, strict=True)
            )
        ]

    def _sums(self, wanted: WifiFilter, by: ColumnElement[int]) -> list[Any]:
        counts = visit_counts.c
        statement = select(
            by, _sum(counts.visits), _sum(counts.first_visits), _sum(counts.dwell_s)
        )
        with self._db.reading() as connection:
            where = _counted(connection, wanted)
            return list(connection.execute(statement.where(*where).group_by(by)))

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
                found[day] = connection.execute(
                    select(func.count())
                    .select_from(visits)
                    .where(*of_visits(connection, here, self._long_stay_s))
                    .where(_none_since(_seconds(since)))
                ).scalar_one()
        return found


def of_visits(
    connection: Connection, wanted: WifiFilter, long_stay_s: int
) -> list[Condition]:
    """Return the condition for visits of the filter."""
    since_s, until_s = _seconds(wanted.since), _seconds(wanted.until)
    found = [visits.c.time_in_s >= since_s, visits.c.time_in_s < until_s]
    found += of_source(connection, visits.c.source_id, wanted)
    dwell_s = visits.c.time_out_s - visits.c.time_in_s
    if not wanted.long_stays:
        found.append(dwell_s <= long_stay_s)
    if wanted.device is not None:
        found.append(visits.c.device == wanted.device)
    if wanted.min_rssi_dbm is not None:
        found.append(visits.c.rssi_dbm >= wanted.min_rssi_dbm)
    if wanted.min_dwell_s is not None:
        found.append(dwell_s >= wanted.min_dwell_s)
    return found


def of_source(
    connection: Connection, column: ColumnElement[int], wanted: WifiFilter
) -> list[Condition]:
    """Return the condition for network and radio, empty if any will do."""
    if wanted.network_id is None and wanted.radio is None:
        return []
    statement = select(scan_sources.c.id)
    if wanted.network_id is not None:
        statement = statement.where(scan_sources.c.network_id == wanted.network_id)
    if wanted.radio is not None:
        statement = statement.where(scan_sources.c.radio == wanted.radio)
    return [column.in_(connection.execute(statement).scalars().all())]


def _counted(connection: Connection, wanted: WifiFilter) -> list[Condition]:
    found = _span_of_counts(connection, wanted)
    return found if wanted.long_stays else [*found, ~visit_counts.c.is_long]


def _span_of_counts(connection: Connection, wanted: WifiFilter) -> list[Condition]:
    slot_s, wanted = visit_counts.c.slot_s, _whole_slots(wanted)
    return [
        slot_s >= _seconds(wanted.since),
        slot_s < _seconds(wanted.until),
        *of_source(connection, visit_counts.c.source_id, wanted),
    ]


def _whole_slots(wanted: WifiFilter) -> WifiFilter:
    """Return the filter with its span extended to whole quarters of an hour."""
    since_s, until_s = _seconds(wanted.since), _seconds(wanted.until)
    return replace(
        wanted,
        since=datetime.fromtimestamp(since_s // SLOT_S * SLOT_S, UTC),
        until=datetime.fromtimestamp(-(-until_s // SLOT_S) * SLOT_S, UTC),
    )


def _none_since(since_s: int) -> Condition:
    """Return the condition for the first visit of a device since then."""
    previous_in_s = visits.c.previous_in_s
    return or_(previous_in_s.is_(None), previous_in_s < since_s)


def _local(
    column: ColumnElement[int], wanted: WifiFilter, zone: ZoneInfo
) -> ColumnElement[int]:
    """Return seconds in the site's local time."""
    (_, first_s), *later = utc_offsets(wanted.since, wanted.until, zone)
    if not later:
        return column + first_s
    changes = [(column >= from_s, offset_s) for from_s, offset_s in reversed(later)]
    return column + case(*changes, else_=first_s)


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    # PostgreSQL sums to numeric, which arrives as a Decimal.
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def _mean(total: int, many: int) -> float:
    return total / many if many else 0.0


def _seconds(moment: datetime) -> int:
    """Return the first whole second at or after the moment."""
    return math.ceil(moment.timestamp())


def _date(number: int) -> date:
    return _EPOCH_DAY + timedelta(number)
