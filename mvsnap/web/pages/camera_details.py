"""Details of one camera: people in its zones now, its events, what is set for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for

from mvsnap.config.recorder import RecorderCameraSection
from mvsnap.config.sense import Sense
from mvsnap.core.crowd import CrowdRule
from mvsnap.core.days import lasting
from mvsnap.core.people_now import is_heard, people_now
from mvsnap.domain import (
    FULL_FRAME,
    RAISED,
    Event,
    EventKind,
    Serial,
    ZoneId,
    unnamed_zone,
)
from mvsnap.sense.rules import SenseRules
from mvsnap.web.context import Gateway
from mvsnap.web.pages.camera_list import KnownCamera
from mvsnap.web.pages.clip_text import started_by
from mvsnap.web.pages.places import Places

_KINDS = (*RAISED, EventKind.SNAPSHOT, EventKind.CLIP, EventKind.ALARM)
_STEPS_BACK = "counted by its zones"
_UNNAMED = "not watched (sense.zones)"


@dataclass(frozen=True, slots=True)
class ZoneNow:
    """people: None: unknown. crowd_since: of a crowd that lasts. rule: for people."""

    name: str
    rule: str
    people: int | None = None
    seen_at: datetime | None = None
    crowd_since: datetime | None = None

    @property
    def tag(self) -> str:
        return f"{self.name} {self.rule} {self.people} {self.crowd_since}"


@dataclass(frozen=True, slots=True)
class ZoneOutline:
    """Where a zone is in the picture, in percent."""

    name: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class CameraEvent:
    """address: of its page."""

    id: str
    at: datetime
    kind: str
    text: str
    address: str
    error: str


@dataclass(frozen=True, slots=True)
class SetValue:
    """A setting that holds for the camera; name: as in the file."""

    name: str
    label: str
    value: str


def zones_now(
    here: Gateway, serial: Serial, sense: Sense, places: Places, now: datetime
) -> list[ZoneNow]:
    """Return the zones of the Dashboard, and others that were heard."""
    states = here.sense.zone_states(serial)
    known = next((c.zones for c in places.cameras if c.serial == serial), ())
    ids = dict.fromkeys(
        [FULL_FRAME, *(ZoneId(zone.zone_id) for zone in known), *sorted(states)]
    )
    rules = SenseRules(sense, here.settings.recipients)
    seen_at = here.sense.last_seen().get(serial)
    heard = is_heard(seen_at, now)
    others = any(zone.isdigit() and zone != FULL_FRAME for zone in states)
    found = []
    for zone_id in ids:
        if not zone_id.isdigit():  # the state of a microphone, or of a line
            continue
        name = places.zone(serial, zone_id)
        if not rules.counts(serial, zone_id):
            found.append(ZoneNow(name, _UNNAMED))
        elif zone_id == FULL_FRAME and others and rules.frame_steps_back(serial):
            found.append(ZoneNow(name, _STEPS_BACK))
        else:
            rule = rule_words(rules.crowd(serial, zone_id))
            found.append(_zone(name, rule, states.get(zone_id), now, heard=heard))
    return found


def outlines(serial: Serial, places: Places) -> list[ZoneOutline]:
    """Return the zones whose place Meraki has said; the full frame needs none."""
    known = next((c.zones for c in places.cameras if c.serial == serial), ())
    found = []
    for zone in known:
        if zone.region is not None:
            left, top, right, bottom = (round(100 * edge, 2) for edge in zone.region)
            name = zone.label or unnamed_zone(zone.zone_id)
            found.append(ZoneOutline(name, left, top, right - left, bottom - top))
    return found


def _zone(
    name: str,
    rule: str,
    written: tuple[Any, datetime] | None,
    now: datetime,
    *,
    heard: bool,
) -> ZoneNow:
    if written is None:
        return ZoneNow(name, rule)
    state, at = written
    people = people_now(written, now, heard=heard)
    if not people:
        return ZoneNow(name, rule, people)
    crowd = state.get("crowd", {})
    since = crowd.get("began_ms") if crowd.get("raised") else None
    began = None if since is None else datetime.fromtimestamp(since / 1000, now.tzinfo)
    return ZoneNow(name, rule, people, at, began)


def rule_words(rule: CrowdRule) -> str:
    people = "1 person" if rule.limit == 1 else f"{rule.limit} people"
    return f"{people} or more for {lasting(rule.dwell_ms / 1000)}"


def event_kinds() -> tuple[EventKind, ...]:
    """Return the kinds a camera's page lists: none that names a cardholder."""
    return _KINDS


def event_line(event: Event) -> CameraEvent:
    place = event.zone_name or (unnamed_zone(event.zone_id) if event.zone_id else "")
    text = event.title or started_by(event.trigger)
    return CameraEvent(
        event.id,
        event.occurred_at,
        event.kind.capitalize(),
        f"{text}, {place}" if place and event.kind in RAISED else text,
        url_for("event_pages.show", event_id=event.id),
        event.error or "",
    )


def recorder_values(section: RecorderCameraSection) -> Iterator[SetValue]:
    """Yield what `recorder.cameras` says of a camera; never its address."""
    ring = "always connected, with pre-roll"
    on_demand = "connects at an alarm, without pre-roll"
    yield SetValue("mode", "Recording", ring if section.is_ring else on_demand)
    if section.is_ring:
        yield SetValue("pre_roll_s", "Before the alarm", lasting(section.pre_roll_s))
    yield SetValue("post_roll_s", "After the alarm", lasting(section.post_roll_s))
    yield SetValue("recode", "Convert to H.264", section.recode)
    yield SetValue("audio", "Sound", "yes" if section.audio else "no")


def sense_values(
    here: Gateway, camera: KnownCamera, sense: Sense
) -> Iterator[SetValue]:
    """Yield the general crowd rule of a camera, and who is notified."""
    if camera.serial is None:
        return
    rules = SenseRules(sense, here.settings.recipients)
    if not sense.enabled or not rules.includes(camera.serial):
        why = "off" if not sense.enabled else "this camera is not in sense.cameras"
        yield SetValue("sense.enabled", "MV Sense", why)
        return
    rule = rules.crowd(camera.serial, ZoneId("*"))
    yield SetValue("sense.people", "Crowd", rule_words(rule))
    wait = lasting(rule.cooldown_ms / 1000)
    yield SetValue("sense.cooldown_s", "Wait before the next alert", wait)
    rooms = ", ".join(rules.rooms(camera.serial, ZoneId("*"))) or "nobody"
    yield SetValue("sense.rooms", "Recipients", rooms)
