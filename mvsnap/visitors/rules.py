"""Visitors: what cameras counted, by hours and days of the site. Pure.

The Dashboard counts entrances: how often somebody entered a zone. MV Sense reports how
many people were seen at once. The two are never added up or mixed in one number.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.clients.meraki.zones import Count, CountedZone, ZoneKind
from mvsnap.core.days import HoursOfDay, day_span
from mvsnap.core.week_hours import OpeningHours
from mvsnap.domain import Presence

Span = tuple[datetime, datetime]  # from, to (exclusive), in UTC
WantedHours = HoursOfDay | OpeningHours

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
# Counts of an hour may be asked for this long after its end, those of a day sooner.
_HOUR_SETTLES, _DAY_SETTLES = timedelta(minutes=25), timedelta(minutes=10)


class HourPictureState(StrEnum):
    """State of the picture of a busiest minute.

    WAITING: not there yet, will be retried; NO_VIDEO: the camera has no video of that
    minute; OFFLINE: the camera was unreachable; FAILED: refused for another reason.
    """

    WAITING = "waiting"
    TAKEN = "taken"
    NO_VIDEO = "no_video"
    OFFLINE = "offline"
    FAILED = "failed"


class HourCount(Struct, frozen=True):
    """One hour of one zone, as counted by the Dashboard.

    busiest_at: the begin of its busiest minute, None if nobody came;
    busiest_people: the average number of people in it;
    busiest_entrances: the entrances in it.
    """

    began_at: datetime
    entrances: int
    average_people: float | None = None
    busiest_at: datetime | None = None
    busiest_people: float | None = None
    busiest_entrances: int = 0


class PeopleSeen(Struct, frozen=True):
    """One hour of one zone, as seen by MV Sense: the most people at once, and when."""

    people: int
    minute_at: datetime


class Hour(Struct, frozen=True):
    """One hour of one zone from both sources; None where a source has no data."""

    span: Span
    counted: HourCount | None = None
    seen: PeopleSeen | None = None

    @property
    def busiest_at(self) -> datetime | None:
        """The begin of the busiest minute; the Dashboard's is more precise."""
        if self.counted is not None and self.counted.busiest_at is not None:
            return self.counted.busiest_at
        return None if self.seen is None else self.seen.minute_at


def hour_start(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return when the site's hour of this moment began, in UTC.

    The hour that occurs twice when clocks go back is two hours.
    """
    local = moment.astimezone(zone)
    return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)


def last_hours(now: datetime, zone: ZoneInfo, count: int) -> list[Span]:
    """Return the last hours of the site, oldest first; the last is not over yet."""
    begins = [hour_start(now, zone)]
    while len(begins) < count:
        begins.append(hour_start(begins[-1] - timedelta(seconds=1), zone))
    begins.reverse()
    ends = [*begins[1:], _next_hour(begins[-1], zone)]
    return list(zip(begins, ends, strict=True))


def hours_of(span: Span, zone: ZoneInfo) -> list[Span]:
    """Return the hours of a day of the site: 23, 24 or 25."""
    found, begin = [], span[0]
    while begin < span[1]:
        end = min(_next_hour(begin, zone), span[1])
        found.append((begin, end))
        begin = end
    return found


def in_hours(spans: Iterable[Span], hours: WantedHours, zone: ZoneInfo) -> list[Span]:
    """Return the hours of these days that are wanted, in the same order."""
    each = (hour for span in spans for hour in hours_of(span, zone))
    return [hour for hour in each if hour[0] in hours]


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return the same time in fewer spans: one that follows another lengthens it."""
    found: list[Span] = []
    for begin, end in spans:
        if found and found[-1][1] == begin:
            found[-1] = (found[-1][0], end)
        else:
            found.append((begin, end))
    return found


def last_days(last: date, zone: ZoneInfo, count: int) -> list[Span]:
    """Return this many days of the site up to `last`, oldest first."""
    days = (last - timedelta(days=back) for back in reversed(range(count)))
    return [day_span(day.isoformat(), zone) for day in days]


class CountedSpans(Struct, frozen=True):
    """Whole days, and single hours beside them, that are over and counted."""

    days: tuple[Span, ...]
    hours: tuple[Span, ...]

    @property
    def spans(self) -> list[Span]:
        return sorted((*self.days, *self.hours))


def settled(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the end of the last hour whose counts should all be stored."""
    return hour_start(now - _HOUR_SETTLES, zone)


def comparable(
    days: Sequence[Span],
    back: int,
    zone: ZoneInfo,
    now: datetime,
    hours: WantedHours | None = None,
) -> tuple[CountedSpans, CountedSpans]:
    """Return what is over of these days, and the same so many days before.

    Of a day that is not over, the hours so far are compared with the same hours. hours:
    those that are wanted; None: all.
    """
    over = [day for day in days if day[1] <= now - _DAY_SETTLES]
    running = [day for day in days if day not in over and day[0] < now]
    until = settled(now, zone)
    so_far = [h for day in running for h in hours_of(day, zone) if h[1] <= until]
    clock = {hour.astimezone(zone).hour for hour, _ in so_far}
    then = [_days_before(day, back, zone) for day in over]
    then_so_far = [
        hour
        for day in running
        for hour in hours_of(_days_before(day, back, zone), zone)
        if hour[0].astimezone(zone).hour in clock
    ]
    return _stretch(over, so_far, zone, hours), _stretch(then, then_so_far, zone, hours)


def _days_before(day: Span, back: int, zone: ZoneInfo) -> Span:
    date_then = day[0].astimezone(zone).date() - timedelta(days=back)
    return last_days(date_then, zone, 1)[0]


def _stretch(
    days: Sequence[Span],
    so_far: Sequence[Span],
    zone: ZoneInfo,
    hours: WantedHours | None,
) -> CountedSpans:
    if hours is None:
        return CountedSpans(tuple(days), tuple(so_far))
    wanted = [hour for hour in so_far if hour[0] in hours]
    return CountedSpans((), (*in_hours(days, hours, zone), *wanted))


def hour_counts(
    counts: Iterable[Count], spans: Sequence[Span], until: datetime
) -> list[HourCount]:
    """Merge counts of minutes into one count per hour.

    spans: consecutive hours. until: the end of the period that the Dashboard was asked
    about; a minute missing from it had nobody.
    """
    begins = [begin for begin, _ in spans]
    parts: list[list[Count]] = [[] for _ in spans]
    for count in counts:
        number = bisect_right(begins, count.began_at) - 1
        if number >= 0 and count.began_at < spans[number][1]:
            parts[number].append(count)
    return [
        _hour_count(begin, part, min(end, until))
        for (begin, end), part in zip(spans, parts, strict=True)
    ]


def _hour_count(begin: datetime, counts: Sequence[Count], end: datetime) -> HourCount:
    top = busiest(counts)
    return HourCount(
        began_at=begin,
        entrances=sum(count.entrances for count in counts),
        average_people=_average(counts, end - begin),
        busiest_at=top.began_at if top else None,
        busiest_people=top.average_people if top else None,
        busiest_entrances=top.entrances if top else 0,
    )


def _average(counts: Sequence[Count], lasted: timedelta) -> float | None:
    known = [
        (count.average_people, count.ended_at - count.began_at)
        for count in counts
        if count.average_people is not None
    ]
    covered = max(lasted, sum((span for _, span in known), timedelta()))
    if not known or not covered:
        return None
    return round(sum(people * (span / covered) for people, span in known), 2)


def busiest(counts: Iterable[Count]) -> Count | None:
    """Return where most people were; if equal, where most came; then the first.

    None if nobody was there at all.
    """
    best, best_rank = None, (0.0, 0)
    for count in counts:
        rank = (count.average_people or 0.0, count.entrances)
        if rank > best_rank:
            best, best_rank = count, rank
    return best


def seen_in(
    presences: Iterable[Presence], spans: Sequence[Span]
) -> list[PeopleSeen | None]:
    """Return for each span how many people were seen at once, in the same order.

    spans: in order of time, possibly with gaps. A presence does not record in which of
    its minutes most people were there: the middle of its part within the span is used.
    """
    begins = [begin for begin, _ in spans]
    found: list[PeopleSeen | None] = [None] * len(spans)
    for presence in presences:
        first = max(bisect_right(begins, presence.time_in) - 1, 0)
        last = bisect_right(begins, presence.time_out)
        for index in range(first, last):
            since, until = spans[index]
            begin, end = max(presence.time_in, since), min(presence.time_out, until)
            known = found[index]
            if begin > end or begin >= until:
                continue
            if known is None or presence.peak_people > known.people:
                middle = min(begin + (end - begin) / 2, until - _MINUTE)
                found[index] = PeopleSeen(presence.peak_people, minute_of(middle))
    return found


def merged(
    spans: Sequence[Span],
    counted: Iterable[HourCount],
    seen: Sequence[PeopleSeen | None],
) -> list[Hour]:
    """Return one row per span from both sources; `seen` is in the order of spans."""
    known = {count.began_at: count for count in counted}
    return [
        Hour(span, known.get(span[0]), person)
        for span, person in zip(spans, seen, strict=True)
    ]


def minute_of(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def with_successors(
    zones: Sequence[CountedZone], boundaries: Sequence[CountedZone]
) -> list[CountedZone]:
    """Return the zones of a camera, and those areas and lines that are not among them.

    An area with the id or the label of a zone is its successor: while the zone is still
    served, the zone stands for both.
    """
    ids = {zone.zone_id for zone in zones}
    labels = {zone.label.casefold() for zone in zones if zone.label}
    return [
        *zones,
        *(
            found
            for found in boundaries
            if found.zone_id not in ids
            and (found.kind is ZoneKind.LINE or found.label.casefold() not in labels)
        ),
    ]


def _next_hour(begin: datetime, zone: ZoneInfo) -> datetime:
    # Where the offset changes by half an hour, an hour has 30 or 90 minutes.
    for minutes in (30, 60, 90):
        after = begin + timedelta(minutes=minutes)
        if hour_start(after, zone) != begin:
            return max(hour_start(after, zone), begin + _MINUTE)
    return begin + _HOUR
