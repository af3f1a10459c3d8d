"""Rows of the visitors' table, and its chart, from the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mvsnap.clients.meraki.zones import CountedZone, ZoneKind
from mvsnap.domain import FULL_FRAME, Serial, ZoneId
from mvsnap.store.sense import ZoneKey
from mvsnap.visitors.model import MostSeen, Total
from mvsnap.visitors.page_filter import VisitorFilter
from mvsnap.visitors.rules import Span, hours_of, in_hours
from mvsnap.visitors.store import VisitorStore
from mvsnap.web.charts import MOST_SERIES, BarChart, Series
from mvsnap.web.pages.places import Places


@dataclass(frozen=True, slots=True)
class VisitorRow:
    """One zone in the period.

    entrances, average: from the Dashboard; people, seen_at: from MV Sense, the most
    people at once and when anyone was last there. None where a source has no data.
    """

    serial: Serial
    camera: str
    zone_id: ZoneId
    zone: str
    kind: ZoneKind
    entrances: int | None
    average: float | None
    people: int | None
    seen_at: datetime | None

    @property
    def is_full_frame(self) -> bool:
        return self.zone_id == FULL_FRAME


def visitor_rows(
    visitors: VisitorStore, places: Places, asked: VisitorFilter
) -> list[VisitorRow]:
    """Return a row for each zone that is known or counted in the period."""
    if asked.hours is None:
        spans: Sequence[Span] = asked.spans
        counted = visitors.totals(spans)
    else:
        spans = in_hours(asked.spans, asked.hours, asked.hours.zone)
        counted = visitors.hour_totals(spans)
    seen = visitors.most_seen(spans)
    named = {(k.zone.serial, k.zone.zone_id): k.zone for k in visitors.zones()}
    keys = {*named, *counted, *seen}
    rows = [
        _row(key, named.get(key), places, counted.get(key), seen.get(key))
        for key in keys
        if asked.serial in (None, key[0])
    ]
    return _sorted(rows, asked)


def _row(
    key: ZoneKey,
    named: CountedZone | None,
    places: Places,
    counted: Total | None,
    seen: MostSeen | None,
) -> VisitorRow:
    serial, zone_id = key
    average = counted.average_people if counted else None
    return VisitorRow(
        serial=serial,
        camera=places.camera(serial),
        zone_id=zone_id,
        zone=zone_name(named, places, serial, zone_id),
        kind=named.kind if named else ZoneKind.ZONE,
        entrances=counted.entrances if counted else None,
        average=None if average is None else round(average, 2),
        people=seen.people if seen else None,
        seen_at=seen.seen_at if seen else None,
    )


def zone_name(
    named: CountedZone | None, places: Places, serial: Serial, zone_id: ZoneId
) -> str:
    if named is not None and named.label:
        return named.label
    return places.zone(serial, zone_id)


def _sorted(rows: Iterable[VisitorRow], asked: VisitorFilter) -> list[VisitorRow]:
    """Sort; rows without a number come last, equal ones in order of name."""

    def name(row: VisitorRow) -> tuple[Any, ...]:
        return (row.camera.casefold(), row.serial, not row.is_full_frame, row.zone)

    named = sorted(rows, key=name)
    if asked.sort in ("camera", "zone"):
        if asked.sort == "zone":
            named.sort(key=lambda row: row.zone.casefold(), reverse=asked.descending)
        elif asked.descending:
            named.sort(key=lambda row: row.camera.casefold(), reverse=True)
        return named
    known = [row for row in named if getattr(row, asked.sort) is not None]
    known.sort(key=lambda row: getattr(row, asked.sort), reverse=asked.descending)
    return known + [row for row in named if getattr(row, asked.sort) is None]


@dataclass(frozen=True, slots=True)
class VisitorChart:
    """The chart, and a sentence about what its bars are."""

    bars: BarChart
    says: str


_SAYS = {
    "whole": "Entrances into the whole frame of each camera. "
    "Someone who passes two cameras is counted twice.",
    ZoneKind.LINE: "People who crossed each line inwards.",
    ZoneKind.AREA: "Entrances into each area.",
    ZoneKind.ZONE: "Entrances into each zone.",
}


def visitor_chart(
    visitors: VisitorStore,
    rows: Sequence[VisitorRow],
    asked: VisitorFilter,
    clock: ZoneInfo,
) -> VisitorChart | None:
    """Return bars per day, or per hour of a single day; None without any count.

    Entrances of places of the same kind are stacked; zones within the full frame would
    count people twice. Where the Dashboard counted nobody: what MV Sense saw.
    """
    by_hour = asked.days == 1
    spans = _chart_spans(asked, clock)
    found = _entrances(visitors, asked, clock)
    labels = [_label(begin.astimezone(clock), by_hour) for begin, _ in spans]
    each = "hour" if by_hour else "day"
    for sort, shown in _sorts(rows):
        series = _series(shown, found, spans)
        chart = BarChart(f"Entrances per {each}", labels, series, "entrances")
        if not chart.is_empty:
            return VisitorChart(chart, _SAYS[sort])
    values = _most_seen(visitors, asked, clock)
    title = f"Peak people per {each}"
    chart = BarChart(title, labels, [Series("People", values)], "people")
    says = "The most people seen at once by one camera (MV Sense)."
    return None if chart.is_empty else VisitorChart(chart, says)


def _chart_spans(asked: VisitorFilter, clock: ZoneInfo) -> Sequence[Span]:
    """Return the span of each bar."""
    if asked.days > 1:
        return asked.spans
    if asked.hours is not None:
        return in_hours(asked.spans, asked.hours, clock)
    return hours_of(asked.spans[0], clock)


def _entrances(
    visitors: VisitorStore, asked: VisitorFilter, clock: ZoneInfo
) -> dict[ZoneKey, dict[datetime, int]]:
    """Return the entrances of each zone by the begin of each bar."""
    by_hour = asked.days == 1 or asked.hours is not None
    found = visitors.entrances(asked.since, asked.until, by_hour=by_hour)
    if asked.hours is None or asked.days == 1:
        return found
    day_of = {
        hour: span[0]
        for span in asked.spans
        for hour, _ in in_hours([span], asked.hours, clock)
    }
    sums: dict[ZoneKey, dict[datetime, int]] = {}
    for zone, hours in found.items():
        for began_at, many in hours.items():
            if (day := day_of.get(began_at)) is not None:
                days = sums.setdefault(zone, {})
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


def _sorts(rows: Sequence[VisitorRow]) -> list[tuple[str, list[VisitorRow]]]:
    """Return the kinds that can be added up, the preferred one first."""
    whole = [row for row in rows if row.is_full_frame]
    parts = [row for row in rows if not row.is_full_frame]
    return [("whole", whole)] + [
        (kind, [row for row in parts if row.kind is kind])
        for kind in (ZoneKind.LINE, ZoneKind.AREA, ZoneKind.ZONE)
    ]


def _series(
    rows: Iterable[VisitorRow],
    found: Mapping[ZoneKey, Mapping[datetime, int]],
    spans: Sequence[Span],
) -> list[Series]:
    """Return a series for each of the busiest places, and one for all others."""
    busiest = sorted(rows, key=lambda row: row.entrances or 0, reverse=True)
    series = [
        Series(_place(row), [counts.get(begin) for begin, _ in spans])
        for row in busiest
        if (counts := found.get((row.serial, row.zone_id)))
    ]
    if len(series) <= MOST_SERIES:
        return series
    rest = series[MOST_SERIES - 1 :]
    sums = [
        sum(known) if (known := [v for v in values if v is not None]) else None
        for values in zip(*(one.values for one in rest), strict=True)
    ]
    return [*series[: MOST_SERIES - 1], Series(f"{len(rest)} others", sums)]


def _place(row: VisitorRow) -> str:
    return row.camera if row.is_full_frame else f"{row.camera}, {row.zone}"


def _label(begin: datetime, by_hour: bool) -> str:
    return f"{begin:%H:%M}" if by_hour else f"{begin:%a} {begin.day}"
