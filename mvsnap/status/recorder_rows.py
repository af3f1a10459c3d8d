"""Rows of the recording cameras, as the overview shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from mvsnap.clip_model import NO_RECORDER, RecorderCameraState
from mvsnap.core.days import lasting
from mvsnap.domain import CameraName
from mvsnap.texts import N_, _, formats

# The recorder writes the state of its cameras once a minute.
_STALE_AFTER = timedelta(minutes=3)
# A clip begins at a keyframe: if they are rare, its pre-roll begins early.
_LONGEST_GOP_S = 4
_COLOURS = {
    "recording": "success",
    "idle": "success",
    "starting": "secondary",
    "stopped": "secondary",
    "stalled": "warning",
}
_WORDS = {"idle": "ready", "starting": "connecting", "no_ffmpeg": "no ffmpeg"}
_CODECS = {"h264": "H.264", "hevc": "H.265", "mjpeg": "MJPEG"}
_WELL = ("recording", "idle")


class RecorderRow(Struct, frozen=True):
    """One camera. text: details beyond the word; stream: what it sends.

    since: when this state began; seen_at: when the recorder wrote it; machine: where it
    runs.
    """

    name: CameraName
    word: str
    colour: str
    text: str = ""
    since: datetime | None = None
    seen_at: datetime | None = None
    held: str = ""
    stream: str = ""
    warning: str = ""
    is_well: bool = False
    machine: str = ""


class RecorderSummary(Struct, frozen=True):
    """silent_since: no recorder is alive since then; has_none: there never was one."""

    rows: tuple[RecorderRow, ...]
    silent_since: datetime | None = None
    has_none: bool = False


def recorder_summary(
    names: Iterable[CameraName],
    seen: Mapping[CameraName, RecorderCameraState],
    now: datetime,
) -> RecorderSummary:
    """Return a row for each camera of the settings, in their order."""
    wanted = list(names)
    known = [seen[name] for name in wanted if name in seen]
    last = max((camera.seen_at for camera in known), default=None)
    is_silent = last is not None and now - last > _STALE_AFTER
    return RecorderSummary(
        tuple(_row(name, seen.get(name), now) for name in wanted),
        silent_since=last if is_silent else None,
        has_none=bool(wanted) and last is None,
    )


def _row(
    name: CameraName, camera: RecorderCameraState | None, now: datetime
) -> RecorderRow:
    if camera is None:
        return RecorderRow(name, N_("not seen yet"), "secondary")
    if camera.state == NO_RECORDER:
        words = N_("no recorder has it")
        return RecorderRow(name, "no recorder", "danger", words, camera.seen_at)
    if now - camera.seen_at > _STALE_AFTER:
        return RecorderRow(name, "unknown", "secondary", seen_at=camera.seen_at)
    is_well = camera.state in _WELL
    return RecorderRow(
        name,
        _WORDS.get(camera.state, camera.state.replace("_", " ")),
        _COLOURS.get(camera.state, "danger"),
        text="" if camera.state == "recording" else camera.text,
        machine=camera.machine,
        since=camera.since,
        seen_at=camera.seen_at,
        held=lasting(camera.held_s) if is_well and camera.held_s >= 1 else "",
        stream=_stream(camera) if is_well else "",
        warning=_warning(camera) if is_well else "",
        is_well=is_well,
    )


def _stream(camera: RecorderCameraState) -> str:
    size = f"{camera.width} x {camera.height}" if camera.width else ""
    number = formats.as_written(f"{camera.fps:g}")
    fps = _("%(number)s fps") % {"number": number} if camera.fps else ""
    rate = f"{formats.decimal(camera.kbit_s / 1000)} Mbit/s" if camera.kbit_s else ""
    codec = _CODECS.get(camera.codec, camera.codec)
    return ", ".join(filter(None, (codec, size, fps, rate)))


def _warning(camera: RecorderCameraState) -> str:
    if camera.gop_s <= _LONGEST_GOP_S:
        return ""
    return (
        f"The pre-roll starts up to {lasting(camera.gop_s)} early: "
        "set the camera's I-frame interval to 2 s or less."
    )
