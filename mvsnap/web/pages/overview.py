"""The overview page: what is running, and what happened today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from mvsnap.clip_model import ClipState
from mvsnap.config.sense import Sense
from mvsnap.config.setting_overrides import with_overrides
from mvsnap.core.days import day_span
from mvsnap.domain import Camera, Event, EventKind, Listener, Mute, Role, Serial
from mvsnap.errors import BadInput
from mvsnap.status.cameras import is_silent
from mvsnap.status.recorder_rows import recorder_summary
from mvsnap.store.clips import ClipFilter
from mvsnap.store.event_search import EventSearch, EventState, count_found
from mvsnap.store.events import EventFilter
from mvsnap.web import auth
from mvsnap.web.context import gateway
from mvsnap.web.event_terms import STORED
from mvsnap.web.pages import page_exists
from mvsnap.web.pages.places import Places, known_places
from mvsnap.web.status.read import read_outages

bp = Blueprint("overview", __name__)

_LATEST = 6
# A listener sends a heartbeat every 15 s.
_STALE_AFTER = timedelta(seconds=50)
_FORGOTTEN_AFTER = timedelta(days=1)
_COLOURS = {"online": "success", "alerting": "warning", "offline": "danger"}


@dataclass(frozen=True, slots=True)
class Badge:
    """A word on a Bootstrap colour; the word is enough by itself."""

    text: str
    colour: str


@dataclass(frozen=True, slots=True)
class ListenerRow:
    name: str
    badge: Badge
    state: str
    messages_per_s: str
    zones: int
    refused: int
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class OverviewMute:
    place: str
    until: datetime
    by: str


@dataclass(frozen=True, slots=True)
class LatestClip:
    title: str
    at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class TodayNumber:
    """about: what is to be said of a part of it."""

    number: int
    what: str
    url: str
    is_bad: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True)
class Today:
    """What happened today, each number with the list behind it."""

    numbers: tuple[TodayNumber, ...]
    latest_clip: LatestClip | None


@dataclass(frozen=True, slots=True)
class SnapshotTile:
    """A picture, or the reason why there is none; url: of the page of its event."""

    url: str
    camera: str
    at: datetime
    title: str
    thumbnail_url: str | None
    snapshot_url: str
    video_link: str | None
    error: str


@dataclass(frozen=True, slots=True)
class CameraRow:
    name: str
    serial: Serial
    model: str
    status: Badge
    last_seen_at: datetime | None
    is_silent: bool


@bp.get("/")
@auth.page(Role.VIEWER)
def index() -> ResponseReturnValue:
    sense, now = _sense(), gateway().clock.now()
    db_now = gateway().database_now()
    listeners = listener_rows(gateway().sense.listeners(), sense.enabled, db_now)
    return render_template(
        "overview/overview.html",
        sense_enabled=sense.enabled,
        listeners=listeners,
        mutes=_mutes(now),
        mutes_url=_mutes_url(),
        today=_today(now),
        snapshots=_latest_snapshots(),
        cameras=_cameras(sense, listeners, now),
        recorder=recorder_summary(
            gateway().settings.recorder.serials(),
            gateway().clips.recorder_cameras(),
            db_now,
        ),
        outages=read_outages(),
        db_now=db_now,
        has_key=gateway().settings.asks_meraki,
    )


def listener_rows(
    listeners: list[Listener], enabled: bool, now: datetime
) -> list[ListenerRow]:
    """Return a row for each listener of the last day."""
    return [
        ListenerRow(
            name=listener.listener_id,
            badge=_listener_badge(listener, enabled, now),
            state=listener.state,
            messages_per_s=f"{listener.messages_per_s:.1f}",
            zones=listener.people_counts,
            refused=listener.refused,
            seen_at=listener.seen_at,
        )
        for listener in listeners
        if now - listener.seen_at < _FORGOTTEN_AFTER
    ]


def _listener_badge(listener: Listener, enabled: bool, now: datetime) -> Badge:
    if now - listener.seen_at > _STALE_AFTER:
        return Badge("No heartbeat", "danger")
    if not enabled:
        return Badge("Off", "secondary")
    if listener.connected:
        return Badge("Connected", "success")
    return Badge("Not connected", "danger")


def camera_rows(
    cameras: list[Camera],
    used: Iterable[Serial],
    last_seen: Mapping[Serial, datetime],
    expected: Sense | None,
    now: datetime,
) -> list[CameraRow]:
    """Return a row for each camera of the Dashboard, then for other known ones.

    used: those in the settings, whether or not the Dashboard lists them.
    expected: those that must send MV Sense; None while nobody listens.
    """
    others = {*last_seen, *used} - {camera.serial for camera in cameras}
    unknown = [Camera(serial, serial, "", "") for serial in sorted(others)]
    return [
        CameraRow(
            name=camera.name or camera.serial,
            serial=camera.serial,
            model=camera.model,
            status=Badge(camera.status, _COLOURS.get(camera.status, "secondary")),
            last_seen_at=last_seen.get(camera.serial),
            is_silent=is_silent(camera.serial, last_seen, expected, now),
        )
        for camera in (*cameras, *unknown)
    ]


def _cameras(sense: Sense, rows: list[ListenerRow], now: datetime) -> list[CameraRow]:
    someone_listens = any(row.badge.text == "Connected" for row in rows)
    return camera_rows(
        gateway().site.cameras(),
        map(Serial, gateway().settings.default_cameras),
        gateway().sense.last_seen(),
        sense if someone_listens else None,
        now,
    )


def _sense() -> Sense:
    sense = gateway().settings.sense
    try:
        return with_overrides(sense, gateway().site.setting_overrides())
    except BadInput:  # an outdated override: listeners use the file's
        return sense


def _mutes(now: datetime) -> list[OverviewMute]:
    found = gateway().site.mutes(now)
    if not found:
        return []
    places = known_places(gateway().site, gateway().sense)
    return [OverviewMute(_place(places, m), m.until, m.muted_by) for m in found]


def _place(places: Places, mute: Mute) -> str:
    camera = places.camera(mute.serial)
    if mute.zone_id is None:
        return camera
    return f"{camera}, {places.zone(mute.serial, mute.zone_id)}"


def _mutes_url() -> str | None:
    """Return where mutes are ended, for those who may."""
    if not (auth.person().is_admin and page_exists("settings.index")):
        return None
    return url_for("settings.index", _anchor="mutes")


def _today(now: datetime) -> Today:
    zone, store = gateway().zone, gateway().store
    day = now.astimezone(zone).date().isoformat()
    since, until = day_span(day, zone)
    happened = store.count_events(since, until)
    errors = store.count_events(since, until, only_failed=True)
    of_today = EventSearch(EventFilter(since=since, until=until))
    failed = replace(of_today, state=EventState.FAILED)

    def events(**given: Any) -> str:
        return url_for("event_pages.index", day=day, **given)

    def worked(kind: EventKind, what: str) -> TodayNumber:
        number = happened.get(kind, 0) - errors.get(kind, 0)
        return _number(number, what, events(kind=kind.value, state=STORED))

    crowds = url_for("crowd_events.index", day=day, kind=EventKind.CROWD.value)
    numbers = [
        _number(happened.get(EventKind.CROWD, 0), "crowd event", crowds),
        worked(EventKind.SNAPSHOT, "snapshot"),
    ]
    if gateway().settings.recorder.cameras:
        numbers.append(worked(EventKind.CLIP, "clip"))
    failures = _number(
        count_found(store, failed), "failure", events(state=EventState.FAILED.value)
    )
    lost = errors.get(EventKind.CLIP, 0)
    about = f"{lost} of them clips" if lost and lost != failures.number else ""
    bad = replace(failures, is_bad=failures.number > 0, about=about)
    return Today((*numbers, bad), _latest_clip())


def _number(number: int, what: str, url: str) -> TodayNumber:
    return TodayNumber(number, what if number == 1 else f"{what}s", url)


def _latest_clip() -> LatestClip | None:
    found = gateway().clips.clips(ClipFilter(states=(ClipState.READY,)), 1)
    if not found:
        return None
    clip = found[0]
    url = url_for("clips.show", clip_id=clip.id)
    return LatestClip(clip.title or clip.camera, clip.at, url)


def _latest_snapshots() -> list[SnapshotTile]:
    wanted = EventFilter(kinds=(EventKind.SNAPSHOT,))
    return [_tile(event) for event in gateway().store.events(wanted, _LATEST)]


def _tile(event: Event) -> SnapshotTile:
    return SnapshotTile(
        url=url_for("event_pages.show", event_id=event.id),
        camera=event.camera_name or event.serial,
        at=event.occurred_at,
        title=event.title,
        thumbnail_url=url_for("events.thumbnail", event_id=event.id)
        if event.snapshot_path
        else None,
        snapshot_url=url_for("events.snapshot", event_id=event.id),
        video_link=event.video_link,
        error=event.error or "No picture",
    )
