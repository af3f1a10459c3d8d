"""Days of the site: a date of its calendar as two moments. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.errors import BadInput
from mvsnap.texts.formats import lasting as lasting


class HoursOfDay(Struct, frozen=True):
    """Some hours of each day on the clock of a site, such as 8 to 18.

    first: the hour that begins them, 0 to 23; until: the hour at which they are over,
    1 to 24. If that is earlier than `first`, they go over midnight.
    """

    first: int
    until: int
    zone: ZoneInfo

    def __contains__(self, moment: datetime) -> bool:
        hour = moment.astimezone(self.zone).hour
        if self.first < self.until:
            return self.first <= hour < self.until
        return hour >= self.first or hour < self.until


def day_span(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when the day begins and when the next one does, in UTC.

    A day has 23 or 25 hours when the clocks change.

    Raises:
        BadInput: `text` is not a date like 2026-01-31.
    """
    day = parse_day(text)
    try:
        return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    except OverflowError as exc:  # the year 1, in UTC
        raise _not_a_date(text) from exc


def shift_span(
    day: date | None, hours: HoursOfDay, now: datetime
) -> tuple[datetime, datetime]:
    """Return when the hours of that day begin and are over, in UTC.

    A shift over midnight is of the day on which it begins. Without a day: the last one
    that has begun.
    """
    first = day or now.astimezone(hours.zone).date()
    begin, end = _shift(first, hours)
    if day is None and begin > now:
        begin, end = _shift(first - timedelta(days=1), hours)
    return begin, end


def _shift(day: date, hours: HoursOfDay) -> tuple[datetime, datetime]:
    is_over_midnight = hours.until <= hours.first
    last = day + timedelta(days=1) if is_over_midnight or hours.until == 24 else day
    begin = datetime.combine(day, time(hours.first), tzinfo=hours.zone)
    end = datetime.combine(last, time(hours.until % 24), tzinfo=hours.zone)
    return begin.astimezone(UTC), end.astimezone(UTC)


def parse_day(text: str) -> date:
    """Return a date like 2026-01-31, with a day after it.

    Raises:
        BadInput: `text` is not one.
    """
    try:
        day = date.fromisoformat(text.strip())
        day + timedelta(days=1)
    except (ValueError, OverflowError) as exc:
        raise _not_a_date(text) from exc
    return day


def _not_a_date(text: str) -> BadInput:
    return BadInput(
        f"day: not a date: {text[:40]!r} (expected one like 2026-01-31)",
        code="bad_time",
    )


def local_moment(name: str, text: str, zone: ZoneInfo) -> datetime:
    """Return a time without an offset, which is in the site's zone, in UTC.

    Raises:
        BadInput: `text` is not a time like 2026-01-31T08:15.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise BadInput(
            f"{name}: not a time: {text[:40]!r} (expected one like 2026-01-31T08:15)",
            code="bad_time",
        ) from exc


def utc_offsets(
    since: datetime, until: datetime, zone: ZoneInfo
) -> list[tuple[int, int]]:
    """Return the site's offsets from UTC, in seconds, in order of time.

    Each with the second since 1970 it applies from; the first applies at `since`.
    Clocks change at a quarter of an hour.
    """
    at_s, end_s = int(since.timestamp()), int(until.timestamp())
    found = [(at_s, _ahead_s(at_s, zone))]
    while at_s < end_s:
        next_s = min(end_s, at_s + 86_400)
        if _ahead_s(next_s, zone) != found[-1][1]:
            before_s, quarter = at_s, next_s - next_s % 900
            while quarter - 900 > before_s and (
                _ahead_s(quarter - 900, zone) != found[-1][1]
            ):
                quarter -= 900
            found.append((quarter, _ahead_s(quarter, zone)))
        at_s = next_s
    return found


def _ahead_s(at_s: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(at_s, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # Where the clocks change at midnight, the first one of two or the jump itself.
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
