"""The overview page: what is the case now, and what happened today; live."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from msgspec import Struct

from mvsnap.config.sense import Sense
from mvsnap.domain import EventKind, Listener, Mute, Role, Serial
from mvsnap.status.cameras import CameraTrouble, cameras_in_trouble
from mvsnap.status.recorder_rows import recorder_summary
from mvsnap.store.events import EventFilter
from mvsnap.web import auth
from mvsnap.web.context import gateway
from mvsnap.web.pages.live_part import LivePart, shared
from mvsnap.web.pages.overview_rows import (
    CameraRow,
    ListenerRow,
    camera_rows,
    listener_rows,
    mute_lines,
    snapshot_tile,
    troubles_to_show,
)
from mvsnap.web.pages.overview_today import today
from mvsnap.web.pages.pages_in_use import listens_to_sense
from mvsnap.web.pages.zones_now import PlaceNow, places_now
from mvsnap.web.places import Places
from mvsnap.web.status.read import read_outages

bp = Blueprint("overview", __name__)

_LATEST = 6
# Twenty looks at the store: one serves all viewers of a role for this many seconds.
_HOLDS = 2
# Of many, those that matter most; the others are behind a link.
_PLACES = 24
_CAMERAS = 24
_TROUBLES = 3


class PeopleNow(Struct, frozen=True):
    """places: the most urgent ones, of `many`; crowds: how many last."""

    places: Sequence[PlaceNow]
    many: int
    crowds: int


class JobsNow(Struct, frozen=True):
    """oldest_at: when the one that waits longest came."""

    many: int
    oldest_at: datetime | None


class OverviewCameras(Struct, frozen=True):
    """troubles: those for the banner, the newest first."""

    rows: Sequence[CameraRow]
    troubles: Sequence[CameraTrouble]


@bp.get("/")
@auth.page(Role.VIEWER)
def index() -> ResponseReturnValue:
    live = shared("overview", _part, times=_HOLDS)
    return render_template(
        "overview/overview.html",
        # It was rendered by a template of ours, which has escaped what is from outside.
        live=Markup(live.html),  # noqa: S704
        etag=live.etag,
        rows_url=url_for(".part"),
    )


@bp.get("/overview/part")
@auth.page(Role.VIEWER)
def part() -> ResponseReturnValue:
    """All that changes, for the page that polls it."""
    return shared("overview", _part, times=_HOLDS).answer()


def _part() -> LivePart:
    return LivePart.of_html(render_template("overview/_live.html", **_now()))


def _now() -> dict[str, Any]:
    """Return what the template of the changing part needs."""
    here, sense = gateway(), gateway().sense_settings()
    now, db_now = here.clock.now(), here.database_now()
    places = here.places()
    heard = here.sense.listeners()
    listeners = listener_rows(heard, sense.enabled, db_now)
    mutes = here.site.mutes(now)
    cameras = _cameras(sense, heard, listeners, mutes, db_now)
    waiting = here.jobs.backlog()
    has_sense = sense.enabled or listens_to_sense(here.settings)
    return {
        "outages": read_outages(),
        "today": today(here, now, has_sense=has_sense),
        "jobs": JobsNow(waiting, here.job_list.oldest_at() if waiting else None),
        "sense_enabled": sense.enabled,
        "sense_configured": "sense" in here.settings.model_fields_set,
        "listeners": listeners,
        "mutes": mute_lines(mutes, places),
        "may_act": auth.person().may(Role.REVIEWER),
        "people": _people(sense, places, db_now),
        "snapshots": [
            snapshot_tile(event)
            for event in here.store.latest(
                EventFilter(kinds=(EventKind.SNAPSHOT,)), _LATEST, now
            )
        ],
        "cameras": cameras.rows[:_CAMERAS],
        "all_cameras": len(cameras.rows),
        "troubles": cameras.troubles[:_TROUBLES],
        "all_troubles": len(cameras.troubles),
        "recorder": recorder_summary(
            here.settings.recorder.serials(), here.clips.recorder_cameras(), db_now
        ),
        "db_now": db_now,
        "has_key": here.settings.asks_meraki,
    }


def _people(sense: Sense, places: Places, now: datetime) -> PeopleNow | None:
    """Return who is where; None while nobody counts."""
    if not sense.enabled:
        return None
    found = places_now(gateway(), sense, places, now)
    crowds = sum(place.zone.crowd_since is not None for place in found)
    return PeopleNow(found[:_PLACES], len(found), crowds)


def _cameras(
    sense: Sense,
    heard: list[Listener],
    rows: list[ListenerRow],
    mutes: list[Mute],
    now: datetime,
) -> OverviewCameras:
    """Return all cameras, those in trouble first; heard: the listeners of `rows`."""
    here = gateway()
    cameras, last_seen = here.site.cameras(), here.sense.last_seen()
    someone_listens = any(row.badge.text == "Connected" for row in rows)
    found = camera_rows(
        cameras,
        map(Serial, here.settings.default_cameras),
        last_seen,
        sense if someone_listens else None,
        now,
    )
    troubles = cameras_in_trouble(
        here.settings, cameras, last_seen, heard if sense.enabled else (), now
    )
    return OverviewCameras(
        sorted(found, key=lambda row: not row.is_in_trouble),
        troubles_to_show(troubles, mutes, now),
    )
