"""How many people are in the zones of cameras now, and the crowds that last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from mvsnap.config.sense import Sense
from mvsnap.core.crowd import CrowdRule
from mvsnap.core.days import lasting
from mvsnap.core.people_now import is_heard, people_now
from mvsnap.domain import FULL_FRAME, Serial, ZoneId
from mvsnap.sense.rules import SenseRules
from mvsnap.texts import N_, formats, ngettext
from mvsnap.values import replace
from mvsnap.web.context import Gateway
from mvsnap.web.places import PlaceCamera, Places

# What was written of a zone: its state as JSON, and when.
Written = tuple[Any, datetime]

_STEPS_BACK = N_("counted by its zones")
_UNNAMED = N_("not watched (sense.zones)")


class ZoneNow(Struct, frozen=True):
    """people: None: unknown. crowd_since: of a crowd that lasts. rule: for people.

    is_counted: False where the settings leave it out; `rule` then says why.
    """

    zone_id: ZoneId
    name: str
    rule: str
    people: int | None = None
    seen_at: datetime | None = None
    crowd_since: datetime | None = None
    is_counted: bool = True


class PlaceNow(Struct, frozen=True):
    """A zone of a camera, for a list of several cameras."""

    camera: PlaceCamera
    zone: ZoneNow

    @property
    def urgency(self) -> tuple[int, int, str, str]:
        """Crowds first, then the most people; unknown ones last."""
        people = -1 if self.zone.people is None else self.zone.people
        is_crowd = self.zone.crowd_since is not None
        name = self.camera.name.casefold()
        return (-is_crowd, -people, name, self.zone.name.casefold())


class _CameraZones(Struct, frozen=True):
    """What is known of the zones of one camera at `now`.

    is_whole: no listener leaves out zones because they are too many.
    """

    camera: PlaceCamera
    states: Mapping[ZoneId, Written]
    seen_at: datetime | None
    now: datetime
    is_whole: bool


def zones_now(
    here: Gateway, serial: Serial, sense: Sense, places: Places, now: datetime
) -> list[ZoneNow]:
    """Return the zones of the Dashboard, and others that were seen."""
    camera = next((c for c in places.cameras if c.serial == serial), None)
    states, seen = here.sense.zone_states(serial), here.sense.last_seen()
    known = _CameraZones(
        *(camera or PlaceCamera(serial, serial), states, seen.get(serial), now),
        is_whole=here.sense.watches_all(),
    )
    return list(_zones(known, SenseRules(sense, here.settings.recipients), places))


def places_now(
    here: Gateway, sense: Sense, places: Places, now: datetime
) -> list[PlaceNow]:
    """Return the counted zones of all cameras that were seen; three queries."""
    rules = SenseRules(sense, here.settings.recipients)
    seen, states = here.sense.last_seen(), here.sense.all_zone_states()
    is_whole = here.sense.watches_all()
    found = []
    for camera in places.cameras:
        serial = camera.serial
        if serial not in seen and serial not in states:
            continue
        known = _CameraZones(
            *(camera, states.get(serial, {}), seen.get(serial), now), is_whole=is_whole
        )
        for zone in _zones(known, rules, places):
            if zone.is_counted:
                found.append(PlaceNow(camera, zone))
    return sorted(found, key=lambda place: place.urgency)


def rule_words(rule: CrowdRule) -> str:
    said = ngettext(
        "%(num)s person or more for %(length)s",
        "%(num)s people or more for %(length)s",
        rule.limit,
    )
    length = lasting(rule.dwell_ms / 1000)
    return said % {"num": formats.number(rule.limit), "length": length}


def _zones(known: _CameraZones, rules: SenseRules, places: Places) -> Iterator[ZoneNow]:
    camera, states = known.camera, known.states
    serial, listed = camera.serial, camera.listed
    of_dashboard = (ZoneId(zone.zone_id) for zone in camera.zones)
    for zone_id in dict.fromkeys([FULL_FRAME, *of_dashboard, *sorted(states)]):
        if not zone_id.isdigit():  # the state of a microphone, or of a line
            continue
        name = places.zone(serial, zone_id)
        if not rules.counts(serial, zone_id):
            yield ZoneNow(zone_id, name, _UNNAMED, is_counted=False)
        elif rules.has_stepped_back(serial, zone_id, states, listed):
            yield ZoneNow(zone_id, name, _STEPS_BACK, is_counted=False)
        else:
            rule = rule_words(rules.crowd(serial, zone_id))
            sure = rules.surely_watches(serial, zone_id, listed) and known.is_whole
            yield _zone(ZoneNow(zone_id, name, rule), known, watched=sure)


def _zone(zone: ZoneNow, known: _CameraZones, *, watched: bool) -> ZoneNow:
    """Return the zone with its people, where they are known."""
    written = known.states.get(zone.zone_id)
    heard = is_heard(known.seen_at, known.now)
    people = people_now(written, known.now, heard=heard, watched=watched)
    if written is None or not people:
        return replace(zone, people=people)
    state, at = written
    crowd = state.get("crowd", {})
    since = crowd.get("began_ms") if crowd.get("raised") else None
    utc = known.now.tzinfo
    began = None if since is None else datetime.fromtimestamp(since / 1000, utc)
    return replace(zone, people=people, seen_at=at, crowd_since=began)
