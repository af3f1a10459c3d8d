"""Hours of the week on the site's clock: when it is open, and averages of them. Pure.

They are numbered from 0, Monday 0:00 to 1:00, to 167.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

HOURS_A_DAY = 24
HOURS_A_WEEK = 7 * HOURS_A_DAY


class OpeningHours(Struct, frozen=True):
    """The hours of the week in which the site is open."""

    hours: frozenset[int]
    zone: ZoneInfo

    def __contains__(self, moment: datetime) -> bool:
        return hour_of_week(moment, self.zone) in self.hours


def hour_of_week(moment: datetime, zone: ZoneInfo) -> int:
    local = moment.astimezone(zone)
    return local.weekday() * HOURS_A_DAY + local.hour


def times_each(hours: Iterable[datetime], zone: ZoneInfo) -> Mapping[int, int]:
    """Return how often each hour of the week is among these begins of hours.

    The hour that occurs twice when clocks go back is two; one left out is none.
    """
    return Counter(hour_of_week(hour, zone) for hour in hours)


def hours_between(since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield `since`, and each hour after it that is over at `until`."""
    hour = timedelta(hours=1)
    while since + hour <= until:
        yield since
        since += hour


def averages(
    sums: Mapping[int, float], times: Mapping[int, int]
) -> tuple[float | None, ...]:
    """Return the average of each hour of the week; None where there was no such hour.

    times: how often each occurred in the period of the sums.
    """
    return tuple(
        sums.get(hour, 0) / times[hour] if times.get(hour) else None
        for hour in range(HOURS_A_WEEK)
    )


def by_hour_of_day(of_week: Mapping[int, int]) -> list[int]:
    """Return the sum of the seven days for each hour of the day, 0 to 23."""
    return [
        sum(of_week.get(n, 0) for n in range(hour, HOURS_A_WEEK, HOURS_A_DAY))
        for hour in range(HOURS_A_DAY)
    ]
