"""The cameras and zones that people can name."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from mvsnap.config.model import Settings
from mvsnap.core.camera_names import WatchedPlace
from mvsnap.core.presses import BotPress
from mvsnap.core.zone_words import zone_words
from mvsnap.domain import (
    FULL_FRAME,
    CameraName,
    Mute,
    Serial,
    ZoneId,
)
from mvsnap.errors import BadInput
from mvsnap.store.site import SiteStore
from mvsnap.texts import N_, _
from mvsnap.values import replace


class NamedPlaces(Struct, frozen=True):
    """cameras: by name. zones: of those in the Dashboard.

    is_whole: False while the Dashboard has not said what each camera is called.
    """

    cameras: tuple[WatchedPlace, ...]
    zones: tuple[WatchedPlace, ...]
    is_whole: bool = True

    def pressed(self, press: BotPress) -> WatchedPlace:
        """Return the place of a button.

        Raises:
            BadInput: the camera is gone, or was never there.
        """
        zone_id = press.zone_id
        at_camera = replace(press, zone_id=None)
        camera = next((c for c in self.cameras if at_camera.is_at(c)), None)
        if camera is None:
            raise BadInput(N_("This camera is no longer there"))
        if zone_id is None:
            return camera
        known = next((zone for zone in self.zones if press.is_at(zone)), None)
        if known is not None:
            return known
        # Of a crowd in a zone that the Dashboard has dropped: those have numbers.
        if not (zone_id.isascii() and zone_id.isdigit()):
            raise BadInput(N_("This zone is no longer there"))
        name = zone_words("", zone_id)
        return replace(camera, name=name, zone_id=zone_id, camera=camera.name)


def read_cameras(site: SiteStore, settings: Settings) -> NamedPlaces:
    names = {camera.serial: camera.name or camera.serial for camera in site.cameras()}
    named = settings.cameras_named()
    is_whole = names.keys() >= {*named}
    for serial in named:
        names.setdefault(Serial(serial), serial)
    recorder = settings.recorder.serials()
    recorded = {serial: name for name, serial in recorder.items() if serial}
    cameras = [
        _of_dashboard(serial, name, recorded.get(serial))
        for serial, name in names.items()
    ]
    cameras += [
        WatchedPlace(name, recorded_as=name)
        for name, serial in recorder.items()
        if serial is None
    ]
    cameras.sort(key=lambda camera: camera.name.casefold())
    return NamedPlaces(tuple(cameras), tuple(_zones(site, cameras)), is_whole)


def _of_dashboard(
    serial: Serial, name: str, recorded_as: CameraName | None
) -> WatchedPlace:
    # While the Dashboard has not said its name, the recorder's will do.
    shown = recorded_as if recorded_as and name == serial else name
    return WatchedPlace(shown, serial, recorded_as)


def muted_place(mute: Mute, site: SiteStore) -> str:
    """Return what is muted by its names, as far as the Dashboard has said them."""
    if mute.serial is None:
        return _("all cameras")
    names = {camera.serial: camera.name for camera in site.cameras()}
    camera = names.get(mute.serial) or mute.serial
    if mute.zone_id is None:
        return camera
    labels = {z.zone_id: z.label for z in site.zones().get(mute.serial, ())}
    return f"{camera}, {zone_words(labels.get(mute.zone_id, ''), mute.zone_id)}"


def _zones(site: SiteStore, cameras: Sequence[WatchedPlace]) -> list[WatchedPlace]:
    of_camera = site.zones()
    return [
        replace(
            camera,
            name=zone_words(zone.label, zone.zone_id),
            zone_id=ZoneId(zone.zone_id),
            camera=camera.name,
        )
        for camera in cameras
        if camera.serial is not None
        for zone in of_camera.get(camera.serial, ())
        if zone.zone_id != FULL_FRAME
    ]
