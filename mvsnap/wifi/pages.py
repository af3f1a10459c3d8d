"""Wi-Fi: who was heard when and how long, and what cameras saw then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mvsnap.core.csv_table import csv_lines
from mvsnap.core.days import lasting
from mvsnap.domain import Role
from mvsnap.web import auth
from mvsnap.web.context import Gateway, feature, gateway
from mvsnap.web.pages.places import Places, known_places
from mvsnap.wifi import page_rows as rows_of
from mvsnap.wifi.model import PresenceMatch, VisitOrder, WifiFilter
from mvsnap.wifi.page_advice import advice
from mvsnap.wifi.page_filter import (
    DWELLS_S,
    PERIODS,
    RADIOS,
    SIGNALS_DBM,
    WifiForm,
    read_form,
)
from mvsnap.wifi.page_rows import Activity
from mvsnap.wifi.parts import WifiParts

bp = Blueprint("wifi", __name__)

T = TypeVar("T")
Cells = Sequence[Any]

_PAGE, _CSV_PAGE = 50, 1000
# As many visits can be compared with presences, sorted, gone through with all that was
# heard of them, while a person waits.
_MOST_COMPARED, _MOST_SORTED, _MOST_HEARD = 30_000, 300_000, 50_000
_TABS = {
    ".index": "Activity",
    ".visits": "Visits",
    ".observations": "Observations",
    ".correlation": "Cameras",
}


@bp.get("/wifi")
@auth.page(Role.VIEWER)
def index() -> ResponseReturnValue:
    asked = _asked()
    found = _activity(asked)
    tables = {"hours": ".download_hours", "days": ".download_days"}
    return _page(
        "index",
        asked,
        found.has_any,
        found=found,
        long_stay=lasting(gateway().settings.scanning.long_stay_s),
        dwell_words=rows_of.dwell_words,
        csv={
            name: url_for(view, **asked.shared)
            for name, view in (tables | {"dwell": ".download_dwell"}).items()
        },
    )


@bp.get("/wifi/hours.csv")
@auth.page(Role.VIEWER)
def download_hours() -> ResponseReturnValue:
    asked = _fitting()
    found = feature(WifiParts).reports.by_hour(asked.wanted, _clock())
    return _csv("hours", rows_of.HOUR_COLUMNS, [map(rows_of.hour_cells, found)])


@bp.get("/wifi/days.csv")
@auth.page(Role.VIEWER)
def download_days() -> ResponseReturnValue:
    asked = _fitting()
    found = feature(WifiParts).reports.by_day(asked.wanted, _clock())
    return _csv("days", rows_of.DAY_COLUMNS, [map(rows_of.day_cells, found)])


@bp.get("/wifi/dwell.csv")
@auth.page(Role.VIEWER)
def download_dwell() -> ResponseReturnValue:
    asked = _fitting()
    found = feature(WifiParts).reports.dwell(asked.wanted)
    return _csv("dwell", rows_of.DWELL_COLUMNS, [map(rows_of.dwell_cells, found)])


@bp.get("/wifi/visits")
@auth.page(Role.VIEWER)
def visits() -> ResponseReturnValue:
    asked = _asked()
    wanted = asked.wanted
    if asked.order is not VisitOrder.TIME:
        wanted = feature(WifiParts).spans.last_with(wanted, _MOST_SORTED)
    found = feature(WifiParts).lists.visits(
        wanted, asked.order, after=_after(asked), limit=_PAGE + 1
    )
    return _list_page(
        "visits",
        asked,
        found,
        since=_narrowed(asked, wanted),
        sorts={o.value: _here(asked.with_(sort=o.value)) for o in VisitOrder},
        csv_url=url_for(".download_visits", **asked.query),
    )


@bp.get("/wifi/visits.csv")
@auth.page(Role.VIEWER)
def download_visits() -> ResponseReturnValue:
    asked, lists = _fitting(), feature(WifiParts).lists

    def page(after: str | None) -> Sequence[Any]:
        # By time alone each page costs the same.
        return lists.visits(asked.wanted, after=after, limit=_CSV_PAGE)

    found = _pages(page, lambda row: row.key)
    cells = (map(rows_of.visit_cells, rows) for rows in found)
    return _csv("visits", rows_of.VISIT_COLUMNS, cells)


@bp.get("/wifi/observations")
@auth.page(Role.VIEWER)
def observations() -> ResponseReturnValue:
    asked = _asked()
    wanted = asked.wanted
    if wanted.min_rssi_dbm is not None or wanted.device is not None:
        wanted = feature(WifiParts).spans.last_with(wanted, _MOST_HEARD)
    found = feature(WifiParts).lists.observations(
        wanted, after=_after(asked), limit=_PAGE + 1
    )
    return _list_page(
        "observations",
        asked,
        found,
        since=_narrowed(asked, wanted),
        keep_days=gateway().settings.scanning.keep_observations_days,
        csv_url=url_for(".download_observations", **asked.query),
    )


@bp.get("/wifi/observations.csv")
@auth.page(Role.VIEWER)
def download_observations() -> ResponseReturnValue:
    asked, lists = _fitting(), feature(WifiParts).lists

    def page(after: str | None) -> Sequence[Any]:
        return lists.observations(asked.wanted, after=after, limit=_CSV_PAGE)

    found = _pages(page, lambda row: row.key)
    cells = (map(rows_of.observation_cells, rows) for rows in found)
    return _csv("observations", rows_of.OBSERVATION_COLUMNS, cells)


@bp.get("/wifi/correlation")
@auth.page(Role.VIEWER)
def correlation() -> ResponseReturnValue:
    asked, places = _asked(), _places()
    wanted = _compared(asked)
    sums = feature(WifiParts).correlation.summary(wanted, asked.serial, asked.zone_id)
    zones = rows_of.zone_rows(sums.zones, places)
    found = _presences(gateway(), asked, _after(asked), _PAGE + 1)
    scanning = gateway().settings.scanning
    return _list_page(
        "correlation",
        asked,
        [rows_of.presence_row(one, places) for one in found],
        sums=sums,
        zones=zones,
        presences=sum(zone.match.presences for zone in zones),
        accompanied=sum(zone.match.accompanied for zone in zones),
        devices=sum(zone.match.visits for zone in zones),
        chart=rows_of.zone_chart(zones),
        since=_narrowed(asked, wanted),
        places=places,
        scanning=scanning,
        long_stay=lasting(scanning.long_stay_s),
        csv_url=url_for(".download_presences", **asked.query),
        zones_csv_url=url_for(".download_zones", **asked.query),
    )


@bp.get("/wifi/presences.csv")
@auth.page(Role.VIEWER)
def download_presences() -> ResponseReturnValue:
    asked, places, here = _fitting(), _places(), gateway()

    def page(after: str | None) -> Sequence[PresenceMatch]:
        return _presences(here, asked, after, _CSV_PAGE)

    found = _pages(page, lambda row: rows_of.presence_key(row.presence))
    cells = ((rows_of.presence_row(r, places).cells() for r in rows) for rows in found)
    return _csv("presences", rows_of.PRESENCE_COLUMNS, cells)


@bp.get("/wifi/zones.csv")
@auth.page(Role.VIEWER)
def download_zones() -> ResponseReturnValue:
    asked = _fitting()
    wanted = _compared(asked)
    sums = feature(WifiParts).correlation.summary(wanted, asked.serial, asked.zone_id)
    rows = rows_of.zone_rows(sums.zones, _places())
    return _csv("zones", rows_of.ZONE_COLUMNS, [[row.cells() for row in rows]])


def _asked() -> WifiForm:
    return read_form(request.args, gateway().clock.now(), _clock())


def _fitting() -> WifiForm:
    """Return what is asked for. Raises BadInput for a mistake in it."""
    asked = _asked()
    asked.require_valid()
    return asked


def _after(asked: WifiForm) -> str | None:
    return None if asked.mistakes else asked.after


def _activity(asked: WifiForm) -> Activity:
    reports, wanted, zone = feature(WifiParts).reports, asked.wanted, _clock()
    return Activity(
        totals=reports.totals(wanted),
        hours=reports.by_hour(wanted, zone),
        days=reports.by_day(wanted, zone),
        dwell=reports.dwell(wanted),
        busiest=reports.busiest(wanted, zone),
    )


def _compared(asked: WifiForm) -> WifiFilter:
    return feature(WifiParts).spans.last_with(asked.wanted, _MOST_COMPARED)


def _narrowed(asked: WifiForm, wanted: WifiFilter) -> datetime | None:
    """Return when the part begins that was gone through; None: it was all."""
    return wanted.since if wanted.since != asked.wanted.since else None


def _presences(
    here: Gateway, asked: WifiForm, after: str | None, limit: int
) -> list[PresenceMatch]:
    return feature(WifiParts).correlation.presences(
        asked.wanted,
        asked.serial,
        asked.zone_id,
        after=rows_of.parse_presence_key(after) if after else None,
        limit=limit,
    )


def _list_page(
    name: str, asked: WifiForm, found: Sequence[Any], **given: Any
) -> ResponseReturnValue:
    """Render one page of a list; one row more than shown tells of another page."""
    rows, rest = found[:_PAGE], found[_PAGE:]
    return _page(
        name,
        asked,
        bool(rows),
        rows=rows,
        newest=_here(asked.query) if asked.after else None,
        older=_here(asked.query | {"after": rows[-1].key}) if rest else None,
        **given,
    )


def _page(
    name: str, asked: WifiForm, has_any: bool, **given: Any
) -> ResponseReturnValue:
    zone = _clock()
    earlier, later = asked.moved(-1), asked.moved(1)
    page = render_template(
        f"wifi/{name}.html",
        asked=asked,
        tabs={text: url_for(view, **asked.shared) for view, text in _TABS.items()},
        tab=_TABS.get(f".{name}"),
        periods={
            text: (_here(asked.with_period(name)), name == asked.period)
            for name, (text, *_) in PERIODS.items()
        },
        earlier=_here(earlier) if earlier else None,
        later=_here(later) if later else None,
        networks=feature(WifiParts).reports.networks(),
        radios=RADIOS,
        signals_dbm=SIGNALS_DBM,
        dwells={seconds: lasting(seconds) for seconds in DWELLS_S},
        lasting=lasting,
        reset=url_for(str(request.endpoint)),
        advice=None if has_any else advice(gateway(), asked, zone),
        **given,
    )
    return page, 400 if asked.mistakes else 200


def _here(query: dict[str, Any]) -> str:
    return url_for(str(request.endpoint), **query)


def _pages(
    page: Callable[[str | None], Sequence[T]], key: Callable[[T], str]
) -> Iterator[Sequence[T]]:
    """Yield all pages of a list, one after the other."""
    rows = page(None)
    while rows:
        yield rows
        rows = page(key(rows[-1])) if len(rows) == _CSV_PAGE else []


def _csv(name: str, columns: Sequence[str], pages: Any) -> Response:
    return Response(
        csv_lines(columns, pages),
        mimetype="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="mvsnap-wifi-{name}.csv"'
        },
    )


def _clock() -> ZoneInfo:
    return gateway().zone


def _places() -> Places:
    return known_places(gateway().site, gateway().sense)
