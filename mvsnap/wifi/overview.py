"""The Wi-Fi overview of a period: read from the store, with what it is compared to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.core.days import lasting
from mvsnap.core.week_hours import (
    averages,
    by_hour_of_day,
    hours_between,
    times_each,
)
from mvsnap.texts import _, formats, ngettext
from mvsnap.values import replace
from mvsnap.web.charts import BarChart, Series
from mvsnap.wifi.model import (
    BusyHour,
    Comparison,
    DayActivity,
    DwellClass,
    HourActivity,
    Totals,
    WifiFilter,
)
from mvsnap.wifi.reports import WifiReports
from mvsnap.wifi.visits import SLOT_S

_SHORTEST_CLASSES = 5
# From here on, seconds do not matter.
_LONG_S = 600
_WEEK = 7
# What was heard in a quarter of an hour has arrived and is counted by then.
_SETTLES = timedelta(minutes=15)
_SHORT_WEEK = timedelta(days=_WEEK, hours=-2)  # the clocks may change in it


class WeekOfVisits(Struct, frozen=True):
    """Averages of hours that are over; None for an hour that never was.

    values: visits of each hour of the week, Monday 0:00 first; None of a period shorter
    than a week. visits, new: of each hour of the day.
    """

    values: tuple[float | None, ...] | None
    visits: Sequence[float | None]
    new: Sequence[float | None]


class Activity(Struct, frozen=True):
    """What the page of hours shows; busiest: None without visits.

    now: the site's time, None if the period is over or has not begun.
    """

    totals: Totals
    hours: Sequence[HourActivity]
    days: Sequence[DayActivity]
    dwell: Sequence[DwellClass]
    busiest: BusyHour | None
    now: datetime | None = None
    compared: Comparison | None = None
    week: WeekOfVisits | None = None

    @property
    def has_any(self) -> bool:
        return bool(self.totals.visits or self.totals.long_stays)

    @property
    def busiest_hour(self) -> str:
        """The busiest time of its day for display: 15:00 to 16:00."""
        if self.busiest is None:
            return ""
        hour = self.busiest.hour
        ends = f"{(hour + 1) % 24:02}:00"
        return _("%(begin)s to %(end)s") % {"begin": f"{hour:02}:00", "end": ends}

    @property
    def dwell_mean(self) -> str:
        """The mean length of a visit for display, to the minute where it is long."""
        if not self.totals.visits:
            return "–"
        mean_s = self.totals.dwell_mean_s
        step_s = 60 if mean_s >= _LONG_S else 1
        return lasting(round(mean_s / step_s) * step_s)

    @property
    def by_hour(self) -> BarChart:
        """Visits of a day, or the average of several: a sum would grow with them."""
        labels = [f"{row.hour:02}" for row in self.hours]
        if self.week is not None:
            title = _("Average visits per hour of the day")
            pairs = zip(self.week.new, self.week.visits, strict=True)
            return _new_and_returning(title, labels, list(pairs), _visits)
        counts = [(row.new_devices, row.visits) for row in self.hours]
        running = self.now.hour if self.now else None
        title = _("Visits per hour of the day")
        return _new_and_returning(title, labels, counts, _visits, running)

    @property
    def by_day(self) -> BarChart:
        labels = [formats.short_day(row.day) for row in self.days]
        counts = [(row.new_devices, row.devices) for row in self.days]
        today = self.now.date() if self.now else None
        running = (n for n, row in enumerate(self.days) if row.day == today)
        return _new_and_returning(
            _("Devices per day"), labels, counts, _devices, next(running, None)
        )

    @property
    def by_dwell(self) -> BarChart:
        values = [row.visits for row in self.dwell_rows]
        labels = [dwell_words(row) for row in self.dwell_rows]
        return BarChart(
            _("Length of visits"),
            labels,
            [Series(_("Visits"), values)],
            _visits(2),
            _("Length"),
            one=_visits(1),
        )

    @property
    def dwell_rows(self) -> Sequence[DwellClass]:
        """The classes, without empty ones of long stays at the end."""
        rows = list(self.dwell)
        while len(rows) > _SHORTEST_CLASSES and not rows[-1].visits:
            rows.pop()
        return rows


def _visits(number: int) -> str:
    return ngettext("visit", "visits", number)


def _devices(number: int) -> str:
    return ngettext("device", "devices", number)


def _new_and_returning(
    title: str,
    labels: Sequence[str],
    counts: Sequence[tuple[float | None, float | None]],
    unit: Callable[[int], str],
    unfinished: int | None = None,
) -> BarChart:
    """Return bars of (new, all); None where nothing is known."""
    new = Series(_("New"), [_rounded(first) for first, _ in counts])
    rest = [
        None if first is None or many is None else many - first
        for first, many in counts
    ]
    back = Series(_("Returning"), [_rounded(many) for many in rest])
    series = [back, new]
    return BarChart(title, labels, series, unit(2), unfinished=unfinished, one=unit(1))


def _rounded(value: float | None) -> float | None:
    return value if value is None or value == int(value) else round(value, 1)


def dwell_words(row: DwellClass) -> str:
    """Return a class of lengths for display: < 1 min, 15–30 min, 1–2 h, ≥ 8 h."""
    if row.to_s is None:
        return f"≥ {lasting(row.from_s)}"
    if not row.from_s:
        return f"< {lasting(row.to_s)}"
    unit_s, unit = (60, "min") if row.to_s <= 3600 else (3600, "h")
    return f"{row.from_s // unit_s}–{row.to_s // unit_s} {unit}"


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
