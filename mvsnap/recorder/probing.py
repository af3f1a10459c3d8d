"""Probing: records a camera for a few seconds and opens the clip.

What a camera says of its stream is no proof: only a clip that is there, and whose
picture can be decoded, shows that alarms will have one.
"""

from __future__ import annotations

import json
import logging
import tempfile
import threading
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from mvsnap.clock import Clock, SystemClock
from mvsnap.errors import MvsnapError
from mvsnap.recorder import command, diagnosis, process, rtsp_reasons
from mvsnap.recorder.diagnosis import Ending
from mvsnap.recorder.http_stream import CameraRefused
from mvsnap.recorder.model import (
    CameraSettings,
    CameraStatus,
    ClipResult,
    Format,
    Probe,
    Recode,
    RecorderSettings,
    State,
    StreamSource,
    Timing,
)
from mvsnap.recorder.recorder import Recorder
from mvsnap.texts.camera_wordings import NO_CLIP_OF_IT
from mvsnap.texts.wordings import NO_PICTURE_WITHIN

log = logging.getLogger(__name__)

LENGTH_S = 3.0
_POLL_S = 0.05
_KEYFRAME_S = 30.0  # of a camera that is there: keyframes may be rare
_ASSEMBLY_S = 40.0
_END_S = 0.8
_DESCRIBE_S = 10.0
_REMOVALS, _AGAIN_S = 30, 0.5


def probe(
    source: StreamSource,
    *,
    limit_s: float = 20,
    program: str = "ffprobe",
    ffmpeg: str = "ffmpeg",
    recode: Recode = Recode.AUTO,
    name: str = "camera",
) -> Probe:
    """Record a clip of the camera as an alarm would, and return what it shows.

    limit_s: for the first picture. program: ffprobe. name: for the log.

    Raises:
        CameraRefused: no clip can be made of it; `ending` says why.
        NoFfmpeg: ffmpeg or ffprobe is not installed, or is too old.
    """
    process.version(ffmpeg)
    process.version(program)
    folder = tempfile.TemporaryDirectory(
        prefix="mvsnap-check-", ignore_cleanup_errors=True
    )
    settings = RecorderSettings(
        Path(folder.name),
        (_camera(name, source, recode),),
        memory_dir=Path(folder.name) / "ring",
        min_free_mb=0,
        ffmpeg=ffmpeg,
        ffprobe=program,
        # Our own limit comes first.
        timing=Timing(first_byte_s=limit_s + _KEYFRAME_S, stall_s=limit_s),
    )
    clock = SystemClock()
    recorder = Recorder(settings, clock, {name: lambda: source})
    try:
        recorder.start()
        if not _has_picture(recorder, name, clock, limit_s):
            form = recorder.states()[name].format
            raise CameraRefused(_no_picture(form, source, limit_s, program))
        clip = _clip(recorder, name, clock, source)
        return _shown(clip, recorder.states()[name], program)
    finally:
        _end(recorder, folder)


def _camera(name: str, source: StreamSource, recode: Recode) -> CameraSettings:
    return CameraSettings(name, pre_roll_s=0, framerate=source.framerate, recode=recode)


def _has_picture(recorder: Recorder, name: str, clock: Clock, limit_s: float) -> bool:
    """Wait for the first picture.

    Raises:
        CameraRefused: by a camera that is not there, or does not let us in.
    """
    began = clock.monotonic()
    while True:
        status = recorder.states()[name]
        is_there = status.format.codec is not None
        most_s = max(limit_s, _KEYFRAME_S) if is_there else limit_s
        if clock.monotonic() - began > most_s:
            return False
        if status.state is State.RECORDING:
            return True
        if status.state is not State.STARTING:
            raise CameraRefused(Ending(status.state, status.text, alone=True))
        threading.Event().wait(_POLL_S)


def _no_picture(
    form: Format, source: StreamSource, limit_s: float, program: str
) -> Ending:
    if form.codec is not None:
        return diagnosis.silent(form, source.transport)
    late = Ending(State.NO_VIDEO, NO_PICTURE_WITHIN(limit_s=round(limit_s)))
    return rtsp_reasons.unread(source, program) or late


def _clip(
    recorder: Recorder, name: str, clock: Clock, source: StreamSource
) -> ClipResult:
    """Raises CameraRefused."""
    length_s = max(LENGTH_S, 2 / (source.framerate or 1))
    came: SimpleQueue[ClipResult | Exception] = SimpleQueue()

    def record() -> None:
        try:
            came.put(recorder.record(name, clock.now(), 0, length_s))
        except Exception as exc:  # noqa: BLE001
            came.put(exc)  # raised below, by who waits for it

    threading.Thread(target=record, name="probe", daemon=True).start()
    try:
        found = came.get(timeout=length_s + _ASSEMBLY_S)
    except Empty:
        raise _no_clip("it is not ready in time") from None
    if isinstance(found, MvsnapError):
        raise _no_clip(found.message) from None
    if isinstance(found, Exception):
        raise found
    return found


def _shown(clip: ClipResult, status: CameraStatus, program: str) -> Probe:
    """Open the clip.

    Raises:
        CameraRefused: there is none, or nothing in it can be decoded.
    """
    form = status.format
    what = f"{form.codec} video: " if form.codec else ""
    if clip.path is None:
        raise _no_clip(f"{what}{clip.error}")
    streams = _streams(clip.path, program)
    video = next((s for s in streams if s.get("codec_type") == "video"), None)
    if video is None or clip.thumbnail_path is None:
        raise _no_clip(f"{what}its pictures cannot be decoded")
    width, height = form.width or video["width"], form.height or video["height"]
    codec = form.codec or str(video["codec_name"])
    # Single pictures have no rate of their own.
    fps = None if codec == "mjpeg" else form.fps or _rate(video)
    has_sound = any(s.get("codec_type") == "audio" for s in streams)
    picture = clip.thumbnail_path.read_bytes()
    return Probe(int(width), int(height), codec, fps, form.audio, has_sound, picture)


def _no_clip(why: str) -> CameraRefused:
    said = NO_CLIP_OF_IT(why=why)
    return CameraRefused(Ending(State.NO_VIDEO, said, alone=True))


def _streams(path: Path, program: str) -> list[dict[str, Any]]:
    done = process.run(command.describe(path, program), b"", _DESCRIBE_S)
    try:
        streams: list[dict[str, Any]] = json.loads(done.stdout)["streams"]
    except (ValueError, KeyError):
        return []
    return streams


def _rate(video: dict[str, Any]) -> float | None:
    """Count: a stream may give the rate of its clock as its own."""
    try:
        rate = int(video["nb_frames"]) / float(video["duration"])
    except (KeyError, ValueError, ZeroDivisionError):
        return None
    return round(rate, 1) or None


def _end(recorder: Recorder, folder: tempfile.TemporaryDirectory[str]) -> None:
    """Stop in a thread that can be left alone: some cameras send bytes forever."""

    def stop() -> None:
        recorder.stop()
        for _ in range(_REMOVALS):  # an ffmpeg that is slow to end still writes
            folder.cleanup()
            if not Path(folder.name).exists():
                return
            threading.Event().wait(_AGAIN_S)

    thread = threading.Thread(target=stop, name="probe", daemon=True)
    thread.start()
    thread.join(_END_S)


__all__ = ["LENGTH_S", "probe"]
