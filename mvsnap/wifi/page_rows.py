"""Wi-Fi rows: charts and tables of the store's results, as text and cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from mvsnap.core.days import lasting
from mvsnap.domain import Presence, Serial, ZoneId
from mvsnap.errors import BadInput
from mvsnap.texts import _, formats, ngettext
from mvsnap.web.charts import BarChart, Series
from mvsnap.web.places import Places
from mvsnap.wifi.model import (
    BusyHour,
    Comparison,
    DayActivity,
    DwellClass,
    HourActivity,
    PresenceMatch,
    Totals,
    ZoneMatch,
)

# Bars of more zones than this could not be told apart.
_MOST_ZONES = 12
_SHORTEST_CLASSES = 5
# From here on, seconds do not matter.
_LONG_S = 600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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


class ZoneRow(Struct, frozen=True):
    """One zone by name, with its results."""

    camera: str
    zone: str
    match: ZoneMatch

    @property
    def share(self) -> float:
        """Percent of the presences with a device near."""
        return 100 * self.match.accompanied / self.match.presences


class PresenceRow(Struct, frozen=True):
    """One presence with the name of its place; devices: visits near during it."""

    camera: str
    zone: str
    presence: Presence
    devices: int

    @property
    def key(self) -> str:
        return presence_key(self.presence)

    @property
    def lasted(self) -> timedelta:
        return self.presence.time_out - self.presence.time_in


def zone_rows(matches: Sequence[ZoneMatch], places: Places) -> list[ZoneRow]:
    """Return the zones, busiest first."""
    rows = [
        ZoneRow(places.camera(one.serial), places.zone(one.serial, one.zone_id), one)
        for one in matches
    ]
    return sorted(rows, key=lambda row: (-row.match.presences, row.camera, row.zone))


def presence_row(found: PresenceMatch, places: Places) -> PresenceRow:
    one = found.presence
    camera, zone = places.camera(one.serial), places.zone(one.serial, one.zone_id)
    return PresenceRow(camera, zone, one, found.visits)


def zone_chart(rows: Sequence[ZoneRow]) -> BarChart:
    """Return the presences of the busiest zones, with and without a device near."""
    shown = rows[:_MOST_ZONES]
    near = [row.match.accompanied for row in shown]
    rest = [row.match.presences - row.match.accompanied for row in shown]
    return BarChart(
        _("Presences per zone"),
        _short_names(shown),
        [Series(_("With a device nearby"), near), Series(_("Without a device"), rest)],
        _("presences"),
        _("Zone"),
        one=_("presence"),
    )


def _short_names(rows: Sequence[ZoneRow]) -> list[str]:
    """Return the names of cameras alone, or of zones alone, where they are unique."""
    cameras, zones = [row.camera for row in rows], [row.zone for row in rows]
    for names in (cameras, zones):
        if len(set(names)) == len(names):
            return names
    return [f"{row.camera}, {row.zone}" for row in rows]


def presence_key(presence: Presence) -> str:
    """Return the position of a presence in its list, for `after`."""
    at_us = (presence.time_in - _EPOCH) // _MICROSECOND
    return f"{at_us}.{presence.serial}.{presence.zone_id}"


def parse_presence_key(text: str) -> Presence:
    """Return a presence of which only place and begin are filled in.

    Raises:
        BadInput: it is not a key.
    """
    at_us, _, rest = text.partition(".")
    serial, _, zone_id = rest.partition(".")
    try:
        at = _EPOCH + int(at_us) * _MICROSECOND
    except (ValueError, OverflowError) as exc:
        raise BadInput(f"after: {text[:40]!r} (expected a row's key)") from exc
    return Presence(Serial(serial), ZoneId(zone_id), at, at, 0)
