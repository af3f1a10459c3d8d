"""Visitors for programs: the tables and charts of the pages as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mvsnap.clock import iso
from mvsnap.errors import NotFound
from mvsnap.values import replace
from mvsnap.visitors.answers import (
    BarAnswer,
    ChangeAnswer,
    EntranceAnswer,
    NotCountingAnswer,
    OccupancyAnswer,
    PeriodAnswer,
    VisitorChartAnswer,
    VisitorHourAnswer,
    VisitorHoursAnswer,
    VisitorHoursQuery,
    VisitorsAnswer,
    VisitorsQuery,
    VisitorTotalsAnswer,
    VisitorZoneAnswer,
)
from mvsnap.visitors.filter import VisitorFilter, parse_day, read_filter
from mvsnap.visitors.not_counting import without_counts
from mvsnap.visitors.occupancy import ZoneSources, occupancies
from mvsnap.visitors.overview import (
    Entrance,
    VisitorOverview,
    VisitorTotals,
    overview,
)
from mvsnap.visitors.parts import VisitorParts
from mvsnap.visitors.rules import Span
from mvsnap.visitors.zone_hours import HourRow, known_zone, zone_hours, zone_key
from mvsnap.visitors.zone_rows import EntranceChange, VisitorRow, visitor_rows
from mvsnap.web import auth
from mvsnap.web.answers import json_response
from mvsnap.web.bodies import names
from mvsnap.web.context import feature, gateway
from mvsnap.web.params import api_parameters

bp = Blueprint("visitors_api", __name__, url_prefix="/api/v1.0")


@bp.get("/visitors")
@auth.key_or_login("read")
def get_visitors() -> ResponseReturnValue:
    asked, here = _asked(), gateway()
    places = here.places()
    store, caller = feature(VisitorParts).store, auth.caller()
    every = visitor_rows(store, places, asked)
    rows = [row for row in every if caller.reaches(row.serial)]
    named = [
        one
        for one in here.settings.visitors.entrances
        if all(caller.reaches(serial) for serial, _ in one.keys)
    ]
    now = here.clock.now()
    found = overview(store, rows, asked, named, here.zone, now)
    if caller.serials is not None and asked.serial is None and not _counts(found):
        found = replace(found, chart=None)  # of people, it is about every camera
    without = [
        NotCountingAnswer(one.serial, one.camera, one.why)
        for one in without_counts(places, store.cameras(), rows)
        if caller.reaches(one.serial)
    ]
    return json_response(_visitors(asked, rows, found, without, now))


@bp.get("/visitors/<serial>/<zone_id>")
@auth.key_or_login("read")
def get_visitor_hours(serial: str, zone_id: str) -> ResponseReturnValue:
    parameters = api_parameters(VisitorHoursQuery)
    here, key = gateway(), zone_key(serial, zone_id)
    day = parameters.parsed("day", lambda text: parse_day(text, _today(), here.zone))
    found = zone_hours(here, *key, day) if auth.caller().reaches(key[0]) else None
    is_known = found is not None and (
        known_zone(*key) is not None
        or found.entrances is not None
        or found.people is not None
    )
    if found is None or not is_known:
        raise NotFound(f"Nobody was counted in zone {zone_id[:40]!r} of {key[0]}")
    hours = [_hour(row) for row in found.rows]
    return json_response(VisitorHoursAnswer(*key, found.entrances, found.people, hours))


def _asked() -> VisitorFilter:
    parameters, here = api_parameters(VisitorsQuery), gateway()
    given = {name: parameters.get(name) or "" for name in names(VisitorsQuery)}
    open_hours = here.settings.visitors.open_hours
    asked = read_filter(given, here.clock.now(), here.zone, open_hours)
    asked.require_valid()
    if asked.serial is not None:
        auth.caller().require_cameras([asked.serial])
    return asked


def _today() -> date:
    return gateway().clock.now().astimezone(gateway().zone).date()


def _counts(found: VisitorOverview) -> bool:
    """Return whether the chart is of entrances."""
    return found.chart is None or found.chart.unit == "entrances"


def _visitors(
    asked: VisitorFilter,
    rows: Sequence[VisitorRow],
    found: VisitorOverview,
    without: list[NotCountingAnswer],
    now: datetime,
) -> VisitorsAnswer:
    return VisitorsAnswer(
        iso(asked.since),
        iso(asked.until),
        is_over=asked.until <= now,
        so_far=_period(asked.so_far.spans),
        before=_period(asked.before.spans),
        totals=_totals(found.totals),
        entrances=[_entrance(one) for one in found.named],
        zones=[_zone(row) for row in rows],
        chart=_chart(found, now),
        week=None if found.week is None else [_rounded(n) for n in found.week],
        occupancy=_occupancy(now),
        not_counting=without,
    )


def _occupancy(now: datetime) -> list[OccupancyAnswer]:
    here, caller = gateway(), auth.caller()
    places = [
        place
        for place in here.settings.visitors.occupancy
        if all(caller.reaches(serial) for serial, _ in place.keys)
    ]
    sources = ZoneSources(here.sense, here.site, here.settings)
    return [
        OccupancyAnswer(one.name, one.people, one.limit, one.is_over)
        for one in occupancies(places, sources, now)
    ]


def _period(spans: Sequence[Span]) -> PeriodAnswer | None:
    """Return from the begin of the first to the end of the last."""
    if not spans:
        return None
    return PeriodAnswer(iso(spans[0][0]), iso(spans[-1][1]))


def _totals(totals: VisitorTotals) -> VisitorTotalsAnswer:
    return VisitorTotalsAnswer(
        totals.what,
        totals.entrances,
        _change(totals.compared),
        _rounded(totals.a_day),
        totals.people,
        _period([totals.busiest] if totals.busiest else []),
    )


def _entrance(one: Entrance) -> EntranceAnswer:
    return EntranceAnswer(one.name, one.entrances, _change(one.compared))


def _change(change: EntranceChange | None) -> ChangeAnswer | None:
    if change is None:
        return None
    return ChangeAnswer(change.so_far, change.before, change.percent)


def _zone(row: VisitorRow) -> VisitorZoneAnswer:
    return VisitorZoneAnswer(
        row.serial,
        row.camera,
        row.zone_id,
        row.zone,
        row.kind.value,
        row.entrances,
        _change(row.compared),
        row.average,
        row.people,
        iso(row.seen_at) if row.seen_at else None,
    )


def _chart(found: VisitorOverview, now: datetime) -> VisitorChartAnswer | None:
    chart = found.chart
    if chart is None:
        return None
    bars = [
        BarAnswer(iso(begin), iso(end), end <= now, values)
        for (begin, end), (_, values) in zip(found.spans, chart.table, strict=True)
    ]
    series = [one.name for one in chart.series]
    return VisitorChartAnswer(chart.title, chart.unit, series, bars)


def _hour(row: HourRow) -> VisitorHourAnswer:
    counted, seen, (begin, end) = row.hour.counted, row.hour.seen, row.hour.span
    busiest, at = row.busiest, row.hour.busiest_at
    return VisitorHourAnswer(
        iso(begin),
        iso(end),
        is_over=row.is_over,
        entrances=counted.entrances if counted else None,
        average_people=counted.average_people if counted else None,
        people_seen_at_once=seen.people if seen else None,
        busiest_at=iso(at) if at else None,
        busiest_entrances=busiest.busiest_entrances if busiest else None,
        busiest_average_people=busiest.busiest_people if busiest else None,
        picture=row.picture.state if row.picture else None,
        video_link=row.picture.video_link if row.picture else None,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
