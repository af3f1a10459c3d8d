"""Rows of the overview: listeners, mutes, pictures, cameras."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from flask import url_for
from msgspec import Struct

from mvsnap.config.sense import Sense
from mvsnap.core.clip_text import event_title
from mvsnap.domain import Camera, Event, Listener, Mute, Serial
from mvsnap.status.cameras import AWAY, CameraTrouble, is_silent
from mvsnap.texts import N_, broker_wordings, formats
from mvsnap.texts.wording import Reason
from mvsnap.web.pages.clip_text import started_by_title
from mvsnap.web.places import Places

# A listener sends a heartbeat every 15 s.
_STALE_AFTER = timedelta(seconds=50)
_FORGOTTEN_AFTER = timedelta(days=1)
_CONNECTED, _NOT_CONNECTED = N_("Connected"), N_("Not connected")
# Whoever has left a camera off for a week knows it; Meraki's "dormant" is the same.
_KNOWN_OFF_AFTER = timedelta(days=7)
_COLOURS = {"online": "success", "alerting": "warning", "offline": "danger"}


class Badge(Struct, frozen=True):
    """A word on a Bootstrap colour; the word is enough by itself."""

    text: str
    colour: str


class ListenerRow(Struct, frozen=True):
    name: str
    badge: Badge
    state: Reason
    messages_per_s: str
    zones: int
    refused: int
    seen_at: datetime


class OverviewMute(Struct, frozen=True):
    place: str
    until: datetime
    by: str


class SnapshotTile(Struct, frozen=True):
    """A picture, or the reason why there is none; url: of the page of its event."""

    id: str
    url: str
    camera: str
    at: datetime
    title: str
    thumbnail_url: str | None
    snapshot_url: str
    video_link: str | None
    error: str


class CameraRow(Struct, frozen=True):
    name: str
    serial: Serial
    model: str
    status: Badge
    last_seen_at: datetime | None
    is_silent: bool
    status_since: datetime | None

    @property
    def is_away(self) -> bool:
        return self.status.text in AWAY

    @property
    def is_in_trouble(self) -> bool:
        return self.is_silent or self.status.colour == "danger"


def listener_rows(
    listeners: list[Listener], enabled: bool, now: datetime
) -> list[ListenerRow]:
    """Return a row for each listener of the last day."""
    return [
        ListenerRow(
            name=listener.listener_id,
            badge=_listener_badge(listener, enabled, now),
            state=_beside(listener, enabled, now),
            messages_per_s=formats.decimal(listener.messages_per_s),
            zones=listener.people_counts,
            refused=listener.refused,
            seen_at=listener.seen_at,
        )
        for listener in listeners
        if now - listener.seen_at < _FORGOTTEN_AFTER
    ]


def _beside(listener: Listener, enabled: bool, now: datetime) -> Reason:
    """Return what its badge does not say."""
    state, badge = listener.state, _listener_badge(listener, enabled, now)
    if badge.text in (_CONNECTED, _NOT_CONNECTED):
        return broker_wordings.beyond(state)
    return Reason("") if state == broker_wordings.OFF.text else state


def _listener_badge(listener: Listener, enabled: bool, now: datetime) -> Badge:
    if now - listener.seen_at > _STALE_AFTER:
        return Badge(N_("No heartbeat"), "danger")
    if not enabled:
        return Badge(N_("Off"), "secondary")
    if listener.connected:
        return Badge(_CONNECTED, "success")
    return Badge(_NOT_CONNECTED, "danger")


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
            status_since=camera.status_since,
        )
        for camera in (*cameras, *unknown)
    ]


def troubles_to_show(
    troubles: Iterable[CameraTrouble], mutes: Sequence[Mute], now: datetime
) -> list[CameraTrouble]:
    """Return those for the banner, the newest first: neither muted nor known to be off.

    Of some it is not known when that began, nor when they were seen last; they come
    after the others.
    """
    muted = {mute.serial for mute in mutes if mute.zone_id is None}
    shown = [
        one
        for one in troubles
        if not ({None, one.serial} & muted or one.is_dormant)
        and not ((at := one.since or one.seen_at) and now - at > _KNOWN_OFF_AFTER)
    ]
    long_ago = now - _KNOWN_OFF_AFTER
    return sorted(
        shown, key=lambda one: one.since or one.seen_at or long_ago, reverse=True
    )


def mute_lines(found: Sequence[Mute], places: Places) -> list[OverviewMute]:
    return [OverviewMute(_place(places, m), m.until, m.muted_by) for m in found]


def _place(places: Places, mute: Mute) -> str:
    camera = places.camera(mute.serial)
    if mute.zone_id is None:
        return camera
    return f"{camera}, {places.zone(mute.serial, mute.zone_id)}"


def snapshot_tile(event: Event) -> SnapshotTile:
    return SnapshotTile(
        id=event.id,
        url=url_for("event_pages.show", event_id=event.id),
        camera=event.camera_name or event.serial,
        at=event.occurred_at,
        title=event_title(event.title, event.trigger)
        or started_by_title(event.trigger),
        thumbnail_url=url_for("events.thumbnail", event_id=event.id)
        if event.snapshot_path
        else None,
        snapshot_url=url_for("events.snapshot", event_id=event.id),
        video_link=event.video_link,
        error=event.error or N_("No picture"),
    )
