"""The settings of MV Sense as rules of one zone: overrides applied, units converted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from mvsnap.config.notify import Outside, TimeSpan
from mvsnap.config.recipients import Recipients
from mvsnap.config.sense import Override, Sense
from mvsnap.core.crossing import CrossingRule
from mvsnap.core.crowd import CrowdRule
from mvsnap.domain import FULL_FRAME, Serial, Zone, ZoneId


class SenseRules:
    def __init__(
        self,
        sense: Sense,
        recipients: Recipients,
        organization_of: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        """organization_of: returns that of a camera, whose room is the default."""
        self._sense = sense
        self._recipients = recipients
        self._organization_of = organization_of

    def changed(self, sense: Sense) -> SenseRules:
        """Return those of other settings of MV Sense."""
        return SenseRules(sense, self._recipients, self._organization_of)

    def counts(self, serial: str, zone_id: str) -> bool:
        """Return whether this zone is watched."""
        sense = self._sense
        if zone_id == FULL_FRAME and sense.full_frame == "never":
            is_wanted = self._names_frame(serial)
        else:
            is_wanted = _is_one_of(zone_id, sense.zones)
        return is_wanted and _is_one_of(serial, sense.cameras)

    def frame_steps_back(self, serial: str) -> bool:
        """Return whether the full frame counts only without another zone."""
        return self._sense.full_frame == "auto" and not self._names_frame(serial)

    def surely_watches(
        self, serial: Serial, zone_id: ZoneId, listed: Collection[ZoneId]
    ) -> bool:
        """Return whether a listener keeps the counts of a zone that it is sent.

        listed: the zones that the Dashboard has of the camera; what it sends is sent
        for all of them.
        """
        if zone_id not in listed or not self.counts(serial, zone_id):
            return False
        others = any(self.counts(serial, z) for z in listed if z != FULL_FRAME)
        steps_back = others and self.frame_steps_back(serial)
        return zone_id != FULL_FRAME or not steps_back

    def has_stepped_back(
        self,
        serial: Serial,
        zone_id: ZoneId,
        written: Collection[ZoneId],
        listed: Collection[ZoneId],
    ) -> bool:
        """Return whether it is a full frame whose people are counted by its zones.

        written: the zones of the camera whose state a listener has stored.
        """
        if zone_id != FULL_FRAME or not self.frame_steps_back(serial):
            return False
        if any(zone.isdigit() and zone != FULL_FRAME for zone in written):
            return True
        # Nobody came anywhere yet.
        is_listed = FULL_FRAME in listed and FULL_FRAME not in written
        return is_listed and not self.surely_watches(serial, FULL_FRAME, listed)

    def _names_frame(self, serial: str) -> bool:
        """Return whether the settings name it, not just all zones."""
        return FULL_FRAME in self._sense.zones or any(
            override.serial == serial and override.zone == FULL_FRAME
            for override in self._sense.overrides
        )

    def crowd(self, serial: Serial, zone_id: ZoneId) -> CrowdRule:
        return CrowdRule(
            limit=self._value("people", serial, zone_id),
            dwell_ms=_ms(self._value("dwell_s", serial, zone_id)),
            min_messages=self._value("min_messages", serial, zone_id),
            dropout_ms=_ms(self._value("dropout_s", serial, zone_id)),
            cooldown_ms=_ms(self._value("cooldown_s", serial, zone_id)),
            to_start=self._value("people_to_start", serial, zone_id),
            to_end=self._value("people_to_end", serial, zone_id),
        )

    def noise(self) -> CrowdRule | None:
        """Return the rule for audio levels, None if noise is not watched."""
        noise = self._sense.noise
        if noise.level_db is None:
            return None
        return CrowdRule(
            limit=noise.level_db,
            dwell_ms=_ms(noise.dwell_s),
            dropout_ms=_ms(noise.dropout_s),
            cooldown_ms=_ms(noise.cooldown_s),
        )

    def includes(self, serial: str) -> bool:
        """Return whether this camera is watched."""
        return _is_one_of(serial, self._sense.cameras)

    def crossings(self, serial: str, line_id: str) -> list[tuple[int, CrossingRule]]:
        """Return the rules of this line with their number in the settings."""
        return [
            (
                number,
                CrossingRule(
                    rule.event,
                    rule.type,
                    rule.count,
                    _ms(rule.window_s),
                    _ms(rule.cooldown_s),
                ),
            )
            for number, rule in enumerate(self._sense.crossings)
            if rule.serial in ("*", serial) and rule.line in ("*", line_id)
        ]

    def rooms(self, serial: Serial, zone_id: ZoneId | None) -> tuple[str, ...]:
        """Return the recipients, without duplicates."""
        overridden = self._overridden("rooms", serial, zone_id or ZoneId(""))
        named = (overridden, self._sense.rooms or None)
        of: dict[str, str | None] = {serial: self._organization_of(serial)}
        return self._recipients.of_cameras(of, *named).rooms

    def hours(
        self, serial: Serial, zone_id: ZoneId
    ) -> tuple[tuple[TimeSpan, ...] | None, Outside]:
        """Return when a zone notifies, None: always; and what becomes of the rest."""
        when = self._value("when", serial, zone_id)
        return when, self._value("outside", serial, zone_id)

    def hours_of_crossing(
        self, number: int, serial: Serial, line_id: ZoneId
    ) -> tuple[tuple[TimeSpan, ...] | None, Outside]:
        """Return the same of a rule for crossings, by its number in the settings."""
        when, outside = self.hours(serial, line_id)
        if number < len(self._sense.crossings):  # it may have gone from the settings
            rule = self._sense.crossings[number]
            when, outside = rule.when or when, rule.outside or outside
        return when, outside

    def _value(self, name: str, serial: Serial, zone_id: ZoneId) -> Any:
        value = self._overridden(name, serial, zone_id)
        return getattr(self._sense, name) if value is None else value

    def _overridden(self, name: str, serial: Serial, zone_id: ZoneId) -> Any:
        """Return the override's value: the zone's goes before the camera's."""
        found = None
        for override in sorted(self._sense.overrides, key=_is_for_one_zone):
            fits = override.serial == serial and override.zone in ("*", zone_id)
            value = getattr(override, name)
            if fits and value is not None:
                found = value
        return found


def listed_zones(zones: Iterable[Zone] | None) -> frozenset[ZoneId]:
    """Return a camera's zones in the Dashboard, the full frame among them.

    zones: None where the Dashboard's list is not known.
    """
    if zones is None:
        return frozenset()
    return frozenset((FULL_FRAME, *(ZoneId(zone.zone_id) for zone in zones)))


def _is_for_one_zone(override: Override) -> bool:
    return override.zone != "*"


def _is_one_of(name: str, wanted: tuple[str, ...]) -> bool:
    return "*" in wanted or name in wanted


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
