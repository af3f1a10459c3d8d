"""Spans of hours in each week of a site, such as weekdays from 22:00 to 6:00. Pure.

Hours that go over midnight belong to the day on which they begin. When the clocks
change, a time means the first moment at which the clock on the wall has reached it: one
that is left out is the moment of the jump, one that comes twice the first of the two.
So what ends at a time always ends when what begins then begins: nothing between them is
lost or doubled, and hours are an hour shorter or longer on those days.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)
# Hours of any week are found within it, also where a calendar left a day out.
_WEEK_AND_MORE = 9
# Two kinds of hours meet within this time or never; the clocks may change in between.
_MEET_WITHIN = timedelta(days=15)


class HourSpan(Struct, frozen=True):
    """days: on which it begins, 0 is Monday. until: on the next day if not later."""

    days: frozenset[int]
    begin: time
    until: time

    def on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return when the span of that day begins and is over, in UTC."""
        last = day if self.until > self.begin else day + _DAY
        return _moment(day, self.begin, zone), _moment(last, self.until, zone)


class WeeklyHours(Struct, frozen=True):
    """One or more spans, which may overlap."""

    spans: tuple[HourSpan, ...]

    def __contains__(self, at: tuple[datetime, ZoneInfo]) -> bool:
        moment, zone = at
        return any(
            begin <= moment < end for begin, end in self._around(moment, zone, 1)
        )

    def next_begin(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when they begin next, after that moment; None: never."""
        around = self._around(moment, zone, _WEEK_AND_MORE)
        return min(
            (begin for begin, end in around if moment < begin < end), default=None
        )

    def _around(
        self, moment: datetime, zone: ZoneInfo, days: int
    ) -> Iterator[tuple[datetime, datetime]]:
        """Yield the spans that begin from two days before up to `days` after."""
        today = moment.astimezone(zone).date()
        for offset in range(-2, days + 1):
            try:
                day = today + offset * _DAY
                found = [s.on(day, zone) for s in self.spans if day.weekday() in s.days]
            except OverflowError:  # the first and the last days of the calendar
                continue
            yield from found


def next_within(
    hours: Sequence[WeeklyHours], moment: datetime, zone: ZoneInfo
) -> datetime | None:
    """Return the first moment, from this one on, that is within all of these hours.

    None: there is none. Without any hours it is the moment itself.
    """
    at = moment
    while at - moment <= _MEET_WITHIN:
        outside = [one for one in hours if (at, zone) not in one]
        if not outside:
            return at
        begins = [one.next_begin(at, zone) for one in outside]
        known = [begin for begin in begins if begin is not None]
        if len(known) < len(begins):
            return None
        at = max(known)
    return None


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the first moment at which the clock there has reached that time."""
    wall = datetime.combine(day, at)
    first = wall.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    # Left out: the jump is between the moments by the offsets before and after it.
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    begin_s, end_s = int(early.timestamp()), int(first.timestamp())
    while begin_s < end_s:
        middle_s = (begin_s + end_s) // 2
        if datetime.fromtimestamp(middle_s, zone).replace(tzinfo=None) < wall:
            begin_s = middle_s + 1
        else:
            end_s = middle_s
    return datetime.fromtimestamp(begin_s, UTC)
