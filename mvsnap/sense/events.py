"""What the rules found, as events of the store: with names, ids, and mutes applied."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from mvsnap.clock import iso
from mvsnap.core.amounts import amount
from mvsnap.core.crossing import Crossed, CrossingRule
from mvsnap.core.crowd import CrowdRule, Ended, Finding, Raised
from mvsnap.core.presence import PresenceSpan
from mvsnap.domain import (
    FULL_FRAME,
    Event,
    EventId,
    EventKind,
    JobId,
    Mute,
    Presence,
    Serial,
    Trigger,
    TriggerKind,
    ZoneId,
    unnamed_zone,
)
from mvsnap.texts import N_

# Any fixed UUID: the same crowd must give the same ids in every process.
_NAMESPACE = uuid.UUID("7d0a3f5c-52a1-4d55-9a86-6d7673656e73")
_UNITS = {EventKind.CROWD: N_("people"), EventKind.NOISE: "dB"}


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


class Names(Struct, frozen=True):
    """The Dashboard's names of cameras and zones, and the mutes."""

    cameras: Mapping[Serial, str] = {}
    zones: Mapping[tuple[Serial, str], str] = {}
    mutes: Sequence[Mute] = ()

    def camera(self, serial: Serial) -> str:
        return self.cameras.get(serial, serial)

    def zone(self, serial: Serial, zone_id: ZoneId) -> str:
        """Return the zone's label, or a text that identifies it; "": the camera."""
        if not zone_id:
            return ""
        if label := self.zones.get((serial, zone_id)):
            return label
        return "Full Frame" if zone_id == FULL_FRAME else unnamed_zone(zone_id)

    def muted_by(self, serial: Serial, zone_id: ZoneId, now: datetime) -> str | None:
        covering = (m for m in self.mutes if m.covers(serial, zone_id, now))
        return next((mute.muted_by for mute in covering), None)


class Place(Struct, frozen=True):
    """Where something happens; `zone_id` is "" for noise, which is of the whole camera.

    rule: its number, where several rules watch one place.
    line: what the camera calls a line, "" if it does not say.
    """

    kind: EventKind
    serial: Serial
    zone_id: ZoneId
    rule: int = 0
    line: str = ""

    def event_id(self, began_ms: int) -> EventId:
        name = f"{self.kind} {self.serial} {self.zone_id} {self.rule} {began_ms}"
        return EventId(str(uuid.uuid5(_NAMESPACE, name)))


def job_of(event_id: EventId) -> JobId:
    """Return the job that a raised event starts, and that its end belongs to."""
    return JobId(str(uuid.uuid5(_NAMESPACE, f"job of {event_id}")))


def raised_event(
    place: Place, found: Raised, rule: CrowdRule, names: Names, now: datetime
) -> Event:
    if place.kind is EventKind.NOISE:
        title = f"Noise: {found.level} dB"
        details: dict[str, str | int | float] = {
            "level_db": found.level,
            "limit_db": rule.limit,
        }
    else:
        title = f"Crowd: {amount(found.level, 'person', 'people')}"
        details = {"people": found.level, "limit": rule.limit}
        if rule.end < rule.limit:
            # This number stayed all the time; `limit` only counts at the end of it.
            details["stayed"] = rule.end
    details["dwell_s"] = rule.dwell_ms / 1000
    details["raised_at"] = iso(moment(found.raised_ms))
    if found.quiet:
        details["muted_by"] = "cool-down"
    return _event(place, found.began_ms, title, details, names, now)


def crossing_event(
    place: Place, found: Crossed, rule: CrossingRule, names: Names, now: datetime
) -> Event:
    details: dict[str, str | int | float] = {
        "count": found.count,
        "window_s": rule.window_ms / 1000,
        "event": rule.event,
        "type": rule.type,
        "raised_at": iso(moment(found.raised_ms)),
    }
    title = f"Line crossed by a {rule.type}"
    return _event(place, found.began_ms, title, details, names, now)


def end_event(place: Place, found: Ended, names: Names, now: datetime) -> Event:
    begun = place.event_id(found.began_ms)
    return Event(
        id=EventId(str(uuid.uuid5(_NAMESPACE, f"end of {begun}"))),
        kind=EventKind.END,
        occurred_at=moment(found.ended_ms),
        recorded_at=now,
        serial=place.serial,
        job_id=job_of(begun),
        trigger=Trigger(TriggerKind.SENSE, names.zone(place.serial, place.zone_id)),
        camera_name=names.camera(place.serial),
        title=f"{place.kind.capitalize()} over",
        zone_id=place.zone_id,
        zone_name=names.zone(place.serial, place.zone_id),
        details={
            "of": begun,
            "peak": found.peak,
            "unit": _UNITS[place.kind],
            "duration_s": (found.ended_ms - found.began_ms) / 1000,
        },
    )


class EventBuffer:
    """Events and presences that wait to be saved."""

    def __init__(self) -> None:
        self.names = Names()
        self._events: list[Event] = []
        self._presences: list[Presence] = []

    def add_crowd(
        self, place: Place, found: Finding, rule: CrowdRule, now: datetime
    ) -> None:
        if isinstance(found, Raised):
            event = raised_event(place, found, rule, self.names, now)
        else:
            event = end_event(place, found, self.names, now)
        self._events.append(event)

    def add_crossing(
        self, place: Place, found: Crossed, rule: CrossingRule, now: datetime
    ) -> None:
        self._events.append(crossing_event(place, found, rule, self.names, now))

    def add_presence(self, serial: Serial, zone_id: ZoneId, seen: PresenceSpan) -> None:
        self._presences.append(
            Presence(
                serial,
                zone_id,
                moment(seen.in_ms),
                moment(seen.out_ms),
                seen.peak_people,
            )
        )

    def drop(self, gone: Callable[[str], bool]) -> None:
        """Forget those of cameras that are gone, by serial."""
        self._events = [event for event in self._events if not gone(event.serial)]
        self._presences = [one for one in self._presences if not gone(one.serial)]

    def withdraw(self, serial: Serial, zone_id: ZoneId) -> None:
        """Forget crowds of a zone that nobody has been told of yet, with their ends."""
        zone = (serial, zone_id)
        new = {
            event.id
            for event in self._events
            if event.kind is EventKind.CROWD and (event.serial, event.zone_id) == zone
        }
        if new:
            events = self._events
            self._events = [e for e in events if not {e.id, e.details.get("of")} & new]

    @property
    def has_events(self) -> bool:
        return bool(self._events)

    def gather(self) -> tuple[list[Event], list[Presence]]:
        """Return all of it and start over."""
        gathered = self._events, self._presences
        self._events, self._presences = [], []
        return gathered


def _event(
    place: Place,
    began_ms: int,
    title: str,
    details: dict[str, str | int | float],
    names: Names,
    now: datetime,
) -> Event:
    event_id = place.event_id(began_ms)
    zone_name = names.zone(place.serial, place.zone_id)
    if place.kind is EventKind.CROSSING:
        zone_name = f"line {place.line or place.zone_id}"
    muted_by = names.muted_by(place.serial, place.zone_id, now)
    if muted_by is not None:
        details.setdefault("muted_by", muted_by)
    return Event(
        id=event_id,
        kind=place.kind,
        occurred_at=moment(began_ms),
        recorded_at=now,
        serial=place.serial,
        job_id=job_of(event_id),
        trigger=Trigger(TriggerKind.SENSE, zone_name),
        camera_name=names.camera(place.serial),
        title=title,
        zone_id=place.zone_id,
        zone_name=zone_name,
        details=details,
    )
