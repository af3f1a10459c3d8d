"""Details of one camera: its zones in the picture, its events, what is set for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from flask import url_for
from msgspec import Struct

from mvsnap.config.recorder import RecorderCameraSection
from mvsnap.config.sense import Sense
from mvsnap.core.clip_text import event_title
from mvsnap.core.crowd_rows import CrowdRow
from mvsnap.core.days import lasting
from mvsnap.core.zone_words import zone_words
from mvsnap.domain import (
    RAISED,
    Event,
    EventKind,
    Serial,
    ZoneId,
)
from mvsnap.sense.rules import SenseRules
from mvsnap.texts import _
from mvsnap.web.context import Gateway
from mvsnap.web.pages.camera_list import KnownCamera
from mvsnap.web.pages.clip_text import started_by_title
from mvsnap.web.pages.event_rows import kind_words
from mvsnap.web.pages.zones_now import rule_words
from mvsnap.web.places import Places

_KINDS = (*RAISED, EventKind.SNAPSHOT, EventKind.CLIP, EventKind.ALARM)


class ZoneOutline(Struct, frozen=True):
    """Where a zone is in the picture, in percent."""

    name: str
    left: float
    top: float
    width: float
    height: float


class CameraEvent(Struct, frozen=True):
    """address: of its page."""

    id: str
    at: datetime
    kind: str
    text: str
    address: str
    error: str


class SetValue(Struct, frozen=True):
    """A setting that holds for the camera; name: as in the file."""

    name: str
    label: str
    value: str


def outlines(serial: Serial, places: Places) -> list[ZoneOutline]:
    """Return the zones whose place Meraki has said; the full frame needs none."""
    known = next((c.zones for c in places.cameras if c.serial == serial), ())
    found = []
    for zone in known:
        if zone.region is not None:
            left, top, right, bottom = (round(100 * edge, 2) for edge in zone.region)
            name = zone_words(zone.label, zone.zone_id)
            found.append(ZoneOutline(name, left, top, right - left, bottom - top))
    return found


def event_kinds() -> tuple[EventKind, ...]:
    """Return the kinds a camera's page lists: none that names a cardholder."""
    return _KINDS


def event_line(event: Event) -> CameraEvent:
    place = CrowdRow(event).zone
    text = event_title(event.title, event.trigger) or started_by_title(event.trigger)
    return CameraEvent(
        event.id,
        event.occurred_at,
        kind_words(event.kind),
        f"{text}, {place}" if place and event.kind in RAISED else text,
        url_for("event_pages.show", event_id=event.id),
        event.error or "",
    )


def recorder_values(section: RecorderCameraSection) -> Iterator[SetValue]:
    """Yield what `recorder.cameras` says of a camera; never its address."""
    ring = _("always connected, with pre-roll")
    on_demand = _("connects at an alarm, without pre-roll")
    yield SetValue("mode", _("Recording"), ring if section.is_ring else on_demand)
    if section.is_ring:
        yield SetValue("pre_roll_s", _("Before the alarm"), lasting(section.pre_roll_s))
    yield SetValue("post_roll_s", _("After the alarm"), lasting(section.post_roll_s))
    yield SetValue("recode", _("Convert to H.264"), section.recode)
    yield SetValue("audio", _("Sound"), _("yes") if section.audio else _("no"))


def sense_values(
    here: Gateway, camera: KnownCamera, sense: Sense
) -> Iterator[SetValue]:
    """Yield the general crowd rule of a camera, and who is notified."""
    if camera.serial is None:
        return
    rules = SenseRules(sense, here.settings.recipients)
    if not sense.enabled or not rules.includes(camera.serial):
        why = (
            _("off") if not sense.enabled else _("this camera is not in sense.cameras")
        )
        yield SetValue("sense.enabled", "MV Sense", why)
        return
    rule = rules.crowd(camera.serial, ZoneId("*"))
    yield SetValue("sense.people", _("Crowd"), rule_words(rule))
    wait = lasting(rule.cooldown_ms / 1000)
    yield SetValue("sense.cooldown_s", _("Wait before the next alert"), wait)
    rooms = ", ".join(rules.rooms(camera.serial, ZoneId("*"))) or _("nobody")
    yield SetValue("sense.rooms", _("Recipients"), rooms)
