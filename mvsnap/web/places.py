"""Places: cameras and their zones by name, to choose from and to display."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from mvsnap.core.zone_words import zone_words
from mvsnap.domain import FULL_FRAME, Serial, Zone, ZoneId
from mvsnap.sense.rules import listed_zones
from mvsnap.store.sense import SenseStore
from mvsnap.store.site import SiteStore
from mvsnap.texts import N_, _, audit_wordings
from mvsnap.texts.reasons import said
from mvsnap.texts.wording import Reason

_FULL_FRAME_NAME = N_("Full Frame")


class PlaceCamera(Struct, frozen=True):
    """A camera with its zones; the full frame is not among them.

    is_listed: the Dashboard's list of its zones is known.
    """

    serial: Serial
    name: str
    zones: tuple[Zone, ...] = ()
    is_listed: bool = False

    @property
    def listed(self) -> frozenset[ZoneId]:
        """Return its zones in the Dashboard, the full frame among them."""
        return listed_zones(self.zones if self.is_listed else None)

    @property
    def places(self) -> list[tuple[str, str]]:
        """All its options, as zone id and name; *: all zones."""
        zones = [(z.zone_id, zone_words(z.label, z.zone_id)) for z in self.zones]
        return [("*", _("all zones")), (FULL_FRAME, _(_FULL_FRAME_NAME)), *zones]


class Places:
    """Cameras of the Dashboard, and others that sent messages."""

    def __init__(self, cameras: Iterable[PlaceCamera]) -> None:
        self.cameras = tuple(cameras)
        self._by_serial = {camera.serial: camera for camera in self.cameras}

    def camera(self, serial: str | None) -> str:
        """Return its name, or the serial if it has none."""
        if serial is None:
            return _("All cameras")
        found = self._by_serial.get(Serial(serial))
        return found.name if found else serial

    def zone(self, serial: str | None, zone_id: str | None) -> str:
        return said(self.zone_reason(serial, zone_id))

    def zone_reason(self, serial: str | None, zone_id: str | None) -> Reason:
        """Return it as the audit log has it: a name by people, or a code."""
        if zone_id is None:
            return audit_wordings.ALL_ZONES()
        if zone_id == FULL_FRAME:
            return audit_wordings.FULL_FRAME()
        for camera in self.cameras:
            if serial in (None, camera.serial):
                for zone in camera.zones:
                    if zone.zone_id == zone_id and zone.label:
                        return Reason(zone.label)
        return audit_wordings.ZONE(id=zone_id)

    def knows(self, serial: str) -> bool:
        return Serial(serial) in self._by_serial

    def knows_zone(self, zone_id: str) -> bool:
        cameras = self.cameras
        return zone_id == FULL_FRAME or any(
            zone.zone_id == zone_id for camera in cameras for zone in camera.zones
        )

    def has_zone(self, serial: Serial, zone_id: ZoneId) -> bool:
        """Return whether the camera has the zone, according to the Dashboard."""
        found = self._by_serial.get(serial)
        if zone_id == FULL_FRAME or found is None or not found.zones:
            return True
        return any(zone.zone_id == zone_id for zone in found.zones)


def known_places(site: SiteStore, sense: SenseStore) -> Places:
    """Return all cameras by name; three queries."""
    zones = site.zones()
    names = {camera.serial: camera.name for camera in site.cameras()}
    for serial in (*zones, *sense.last_seen()):
        names.setdefault(serial, serial)
    return Places(
        PlaceCamera(
            serial,
            name or serial,
            tuple(z for z in zones.get(serial, ()) if z.zone_id != FULL_FRAME),
            is_listed=serial in zones,
        )
        for serial, name in sorted(
            names.items(), key=lambda item: (item[1].casefold(), item[0])
        )
    )
