"""Cameras that do not count visitors, and why."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from mvsnap.domain import Serial
from mvsnap.texts import N_
from mvsnap.visitors.model import CountingCamera
from mvsnap.visitors.zone_rows import VisitorRow
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
            why = N_("MV Sense is off")
        elif camera.error and serial not in counting:
            why = camera.error
        else:
            continue
        found.append(NotCounting(places.camera(serial), serial, why))
    return sorted(found, key=lambda one: (one.camera.casefold(), one.serial))
