"""Wi-Fi: which devices were there when and for how long, and what cameras saw then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mvsnap.core.days import lasting
from mvsnap.core.period_words import period_words
from mvsnap.domain import Role
from mvsnap.store.paging import Page, pages
from mvsnap.texts import N_, _
from mvsnap.web import auth
from mvsnap.web.context import feature, gateway
from mvsnap.web.csv_file import csv_file
from mvsnap.web.heat import HeatMap, heat_map
from mvsnap.wifi import csv_export
from mvsnap.wifi import presence_rows as rows_of
from mvsnap.wifi.filter import (
    DWELLS_S,
    PERIODS,
    RADIOS,
    SIGNALS_DBM,
    TOTALS_S,
    WifiForm,
    read_form,
)
from mvsnap.wifi.lookup import (
    activity_of,
    correlation_of,
    observations_of,
    presences_of,
    read_presences,
    visits_of,
)
from mvsnap.wifi.model import (
    ObservationRow,
    PresenceMatch,
    VisitOrder,
    VisitRow,
    WifiFilter,
)
from mvsnap.wifi.overview import Activity, dwell_words, week_of_visits
from mvsnap.wifi.page_advice import advice
from mvsnap.wifi.parts import WifiParts

bp = Blueprint("wifi", __name__)

_PAGE, _CSV_PAGE = 50, 1000
_TABS = {
    ".index": N_("Activity"),
    ".visits": N_("Visits"),
    ".observations": N_("Observations"),
    ".correlation": N_("Cameras"),
}


@bp.get("/wifi")
@auth.page(Role.VIEWER)
def index() -> ResponseReturnValue:
    asked = _asked()
    wanted, found = activity_of(asked)
    tables = {"hours": ".download_hours", "days": ".download_days"}
    return _page(
        "index",
        asked,
        found.has_any,
        found=found,
        since=_narrowed(asked, wanted),
        week=_week(found),
        compared=_spans_of(found),
        long_stay=lasting(gateway().settings.scanning.long_stay_s),
        dwell_words=dwell_words,
        csv={
            name: url_for(view, **asked.shared)
            for name, view in (tables | {"dwell": ".download_dwell"}).items()
        },
    )


@bp.get("/wifi/hours.csv")
@auth.page(Role.VIEWER)
def download_hours() -> ResponseReturnValue:
    asked = _fitting()
    reports, now = feature(WifiParts).reports, gateway().clock.now()
    week = week_of_visits(reports, asked.wanted, gateway().zone, now)
    hours = reports.by_hour(asked.wanted, gateway().zone)
    found = [(row, week.visits[row.hour] if week else None) for row in hours]
    return csv_file("mvsnap-wifi-hours", csv_export.HOUR_COLUMNS, [found])


@bp.get("/wifi/days.csv")
@auth.page(Role.VIEWER)
def download_days() -> ResponseReturnValue:
    asked = _fitting()
    found = feature(WifiParts).reports.by_day(asked.wanted, gateway().zone)
    return csv_file("mvsnap-wifi-days", csv_export.DAY_COLUMNS, [found])


@bp.get("/wifi/dwell.csv")
@auth.page(Role.VIEWER)
def download_dwell() -> ResponseReturnValue:
    asked = _fitting()
    found = feature(WifiParts).reports.dwell(asked.wanted)
    return csv_file("mvsnap-wifi-dwell", csv_export.DWELL_COLUMNS, [found])


@bp.get("/wifi/visits")
@auth.page(Role.VIEWER)
def visits() -> ResponseReturnValue:
    asked = _asked()
    wanted, found = visits_of(asked, _PAGE + 1)
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

    def read(after: str | None, limit: int) -> list[VisitRow]:
        # Sorted by time only, each page costs the same.
        return lists.visits(asked.wanted, after=after, limit=limit)

    found = pages(read, lambda row: row.key, size=_CSV_PAGE)
    return csv_file("mvsnap-wifi-visits", csv_export.VISIT_COLUMNS, found)


@bp.get("/wifi/observations")
@auth.page(Role.VIEWER)
def observations() -> ResponseReturnValue:
    asked = _asked()
    wanted, found = observations_of(asked, _PAGE + 1)
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

    def read(after: str | None, limit: int) -> list[ObservationRow]:
        return lists.observations(asked.wanted, after=after, limit=limit)

    found = pages(read, lambda row: row.key, size=_CSV_PAGE)
    return csv_file("mvsnap-wifi-observations", csv_export.OBSERVATION_COLUMNS, found)


@bp.get("/wifi/correlation")
@auth.page(Role.VIEWER)
def correlation() -> ResponseReturnValue:
    asked, places = _asked(), gateway().places()
    wanted, sums = correlation_of(asked)
    zones = rows_of.zone_rows(sums.zones, places)
    found = presences_of(asked, _PAGE + 1)
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
    asked, places = _fitting(), gateway().places()
    reader = feature(WifiParts).correlation  # not later: the table is streamed

    def read(after: str | None, limit: int) -> list[PresenceMatch]:
        return read_presences(reader, asked, after, limit)

    key = rows_of.presence_key
    found = pages(read, lambda row: key(row.presence), size=_CSV_PAGE)
    rows = ([rows_of.presence_row(one, places) for one in page] for page in found)
    return csv_file("mvsnap-wifi-presences", csv_export.PRESENCE_COLUMNS, rows)


@bp.get("/wifi/zones.csv")
@auth.page(Role.VIEWER)
def download_zones() -> ResponseReturnValue:
    asked = _fitting()
    _, sums = correlation_of(asked)
    rows = rows_of.zone_rows(sums.zones, gateway().places())
    return csv_file("mvsnap-wifi-zones", csv_export.ZONE_COLUMNS, [rows])


def _asked() -> WifiForm:
    here = gateway()
    open_hours = here.settings.visitors.open_hours
    return read_form(request.args, here.clock.now(), here.zone, open_hours)


def _fitting() -> WifiForm:
    """Return the filter. Raises BadInput for a mistake in it."""
    asked = _asked()
    asked.require_valid()
    return asked


def _week(found: Activity) -> HeatMap | None:
    values = found.week.values if found.week else None
    if values is None:
        return None
    open_hours = gateway().settings.visitors.open_hours
    title = _("Average visits by weekday and hour")
    return heat_map(title, _("visits per hour"), values, open_hours)


def _spans_of(found: Activity) -> dict[str, str]:
    """Return in words what is compared with what."""
    c, zone = found.compared, gateway().zone
    if c is None:
        return {}
    return {
        "so_far": period_words(c.since, c.until, zone),
        "before": period_words(c.before_since, c.before_until, zone),
    }


def _narrowed(asked: WifiForm, wanted: WifiFilter) -> datetime | None:
    """Return when the part that was read begins; None: it was all read."""
    return wanted.since if wanted.since != asked.wanted.since else None


def _list_page(
    name: str, asked: WifiForm, found: Sequence[Any], **given: Any
) -> ResponseReturnValue:
    """Render one page of a list; an extra row means that there is another page."""
    page = Page.cut(found, _PAGE)
    return _page(
        name,
        asked,
        bool(page.rows),
        rows=page.rows,
        newest=_here(asked.query) if asked.after else None,
        older=_here(asked.query | {"after": page.last.key}) if page.last else None,
        **given,
    )


def _page(
    name: str, asked: WifiForm, has_any: bool, **given: Any
) -> ResponseReturnValue:
    zone = gateway().zone
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
        has_opening_hours=gateway().settings.visitors.open_hours is not None,
        networks=feature(WifiParts).reports.networks(),
        radios=RADIOS,
        signals_dbm=SIGNALS_DBM,
        dwells={seconds: lasting(seconds) for seconds in DWELLS_S},
        total_times={seconds: lasting(seconds) for seconds in TOTALS_S},
        lasting=lasting,
        reset=url_for(str(request.endpoint)),
        advice=None if has_any else advice(gateway(), asked, zone),
        **given,
    )
    return page, 400 if asked.mistakes else 200


def _here(query: dict[str, Any]) -> str:
    return url_for(str(request.endpoint), **query)
