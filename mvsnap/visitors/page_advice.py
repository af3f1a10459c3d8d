"""Visitor advice: which cameras do not count, and what to do so that they do."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from mvsnap.domain import Serial
from mvsnap.texts import _
from mvsnap.visitors.model import CountingCamera
from mvsnap.visitors.page_rows import VisitorRow
from mvsnap.web.context import gateway
from mvsnap.web.places import Places


class NotCounting(Struct, frozen=True):
    """A camera that does not count, and why."""

    camera: str
    serial: Serial
    why: str


def without_counts(
    places: Places,
    cameras: dict[Serial, CountingCamera],
    rows: Sequence[VisitorRow],
) -> list[NotCounting]:
    """Return the cameras that do not count, of those the Dashboard was asked about."""
    counting = {row.serial for row in rows if row.entrances is not None}
    found = []
    for serial, camera in cameras.items():
        if camera.has_sense is False:
            why = "MV Sense is off"
        elif camera.error and serial not in counting:
            why = camera.error
        else:
            continue
        found.append(NotCounting(places.camera(serial), serial, why))
    return sorted(found, key=lambda one: (one.camera.casefold(), one.serial))


def advice(cameras: dict[Serial, CountingCamera]) -> str:
    """Return what to do so that people are counted."""
    here = gateway()
    if not here.settings.asks_meraki:
        if here.sense_settings().enabled:
            return _(
                "Nobody seen yet. MV Sense is on, and what it sees will appear here."
            )
        return _(
            "Nothing is counting people yet. Set meraki.api_key in config/mvsnap.yaml, "
            "or turn on sense.enabled."
        )
    if not cameras:
        return _(
            "Fetching cameras and zones from the Dashboard. Reload in "
            "a minute; if this "
            "persists, check the log of the worker."
        )
    if all(camera.has_sense is False for camera in cameras.values()):
        return (
            "MV Sense is not enabled on any camera. Dashboard > Cameras > the camera > "
            "Settings > Sense; each camera needs a Sense license."
        )
    return _("Nobody was counted in this period.")
