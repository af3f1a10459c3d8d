"""Crowd events: the live list, and a table to download."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from msgspec import Struct

from mvsnap.config.sense import Sense
from mvsnap.config.setting_overrides import with_overrides
from mvsnap.core.crowd_rows import CrowdRow, crowd_rows
from mvsnap.core.crowd_table import CROWD_COLUMNS
from mvsnap.core.days import lasting
from mvsnap.domain import RAISED, Event, Role
from mvsnap.errors import BadInput
from mvsnap.store.paging import Page
from mvsnap.texts import _, formats, ngettext
from mvsnap.texts.sentences import localized
from mvsnap.values import replace
from mvsnap.web import auth
from mvsnap.web.context import Gateway, gateway
from mvsnap.web.csv_file import csv_file
from mvsnap.web.filters import older_url
from mvsnap.web.pages.crowd_filter import CrowdFilter, read_filter
from mvsnap.web.pages.event_rows import KINDS
from mvsnap.web.pages.live_list import ListPage
from mvsnap.web.pages.live_part import LivePart, shared
from mvsnap.web.pages.pages_in_use import listens_to_sense
from mvsnap.web.places import Places
from mvsnap.web.time_zone import zone_of_list

bp = Blueprint("crowd_events", __name__)

_PAGE = 25


class CrowdAdvice(Struct, frozen=True):
    """A sentence, and a link: to the list without filters, or to the settings."""

    text: str
    reset: bool = False
    settings: bool = False


class CrowdPage(ListPage[CrowdFilter, CrowdRow, CrowdAdvice], frozen=True):
    """One page of the list."""


@bp.get("/crowd-events")
@auth.page(Role.VIEWER)
def index() -> ResponseReturnValue:
    asked = _asked()
    places = gateway().places()
    if asked.mistakes:
        advice = CrowdAdvice(_("Fix the filter to see crowd events."))
        return _page(CrowdPage(asked, advice=advice), places), 400
    return _page(_read_page(asked), places)


@bp.get("/crowd-events/rows")
@auth.page(Role.VIEWER)
def rows() -> ResponseReturnValue:
    """The list alone, for the page that polls it: three queries."""
    asked = _asked()
    asked.require_valid()
    return shared("crowd events", lambda: _part(asked), only_stored=True).answer()


@bp.get("/crowd-events.csv")
@auth.page(Role.VIEWER)
def download() -> ResponseReturnValue:
    asked = _asked()
    asked.require_valid()
    wanted = replace(asked, wanted=replace(asked.wanted, after=None))
    rows = _all_rows(gateway(), wanted)
    return csv_file("mvsnap-crowd-events", CROWD_COLUMNS, rows)


def _part(asked: CrowdFilter) -> LivePart:
    page = _read_page(asked)
    return LivePart(
        page.etag, lambda: render_template("crowd_events/_list.html", **_list(page))
    )


def _asked() -> CrowdFilter:
    return read_filter(request.args, zone_of_list(request.args.get("serial", "")))


def _read_page(asked: CrowdFilter) -> CrowdPage:
    raised = Page.cut(gateway().store.events(asked.wanted, _PAGE + 1), _PAGE)
    if not raised.rows:
        return CrowdPage(asked, advice=_advice(asked))
    rows = _with_the_rest(gateway(), raised.rows)
    older = older_url(asked, raised.last.id if raised.last else None)
    return CrowdPage(asked, rows, older)


def _all_rows(here: Gateway, asked: CrowdFilter) -> Iterator[list[CrowdRow]]:
    for raised in here.store.pages(asked.wanted, None):
        yield _with_the_rest(here, raised)


def _with_the_rest(here: Gateway, raised: Sequence[Event]) -> list[CrowdRow]:
    job_ids = {event.job_id for event in raised}
    others = here.store.events_of_jobs(job_ids)
    undelivered = here.store.undelivered(job_ids)
    return crowd_rows(raised, others, here.clock.now(), undelivered)


def _page(page: CrowdPage, places: Places) -> str:
    asked = page.asked
    return render_template(
        "crowd_events/index.html",
        asked=asked,
        places=places,
        zone_cameras=[camera for camera in places.cameras if camera.zones],
        **_list(page),
        etag=page.etag,
        rows_url=url_for(".rows", **asked.query),
        csv_url=url_for(".download", **asked.query),
        may_mute=auth.person().may(Role.REVIEWER),
    )


def _list(page: CrowdPage) -> dict[str, Any]:
    """Return what the template of the list needs."""
    return {
        "page": page,
        "newest": url_for(".index", **page.asked.query),
        "kinds": {kind.value: KINDS[kind] for kind in RAISED},
    }


def _advice(asked: CrowdFilter) -> CrowdAdvice:
    if asked.query or not asked.first_page:
        return CrowdAdvice(_("Nothing matches."), reset=True)
    here = gateway()
    try:
        sense = with_overrides(here.settings.sense, here.site.setting_overrides())
    except BadInput as exc:
        return CrowdAdvice(
            localized(f"The settings cannot be used: {exc.message}"), settings=True
        )
    return CrowdAdvice(_what_is_missing(sense), settings=True)


def _what_is_missing(sense: Sense) -> str:
    if not sense.enabled and listens_to_sense(gateway().settings):
        return _("MV Sense is off, so no crowds are detected.")
    if not sense.enabled:
        return _(
            "MV Sense is off, so no crowds are detected. Set sense.host to your MQTT "
            "broker in config/mvsnap.yaml and turn on sense.enabled."
        )
    if sense.people_to_start is not None or sense.people_to_end is not None:
        return _("No crowds yet. They will appear here within seconds.")
    said = ngettext(
        "No crowds yet. %(number)s person or more in a zone for %(length)s "
        "will appear here within seconds.",
        "No crowds yet. %(number)s people or more in a zone for %(length)s "
        "will appear here within seconds.",
        sense.people,
    )
    values = {"number": formats.number(sense.people), "length": lasting(sense.dwell_s)}
    return said % values
