"""Visitors together: the total of a period, its chart, and its average week."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.clients.meraki.zones import ZoneKind
from mvsnap.config.visitors import EntranceSection
from mvsnap.core import week_hours
from mvsnap.domain import FULL_FRAME, Serial
from mvsnap.store.sense import ZoneKey
from mvsnap.texts import N_, _, formats
from mvsnap.visitors.filter import VisitorFilter
from mvsnap.visitors.rules import Span, hours_of, in_hours, settled
from mvsnap.visitors.store import VisitorStore
from mvsnap.visitors.zone_rows import EntranceChange, VisitorRow
from mvsnap.web.charts import MOST_SERIES, BarChart, Series

Counts = Mapping[ZoneKey, Mapping[datetime, int]]

# An average of fewer days would not be one of a week.
_WEEK = 7


class Entrance(Struct, frozen=True):
    """What counts as one: an entrance of the settings, or a single zone.

    entrances: None if nothing was counted there; compared: as of a row.
    """

    name: str
    keys: tuple[ZoneKey, ...]
    entrances: int | None
    compared: EntranceChange | None

    @property
    def change(self) -> float | None:
        return self.compared.percent if self.compared else None


class VisitorTotals(Struct, frozen=True):
    """what: the sentence about what is added up; entrances: None if nothing is known.

    a_day: average of the days that are over; people: the most that one camera saw at
    once. busiest: the bar with the most entrances.
    """

    what: str
    entrances: int | None
    compared: EntranceChange | None
    a_day: float | None
    people: int | None
    busiest: Span | None

    @property
    def change(self) -> float | None:
        return self.compared.percent if self.compared else None


class VisitorOverview(Struct, frozen=True):
    """named: the entrances of the settings, if there are any.

    chart: None without any count; spans: of its bars. week: the average entrances of
    each hour of the week, Monday 0:00 first; None for a shorter period.
    """

    totals: VisitorTotals
    named: Sequence[Entrance]
    chart: BarChart | None
    spans: Sequence[Span]
    says: str
    week: tuple[float | None, ...] | None


_SAYS = {
    "named": N_("All entrances together."),
    "whole": N_(
        "Entrances into the whole frame of each camera. "
        "Someone who passes two cameras is counted twice."
    ),
    ZoneKind.LINE: N_("People who crossed each line inwards."),
    ZoneKind.AREA: N_("Entrances into each area."),
    ZoneKind.ZONE: N_("Entrances into each zone."),
}
_SEEN = N_("The most people seen at once by one camera (MV Sense).")


def overview(
    visitors: VisitorStore,
    rows: Sequence[VisitorRow],
    asked: VisitorFilter,
    named: Sequence[EntranceSection],
    zone: ZoneInfo,
    now: datetime,
) -> VisitorOverview:
    """Add up places of the same kind; zones within a frame would count people twice.

    Where the Dashboard counted nobody, the chart shows what MV Sense saw.
    """
    kinds = _kinds(rows, named, asked.serial)
    own = [] if not named else kinds[0][1]
    kind, places = next(
        ((k, found) for k, found in kinds if any(p.entrances for p in found)),
        next(((k, found) for k, found in kinds if found), ("whole", [])),
    )
    spans = _chart_spans(asked, zone)
    counts = _by_bar(visitors, asked, zone)
    bars = _Bars(asked, spans, zone, now)
    chart, says = bars.entrances(_series(places, counts, spans)), _SAYS[kind]
    if chart.is_empty:
        chart, says = bars.people(_most_seen(visitors, asked, zone)), _SEEN
    sums = _sums(places, counts, spans)
    return VisitorOverview(
        _totals(_SAYS[kind], places, rows, sums, asked, spans, now),
        own,
        None if chart.is_empty else chart,
        spans,
        says,
        _week(visitors, places, asked, zone, now),
    )


def _kinds(
    rows: Sequence[VisitorRow],
    named: Sequence[EntranceSection],
    serial: Serial | None,
) -> list[tuple[str, list[Entrance]]]:
    """Return the kinds that can be added up, the preferred one first."""
    by_key = {row.key: row for row in rows}
    own = [
        _together(one.name, keys, [by_key[key] for key in keys if key in by_key])
        for one in named
        if (keys := tuple(k for k in one.keys if serial in (None, k[0])))
    ]
    whole = [_alone(row) for row in rows if row.is_full_frame]
    parts = [row for row in rows if not row.is_full_frame]
    kinds = (ZoneKind.LINE, ZoneKind.AREA, ZoneKind.ZONE)
    single = [(k, [_alone(row) for row in parts if row.kind is k]) for k in kinds]
    first: list[tuple[str, list[Entrance]]] = [("named", own)] if named else []
    return [*first, ("whole", whole), *single]


def _alone(row: VisitorRow) -> Entrance:
    name = row.camera if row.is_full_frame else f"{row.camera}, {row.zone}"
    return Entrance(name, (row.key,), row.entrances, row.compared)


def _together(
    name: str, keys: tuple[ZoneKey, ...], rows: Sequence[VisitorRow]
) -> Entrance:
    counted = [row.entrances for row in rows if row.entrances is not None]
    return Entrance(
        name,
        keys,
        sum(counted) if counted else None,
        _added([row.compared for row in rows]),
    )


def _added(changes: Iterable[EntranceChange | None]) -> EntranceChange | None:
    """Add up what was counted in both periods."""
    known = [change for change in changes if change is not None]
    if not known:
        return None
    return EntranceChange(sum(c.so_far for c in known), sum(c.before for c in known))


def _totals(
    what: str,
    places: Sequence[Entrance],
    rows: Sequence[VisitorRow],
    sums: Sequence[int | None],
    asked: VisitorFilter,
    spans: Sequence[Span],
    now: datetime,
) -> VisitorTotals:
    counted = [p.entrances for p in places if p.entrances is not None]
    over = [
        many
        for many, (_, end) in zip(sums, spans, strict=True)
        if many is not None and end <= now
    ]
    most = max((many for many in sums if many), default=None)
    return VisitorTotals(
        what,
        sum(counted) if counted else None,
        _added(place.compared for place in places),
        sum(over) / len(over) if over and asked.days > 1 else None,
        max((row.people for row in rows if row.people is not None), default=None),
        spans[sums.index(most)] if most is not None else None,
    )


def _week(
    visitors: VisitorStore,
    places: Sequence[Entrance],
    asked: VisitorFilter,
    zone: ZoneInfo,
    now: datetime,
) -> tuple[float | None, ...] | None:
    """Return the average of each hour of the week; hours not stored do not count."""
    if asked.days < _WEEK:
        return None
    keys = {key for place in places for key in place.keys}
    until = min(asked.until, settled(now, zone))
    stored = visitors.sums.by_hour(keys, asked.since, until)
    hours = {
        at: n for at, n in stored.items() if asked.hours is None or at in asked.hours
    }
    sums: dict[int, float] = {}
    for at, many in hours.items():
        number = week_hours.hour_of_week(at, zone)
        sums[number] = sums.get(number, 0) + many
    if not any(sums.values()):
        return None
    return week_hours.averages(sums, week_hours.times_each(hours, zone))


class _Bars(Struct, frozen=True):
    """Makes charts of the same bars."""

    asked: VisitorFilter
    spans: Sequence[Span]
    zone: ZoneInfo
    now: datetime

    def entrances(self, series: Sequence[Series]) -> BarChart:
        return self._chart(_("Entrances"), series, _("entrances"), _("entrance"))

    def people(self, values: Sequence[float | None]) -> BarChart:
        series = [Series(_("People"), values)]
        return self._chart(_("Peak people"), series, _("people"), _("person"))

    def _chart(
        self, what: str, series: Sequence[Series], unit: str, one: str
    ) -> BarChart:
        by_hour = self.asked.days == 1
        labels = [
            _label(begin.astimezone(self.zone), by_hour) for begin, _ in self.spans
        ]
        running = (n for n, (b, e) in enumerate(self.spans) if b <= self.now < e)
        title = _("%(what)s per hour") if by_hour else _("%(what)s per day")
        shown = title % {"what": what}
        now = next(running, None)
        return BarChart(shown, labels, series, unit, unfinished=now, one=one)


def _chart_spans(asked: VisitorFilter, clock: ZoneInfo) -> Sequence[Span]:
    """Return the span of each bar."""
    if asked.days > 1:
        return asked.spans
    if asked.hours is not None:
        return in_hours(asked.spans, asked.hours, clock)
    return hours_of(asked.spans[0], clock)


def _by_bar(
    visitors: VisitorStore, asked: VisitorFilter, zone: ZoneInfo
) -> dict[ZoneKey, dict[datetime, int]]:
    """Return the entrances of each zone by the begin of each bar."""
    by_hour = asked.days == 1 or asked.hours is not None
    found = visitors.entrances(asked.since, asked.until, by_hour=by_hour)
    if asked.hours is None or asked.days == 1:
        return found
    day_of = {
        hour: span[0]
        for span in asked.spans
        for hour, _ in in_hours([span], asked.hours, zone)
    }
    sums: dict[ZoneKey, dict[datetime, int]] = {}
    for key, hours in found.items():
        for began_at, many in hours.items():
            if (day := day_of.get(began_at)) is not None:
                days = sums.setdefault(key, {})
                days[day] = days.get(day, 0) + many
    return sums


def _most_seen(
    visitors: VisitorStore, asked: VisitorFilter, clock: ZoneInfo
) -> list[int | None]:
    """Return the most people that one camera saw at once, for each bar."""
    spans = _chart_spans(asked, clock)
    if asked.hours is None or asked.days == 1:
        seen = visitors.most_seen_in(spans, FULL_FRAME, asked.serial)
        return [seen.get(number) for number in range(len(spans))]
    hours = in_hours(asked.spans, asked.hours, clock)
    seen = visitors.most_seen_in(hours, FULL_FRAME, asked.serial)
    most: list[int | None] = []
    for begin, end in spans:
        day = [seen[n] for n in seen if begin <= hours[n][0] < end]
        most.append(max(day, default=None))
    return most


def _sums(
    places: Sequence[Entrance], counts: Counts, spans: Sequence[Span]
) -> list[int | None]:
    """Return the entrances of all places for each bar; None where nothing is known."""
    keys = {key for place in places for key in place.keys}
    return [
        _known_sum([counts.get(key, {}).get(at) for key in keys]) for at, _ in spans
    ]


def _known_sum(values: Iterable[float | None]) -> int | None:
    known = [int(value) for value in values if value is not None]
    return sum(known) if known else None


def _series(
    places: Iterable[Entrance], counts: Counts, spans: Sequence[Span]
) -> list[Series]:
    """Return a series for each of the busiest places, and one for all others."""
    busiest = sorted(places, key=lambda place: place.entrances or 0, reverse=True)
    series = [
        Series(place.name, _sums([place], counts, spans))
        for place in busiest
        if any(key in counts for key in place.keys)
    ]
    if len(series) <= MOST_SERIES:
        return series
    rest = series[MOST_SERIES - 1 :]
    columns = zip(*(one.values for one in rest), strict=True)
    sums = [_known_sum(values) for values in columns]
    return [*series[: MOST_SERIES - 1], Series(_others(len(rest)), sums)]


def _others(many: int) -> str:
    return _("%(number)s others") % {"number": many}


def _label(begin: datetime, by_hour: bool) -> str:
    return f"{begin:%H:%M}" if by_hour else formats.short_day(begin)
