"""Which cameras of an alarm take a snapshot, and which record a clip. Pure.

A name is a Meraki serial or that of a recorder camera, which may have a serial, too.
A camera that cannot do one kind of evidence provides the other instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from msgspec import Struct

from mvsnap.domain import CameraName, Serial
from mvsnap.webhooks.rules import RuleMatch

T = TypeVar("T")
Recorders = Mapping[CameraName, Serial | None]


class Evidence(Struct, frozen=True):
    """Which cameras give what; `notes` say what was replaced."""

    serials: tuple[Serial, ...]
    clips: tuple[CameraName, ...]
    notes: tuple[str, ...] = ()


def evidence(
    match: RuleMatch, recorders: Recorders, default: tuple[Serial, ...]
) -> Evidence:
    """Return the evidence for the cameras of a rule match.

    recorders: the recorder's cameras, with the serial where there is one.
    default: serials for a snapshot where no cameras are named; clips are then of all.
    """
    wants_snapshot = "snapshot" in match.actions
    wants_clip = "clip" in match.actions
    if not match.cameras and not (wants_clip and not recorders):
        linked = tuple(serial for serial in recorders.values() if serial)
        return Evidence(
            (default or linked) if wants_snapshot else (),
            tuple(recorders) if wants_clip else (),
        )
    names = {serial: name for name, serial in recorders.items() if serial}
    serials: list[Serial] = []
    clips: list[CameraName] = []
    no_clip: list[str] = []
    no_snapshot: list[str] = []
    for camera in match.cameras or default:
        name, serial = _known_as(camera, recorders, names)
        if serial and (wants_snapshot or not name):
            serials.append(serial)
        if name and (wants_clip or not serial):
            clips.append(name)
        if wants_clip and not name:
            no_clip.append(camera)
        if not wants_clip and not serial:
            no_snapshot.append(camera)
    notes = (
        _note("clip", no_clip, "recorder.cameras", "taking a snapshot"),
        _note("snapshot", no_snapshot, "the Dashboard", "recording a clip"),
    )
    return Evidence(_once(serials), _once(clips), tuple(filter(None, notes)))


def without_snapshots(wanted: Evidence) -> Evidence:
    """Return the clips alone, with a note where a snapshot was requested, too."""
    if not wanted.serials:
        return wanted
    cameras = ", ".join(wanted.serials)
    note = f"snapshot: not taken of {cameras}, meraki.api_key is not set"
    return Evidence((), wanted.clips, (*wanted.notes, note))


def _known_as(
    camera: str, recorders: Recorders, names: Mapping[Serial, CameraName]
) -> tuple[CameraName | None, Serial | None]:
    name = CameraName(camera)
    if name in recorders:
        return name, recorders[name]
    return names.get(Serial(camera)), Serial(camera)


def _note(action: str, cameras: list[str], unknown_to: str, instead: str) -> str:
    if not cameras:
        return ""
    return f"{action}: {', '.join(cameras)} not in {unknown_to}; {instead} instead"


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
