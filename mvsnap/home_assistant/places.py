"""Cameras and zones: their names, and whether they still exist."""

from __future__ import annotations

from msgspec import Struct

from mvsnap.config.model import Settings
from mvsnap.domain import FULL_FRAME, Serial, ZoneId
from mvsnap.home_assistant.topics import safe_id
from mvsnap.sense.events import Names
from mvsnap.sense.rules import SenseRules
from mvsnap.sense.site_settings import read_names, read_sense
from mvsnap.store.site import SiteStore


class KnownPlaces(Struct, frozen=True):
    """zoned: cameras whose zones the Dashboard has told."""

    names: Names
    zoned: frozenset[Serial]
    rules: SenseRules
    listens: bool

    def is_zone(self, serial: Serial, zone_id: ZoneId) -> bool:
        """Return whether there is such a zone, as far as anybody knows."""
        if not self.listens or not self.rules.counts(serial, zone_id):
            return False
        if safe_id(serial) != serial or safe_id(zone_id) != zone_id:
            return False
        # Anyone on the broker can invent serials; the Dashboard knows ours.
        if self.names.cameras and serial not in self.names.cameras:
            return False
        if zone_id == FULL_FRAME or serial not in self.zoned:
            return True
        return (serial, zone_id) in self.names.zones

    def is_camera(self, camera: str) -> bool:
        """camera: a serial, or the name of a camera of the recorder."""
        return not self.names.cameras or camera in self.names.cameras


def read_places(site: SiteStore, settings: Settings) -> KnownPlaces:
    names = read_names(site, Names())
    sense, _ = read_sense(site, settings.sense)
    return KnownPlaces(
        names,
        frozenset(serial for serial, _zone in names.zones),
        SenseRules(sense, settings.recipients),
        sense.enabled,
    )
