"""Which cameras of an alarm take a snapshot, and which a clip. Pure.

A name is a Meraki serial or that of a camera of the recorder, which may have a serial,
too. What a camera cannot do is not lost: it gives the other evidence instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from mvsnap.core.webhook_rules import Choice
from mvsnap.domain import CameraName, Serial

T = TypeVar("T")
Recorders = Mapping[CameraName, Serial | None]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What to take of whom; `notes` say what is done instead of what was asked."""

    serials: tuple[Serial, ...]
    clips: tuple[CameraName, ...]
    notes: tuple[str, ...] = ()


def evidence(choice: Choice, recorders: Recorders) -> Evidence:
    """recorders: the cameras of the recorder, with the serial where there is one."""
    names = {serial: name for name, serial in recorders.items() if serial}
    found: list[Evidence] = []
    for camera in _cameras(choice, recorders):
        known = CameraName(camera) in recorders
        name = CameraName(camera) if known else names.get(Serial(camera))
        serial = recorders[CameraName(camera)] if known else Serial(camera)
        found.append(_of_camera(camera, name, serial, choice.actions))
    return Evidence(
        serials=_once(serial for one in found for serial in one.serials),
        clips=_once(clip for one in found for clip in one.clips),
        notes=_once(note for one in found for note in one.notes),
    )


def _cameras(choice: Choice, recorders: Recorders) -> tuple[str, ...]:
    """Where nobody names cameras, all that are configured."""
    if choice.cameras or "clip" not in choice.actions:
        return choice.cameras
    return tuple(recorders)


def _of_camera(
    camera: str,
    name: CameraName | None,
    serial: Serial | None,
    actions: tuple[str, ...],
) -> Evidence:
    serials = (serial,) if serial else ()
    clips = (name,) if name else ()
    wants_snapshot, wants_clip = "snapshot" in actions, "clip" in actions
    if wants_clip and not name:
        note = f"clip: {camera} is not in recorder.cameras; a snapshot is taken"
        return Evidence(serials, (), (note,))
    if wants_snapshot and not serial:
        if wants_clip:
            return Evidence((), clips)
        note = f"snapshot: {camera} has no meraki_serial; a clip is recorded"
        return Evidence((), clips, (note,))
    return Evidence(serials if wants_snapshot else (), clips if wants_clip else ())


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
