"""Cameras: a wall of latest pictures, a page for each, live view, "now" buttons."""

from __future__ import annotations

import re
from typing import Any

from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from mvsnap.camera_sources import recorder_settings
from mvsnap.config.recipients import JobRooms
from mvsnap.core.clip_rows import ClipRow
from mvsnap.domain import Change, Event, Job, JobId, Role, Serial, Trigger, TriggerKind
from mvsnap.errors import BadInput, NotFound, QueueFull
from mvsnap.jobs.service import JobRequest
from mvsnap.recorder.live import MOST_VIEWERS, Viewer
from mvsnap.store.clips import ClipFilter
from mvsnap.store.events import EventFilter
from mvsnap.texts import _, audit_wordings
from mvsnap.texts.wording import Reason
from mvsnap.web import auth
from mvsnap.web.access_log import viewed
from mvsnap.web.context import gateway
from mvsnap.web.filters import older_url
from mvsnap.web.pages.camera_details import (
    SetValue,
    event_kinds,
    event_line,
    outlines,
    recorder_values,
    sense_values,
)
from mvsnap.web.pages.camera_list import (
    SHOWN,
    CamerasAsked,
    KnownCamera,
    behind,
    find,
    known_cameras,
    matches,
    named_serials,
    read_filter,
)
from mvsnap.web.pages.camera_rows import (
    CamerasNow,
    WallTile,
    camera_states,
    latest_pictures,
    may_snapshot,
    tiles,
)
from mvsnap.web.pages.clip_text import clip_row
from mvsnap.web.pages.job_rows import JobLine, job_line
from mvsnap.web.pages.live_list import ListPage, if_changed
from mvsnap.web.pages.live_part import etag_of
from mvsnap.web.pages.settings_text import mute_rows
from mvsnap.web.pages.zones_now import zones_now
from mvsnap.web.private_file import NOT_KEPT
from mvsnap.web.time_zone import show_zone_of

bp = Blueprint("cameras", __name__)

_PAGE = 24  # full rows of 2, 3 and 4 tiles
_EVENTS, _CLIPS = 10, 4
_VIEWER = re.compile(r"[A-Za-z0-9]{8,32}")
_PICTURE = re.compile(r"[0-9-]{1,40}")
_DONE = {
    "snapshot": audit_wordings.SNAPSHOT_REQUESTED,
    "record": audit_wordings.RECORDING_REQUESTED,
}


# --- the wall


@bp.get("/cameras")
@auth.page(Role.VIEWER)
def index() -> ResponseReturnValue:
    asked = read_filter(request.args)
    page, rest = _wall(asked), {**asked.query, "after": asked.entered.get("after")}
    html = render_template(
        "cameras/index.html",
        asked=asked,
        states=SHOWN,
        **page,
        etag=page["page"].etag,
        rows_url=url_for(".rows", **rest),
    )
    return html, 400 if asked.mistakes else 200


# Two levels: a camera may have any name.
@bp.get("/cameras/-/rows")
@auth.page(Role.VIEWER)
def rows() -> ResponseReturnValue:
    """The wall alone, for the page that polls it."""
    asked = read_filter(request.args)
    asked.require_valid()
    page = _wall(asked)
    return if_changed(
        page["page"].etag, lambda: render_template("cameras/_list.html", **page)
    )


def _wall(asked: CamerasAsked) -> dict[str, Any]:
    """Return what the template of the wall needs."""
    here, now = gateway(), gateway().database_now()
    states = camera_states(here, here.sense_settings(), now)
    everyone = _cameras(states)
    shown = [camera for camera in everyone if _is_wanted(camera, asked, states)]
    rest = behind(shown, asked.wanted.after)
    on_page = rest[:_PAGE]
    older = older_url(asked, on_page[-1].key if len(rest) > _PAGE else None)
    found: ListPage[CamerasAsked, WallTile, Any] = ListPage(
        asked, tiles(here, on_page, states), older
    )
    return {
        "page": found,
        "now": now,
        "newest": url_for(".index", **asked.query),
        "many": len(shown),
        "all": len(everyone),
        "may_act": auth.person().may(Role.REVIEWER),
        "has_key": here.settings.asks_meraki,
    }


def _is_wanted(camera: KnownCamera, asked: CamerasAsked, states: CamerasNow) -> bool:
    wanted = asked.wanted
    if asked.mistakes or not matches(camera, wanted.text):
        return False
    if wanted.state == "trouble":
        return states.is_in_trouble(camera)
    return wanted.state != "recorded" or camera.recorded_as is not None


def _cameras(states: CamerasNow | None = None) -> list[KnownCamera]:
    here = gateway()
    heard = here.sense.last_seen() if states is None else states.last_seen
    return known_cameras(
        here.site.cameras(),
        here.settings.recorder.serials(),
        [*named_serials(here.settings), *heard],
    )


# --- one camera


@bp.get("/cameras/<key>")
@auth.page(Role.VIEWER)
def show(key: str) -> ResponseReturnValue:
    camera = _known(key)
    if camera.key != key:
        return redirect(url_for(".show", key=camera.key))
    show_zone_of([camera.key])
    live = _live_part(camera)
    here, job_id = gateway(), request.args.get("job", "")
    entry = here.settings.recorder.cameras.get(camera.recorded_as or "")
    return render_template(
        "cameras/camera.html",
        **live,
        etag=etag_of(render_template("cameras/_camera.html", **live)),
        rows_url=url_for(".part", key=camera.key, job=job_id or None),
        settings=_settings(camera),
        may_act=auth.person().may(Role.REVIEWER),
        may_snapshot=may_snapshot(here, camera),
        rooms=", ".join(here.organizations.rooms([camera.key]).rooms),
        has_live=entry is not None and entry.is_ring,
        most_viewers=MOST_VIEWERS,
    )


@bp.get("/cameras/<key>/part")
@auth.page(Role.VIEWER)
def part(key: str) -> ResponseReturnValue:
    """The part that changes, for the page that polls it."""
    camera = _known(key)
    show_zone_of([camera.key])
    html = render_template("cameras/_camera.html", **_live_part(camera))
    return if_changed(etag_of(html), lambda: html)


def _live_part(camera: KnownCamera) -> dict[str, Any]:
    """Return what the template of the changing part needs."""
    here = gateway()
    now, sense = here.database_now(), here.sense_settings()
    states = camera_states(here, sense, now)
    places = here.places()
    seen_at = states.last_seen.get(camera.serial) if camera.serial else None
    zones = []
    if camera.serial and sense.enabled:
        zones = zones_now(here, camera.serial, sense, places, now)
    return {
        "camera": camera,
        "now": now,
        "shown": list(states.badges(camera)),
        "recorder": states.recorder.get(camera.recorded_as or ""),
        "sense_enabled": sense.enabled,
        "seen_at": seen_at,
        "picture": latest_pictures(here, [camera]).get(camera.key),
        "zones": zones,
        "outlines": outlines(camera.serial, places) if camera.serial else [],
        "events": [event_line(event) for event in _events(camera)],
        "clips": _clips(camera),
        "job": _job(request.args.get("job", "")),
    }


def _events(camera: KnownCamera) -> list[Event]:
    # Events of a recorder camera without a serial are found by its name.
    by = Serial(camera.serial or camera.recorded_as or "")
    wanted = EventFilter(kinds=event_kinds(), serials=(by,))
    here = gateway()
    return here.store.latest(wanted, _EVENTS, here.clock.now())


def _clips(camera: KnownCamera) -> list[ClipRow]:
    if camera.recorded_as is None:
        return []
    here = gateway()
    wanted, now = ClipFilter(cameras=(camera.recorded_as,)), here.clock.now()
    found = here.clips.latest(wanted, _CLIPS, now)
    return [clip_row(clip, here.settings, now) for clip in found]


def _job(job_id: str) -> JobLine | None:
    """Return the line of the job that this page was redirected for, if there is one."""
    if not re.fullmatch(r"[0-9a-f-]{36}", job_id):
        return None
    here = gateway()
    try:
        entry = here.job_list.entry(JobId(job_id))
    except NotFound:
        return None
    return job_line(entry, here.places())


def _settings(camera: KnownCamera) -> dict[str, Any]:
    here = gateway()
    entry = here.settings.recorder.cameras.get(camera.recorded_as or "")
    values: list[SetValue] = list(sense_values(here, camera, here.sense_settings()))
    if entry is not None:
        values += recorder_values(entry)
    now = here.clock.now()
    mutes = [m for m in here.site.mutes(now) if m.serial in (None, camera.serial)]
    places = here.places() if mutes else None
    return {
        "facts": values,
        "mutes": mute_rows(mutes, places, now) if places else [],
        "may_mute": auth.person().may(Role.REVIEWER) and camera.serial is not None,
        "may_set": auth.person().is_admin and camera.serial is not None,
    }


# --- now


@bp.post("/cameras/<key>/snapshot")
@auth.page(Role.REVIEWER)
def snapshot(key: str) -> ResponseReturnValue:
    camera = _known(key)
    if not may_snapshot(gateway(), camera) or camera.serial is None:
        raise BadInput(f"{camera.name} is not in the Dashboard: it has no snapshots")
    return _accepted(camera, "snapshot", serials=(camera.serial,))


@bp.post("/cameras/<key>/record")
@auth.page(Role.REVIEWER)
def record(key: str) -> ResponseReturnValue:
    camera = _known(key)
    if camera.recorded_as is None:
        raise BadInput(f"{camera.name} is not in recorder.cameras: it has no clips")
    return _accepted(camera, "record", clips=(camera.recorded_as,))


def _accepted(camera: KnownCamera, what: str, **cameras: Any) -> ResponseReturnValue:
    """Hand in the job of a button, with an audit line, and show how it goes."""
    here, who = gateway(), auth.person().name
    is_quiet = request.form.get("quiet") == "yes"
    to = JobRooms(()) if is_quiet else here.organizations.rooms([camera.key])
    wanted = JobRequest(
        trigger=Trigger(TriggerKind.PAGE, who),
        rooms=to.rooms,
        camera_rooms=to.apart,
        **{"serials": (), **cameras},
    )
    try:
        job: Job = here.jobs.accept(wanted)
    except QueueFull as exc:
        flash(_("Not accepted: %(reason)s") % {"reason": _(exc.message)}, "warning")
        return redirect(url_for(".show", key=camera.key), 303)
    done = audit_wordings.WITH_JOB(what=_DONE[what](), job=job.id)
    about = audit_wordings.CAMERA(key=camera.key)
    here.audit.add(Change(here.clock.now(), who, about, Reason(""), done))
    return redirect(url_for(".show", key=camera.key, job=job.id), 303)


# --- live view


@bp.get("/cameras/<key>/live.jpg")
@auth.page(Role.VIEWER)
def live(key: str) -> ResponseReturnValue:
    """The newest picture of the ring; 204 if it is the one that the browser has."""
    tab, known = request.args.get("viewer", ""), request.args.get("known", "")
    if not _VIEWER.fullmatch(tab):
        raise BadInput("viewer: expected 8 to 32 letters and digits, one text per tab")
    if known and not _PICTURE.fullmatch(known):
        raise BadInput(f"known: {known[:40]!r} (expected the X-Picture of an answer)")
    here = gateway()
    # Not all cameras are read for each picture.
    if key not in here.settings.recorder.cameras:
        raise NotFound(f"{key[:40]!r} is not in recorder.cameras: it has no live view")
    settings = recorder_settings(here.settings)
    viewer = Viewer(auth.person().name, tab)
    picture = here.live.picture(settings, key, viewer, known)
    if picture is None:
        return Response(status=204)
    viewed(audit_wordings.LIVE_VIEW(key=key))
    answer = Response(picture.jpeg, mimetype="image/jpeg")
    answer.headers["Cache-Control"] = NOT_KEPT
    answer.headers["X-Picture"] = picture.id
    answer.headers["X-Age"] = f"{picture.age_s:.1f}"
    return answer


def _known(key: str) -> KnownCamera:
    found = find(_cameras(), key)
    if found is None:
        raise NotFound(f"No camera {key[:40]!r}")
    return found
