"""The Wi-Fi overview of a period: read from the store, with what it is compared to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.core.week_hours import (
    averages,
    by_hour_of_day,
    hours_between,
    times_each,
)
from mvsnap.values import replace
from mvsnap.wifi.model import Comparison, WifiFilter
from mvsnap.wifi.page_rows import Activity, WeekOfVisits
from mvsnap.wifi.reports import WifiReports
from mvsnap.wifi.visits import SLOT_S

_WEEK = 7
# What was heard in a quarter of an hour has arrived and is counted by then.
_SETTLES = timedelta(minutes=15)
_SHORT_WEEK = timedelta(days=_WEEK, hours=-2)  # the clocks may change in it


def activity(
    reports: WifiReports, wanted: WifiFilter, zone: ZoneInfo, now: datetime
) -> Activity:
    """Return the overview of a span of whole days of the site."""
    totals, days = reports.totals_and_days(wanted, zone)
    return Activity(
        totals=totals,
        hours=reports.by_hour(wanted, zone),
        days=days,
        dwell=reports.dwell(wanted),
        busiest=reports.busiest(wanted, zone),
        now=now.astimezone(zone) if wanted.since <= now < wanted.until else None,
        compared=compared(reports, wanted, zone, now),
        week=week_of_visits(reports, wanted, zone, now),
    )


class _Shift(Struct, frozen=True):
    """Moves moments by whole days of the site, to the same time of day."""

    days: int
    zone: ZoneInfo

    def back(self, moment: datetime) -> datetime:
        then = moment.astimezone(self.zone) - timedelta(days=self.days)
        return then.astimezone(UTC)


def compared(
    reports: WifiReports, wanted: WifiFilter, zone: ZoneInfo, now: datetime
) -> Comparison | None:
    """Compare what is over; None where that, or the period before, is not all stored.

    A single day is compared with the same one of the week before.
    """
    days, earliest = _days_of(wanted, zone), reports.earliest()
    shift = _Shift(_WEEK if days == 1 else days, zone)
    until = min(wanted.until, _slot(now - _SETTLES))
    since = shift.back(wanted.since)
    if wanted.total is not None or earliest is None or until <= wanted.since:
        return None
    if earliest.astimezone(zone).date() > since.astimezone(zone).date():
        return None
    then = shift.back(until)
    return Comparison(
        *(wanted.since, until, reports.sums(replace(wanted, until=until))),
        *(since, then, reports.sums(replace(wanted, since=since, until=then))),
    )


def week_of_visits(
    reports: WifiReports, wanted: WifiFilter, zone: ZoneInfo, now: datetime
) -> WeekOfVisits | None:
    """Return averages of the hours that are over; None of a single day."""
    earliest = reports.earliest()
    if earliest is None or _days_of(wanted, zone) == 1:
        return None
    first = max(wanted.since, earliest.replace(minute=0))
    over = list(hours_between(first, min(wanted.until, _slot(now - _SETTLES))))
    if wanted.hours is not None:
        over = [hour for hour in over if hour in wanted.hours]
    if not over:
        return None
    until = over[-1] + timedelta(hours=1)
    sums = reports.by_hour_of_week(replace(wanted, since=first, until=until), zone)
    times = times_each(over, zone)
    visits = {hour: many for hour, (many, _) in sums.items()}
    new = {hour: many for hour, (_, many) in sums.items()}
    is_week = wanted.until - wanted.since >= _SHORT_WEEK
    return WeekOfVisits(
        averages(visits, times) if is_week else None,
        _of_day(visits, times),
        _of_day(new, times),
    )


def _of_day(sums: Mapping[int, int], times: Mapping[int, int]) -> list[float | None]:
    """Return the average of each hour of the day; None for one that never was."""
    pairs = zip(by_hour_of_day(sums), by_hour_of_day(times), strict=True)
    return [many / often if often else None for many, often in pairs]


def _days_of(wanted: WifiFilter, zone: ZoneInfo) -> int:
    first = wanted.since.astimezone(zone).date()
    last = (wanted.until - timedelta(seconds=1)).astimezone(zone).date()
    return (last - first).days + 1


def _slot(moment: datetime) -> datetime:
    second = int(moment.timestamp())
    return datetime.fromtimestamp(second - second % SLOT_S, UTC)
