"""Wi-Fi for programs: the tables and charts of the pages as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mvsnap.errors import Forbidden
from mvsnap.store.paging import Page
from mvsnap.texts import audit_wordings, refusal_wordings
from mvsnap.web import auth
from mvsnap.web.access_log import viewed
from mvsnap.web.answers import json_response
from mvsnap.web.bodies import names
from mvsnap.web.context import gateway
from mvsnap.web.params import api_parameters
from mvsnap.wifi import answer_rows as rows_of
from mvsnap.wifi.answers import (
    WifiCorrelationQuery,
    WifiObservationsAnswer,
    WifiObservationsQuery,
    WifiQuery,
    WifiVisitsAnswer,
    WifiVisitsQuery,
)
from mvsnap.wifi.filter import WifiForm, read_form
from mvsnap.wifi.lookup import (
    activity_of,
    correlation_of,
    observations_of,
    presences_of,
    visits_of,
)
from mvsnap.wifi.presence_rows import presence_row

bp = Blueprint("wifi_api", __name__, url_prefix="/api/v1.0/wifi")


class _HasKey(Protocol):
    @property
    def key(self) -> str: ...


Row = TypeVar("Row", bound=_HasKey)


@bp.get("")
@auth.key_or_login("read")
def get_activity() -> ResponseReturnValue:
    _require_whole_site()
    asked, _ = _asked(WifiQuery)
    wanted, found = activity_of(asked)
    return json_response(rows_of.activity(wanted, found, gateway().clock.now()))


@bp.get("/visits")
@auth.key_or_login("read")
def list_visits() -> ResponseReturnValue:
    _require_whole_site()
    asked, limit = _asked(WifiVisitsQuery)
    viewed(audit_wordings.WIFI_VISITS())
    wanted, found = visits_of(asked, limit + 1)
    rows, after = _cut(found, limit)
    span = rows_of.span(wanted)
    return json_response(
        WifiVisitsAnswer(*span, [rows_of.visit(r) for r in rows], after)
    )


@bp.get("/observations")
@auth.key_or_login("read")
def list_observations() -> ResponseReturnValue:
    _require_whole_site()
    asked, limit = _asked(WifiObservationsQuery)
    viewed(audit_wordings.WIFI_OBSERVATIONS())
    wanted, found = observations_of(asked, limit + 1)
    rows, after = _cut(found, limit)
    seen = [rows_of.observation(row) for row in rows]
    return json_response(WifiObservationsAnswer(*rows_of.span(wanted), seen, after))


@bp.get("/correlation")
@auth.key_or_login("read")
def get_correlation() -> ResponseReturnValue:
    asked, limit = _asked(WifiCorrelationQuery)
    caller, here = auth.caller(), gateway()
    if asked.serial is not None:
        caller.require_cameras([asked.serial])
    elif caller.serials is not None:
        raise Forbidden(refusal_wordings.NAME_A_CAMERA())
    places = here.places()
    wanted, sums = correlation_of(asked)
    found = [presence_row(one, places) for one in presences_of(asked, limit + 1)]
    rows, after = _cut(found, limit)
    return json_response(rows_of.correlation(wanted, sums, rows, after, places))


def _require_whole_site() -> None:
    """Access points hear phones wherever they are, which is of no camera."""
    if auth.caller().serials is not None:
        raise Forbidden(refusal_wordings.NOT_ALL_PLACES())


def _asked(shape: type[WifiQuery]) -> tuple[WifiForm, int]:
    """Return the filter, and how many rows are wanted at most."""
    parameters, here = api_parameters(shape), gateway()
    limit = parameters.limit()
    given = {name: parameters.get(name) or "" for name in names(shape)}
    open_hours = here.settings.visitors.open_hours
    asked = read_form(given, here.clock.now(), here.zone, open_hours)
    asked.require_valid()
    return asked, limit


def _cut(found: Sequence[Row], limit: int) -> tuple[Sequence[Row], str | None]:
    """Return the page, and the key of its last row if there is another one."""
    page = Page.cut(found, limit)
    return page.rows, page.last.key if page.last else None
