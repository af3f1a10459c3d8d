"""Clips of which a test names only what matters, with real videos."""

from __future__ import annotations

import subprocess
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mvsnap.clip_model import Clip, ClipState
from mvsnap.core.clip_text import details
from mvsnap.domain import (
    CameraName,
    Event,
    EventId,
    EventKind,
    JobId,
    Serial,
    Trigger,
    TriggerKind,
)
from mvsnap.jobs.executors import installation
from tests.core import build
from tests.web.build import Web

ROBOT = CameraName("Packaging robot")
HOOK = Trigger(TriggerKind.WEBHOOK, "line 3")
LENGTH_S = 10  # of the film
FPS = 10
SETTINGS: dict[str, Any] = {
    "site": {"timezone": "Europe/Berlin"},
    "recorder": {
        "cameras": {
            ROBOT: {"url": "rtsp://192.0.2.10/", "pre_roll_s": 4, "post_roll_s": 6}
        }
    },
    "webhooks": {
        "tokens": [
            {"name": "line 3", "token": "a-token-of-line-three", "actions": ["clip"]}
        ]
    },
}


def film(path: Path, *, length_s: int = LENGTH_S) -> Path:
    """Write an H.264 MP4 as the recorder makes it, with its thumbnail beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ffmpeg = ["ffmpeg", "-nostdin", "-v", "error", "-y"]
    source = f"testsrc2=s=320x180:r={FPS}"
    made = [*ffmpeg, "-f", "lavfi", "-i", source, "-t", str(length_s)]
    made += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    made += ["-g", str(FPS), "-movflags", "+faststart", str(path)]
    subprocess.run(made, check=True, timeout=120)
    small = [*ffmpeg, "-ss", "4", "-i", str(path), "-frames:v", "1"]
    small += ["-vf", "scale=480:-2", "-q:v", "5", str(path.with_suffix(".jpg"))]
    subprocess.run(small, check=True, timeout=60)
    return path


def job_request(at: datetime, **given: Any) -> Clip:
    """Return a clip that was asked for 0.4 s after the alarm's own time."""
    fields: dict[str, Any] = {
        "id": EventId(str(uuid.uuid4())),
        "job_id": JobId(str(uuid.uuid4())),
        "camera": ROBOT,
        "trigger": HOOK,
        "at": at,
        "received_at": at + timedelta(seconds=0.4),
        "title": "Robot 3 stopped",
    }
    return Clip(**(fields | given))


def add_clip(web: Web, at: datetime, **given: Any) -> Clip:
    """Add a clip: ready, whole and without a file unless given.

    recorder: who has it; this machine by default.
    """
    ready: dict[str, Any] = {
        "state": ClipState.READY,
        "began_at": at - timedelta(seconds=4),
        "ended_at": at + timedelta(seconds=6),
        "before_s": 4.0,
        "codec": "h264",
        "size_bytes": 1_250_000,
    }
    recorder = given.pop("recorder", installation(web.settings.data_dir))
    clip = job_request(at, **(ready | given))
    web.clips.ask([clip], recorder)
    if clip.state not in (ClipState.WAITING, ClipState.RECORDING):
        web.clips.finish(clip, clip_event(clip))
    return clip


def clip_event(clip: Clip) -> Event:
    return Event(
        id=clip.id,
        kind=EventKind.CLIP,
        occurred_at=clip.at,
        recorded_at=clip.at,
        serial=Serial(""),
        job_id=clip.job_id,
        trigger=clip.trigger,
        camera_name=clip.camera,
        title=clip.title,
        error=clip.error,
        details=details(clip),
    )


def add_film(
    web: Web, at: datetime, video: bytes, thumbnail: bytes, **given: Any
) -> Clip:
    """Add a ready clip whose files are on disk."""
    path = f"videos/packaging-robot/{uuid.uuid4().hex}.mp4"
    for name, content in ((path, video), (path.replace(".mp4", ".jpg"), thumbnail)):
        whole = web.settings.data_dir / name
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_bytes(content)
    files = {
        "path": path,
        "thumbnail_path": path.replace(".mp4", ".jpg"),
        "size_bytes": len(video),
    }
    return add_clip(web, at, **(files | given))


def add_alarm(web: Web, clip: Clip, **given: Any) -> Event:
    """Add the alarm a clip is about; `clip.about` must be its id."""
    assert clip.about is not None
    fields: dict[str, Any] = {
        "id": clip.about,
        "kind": EventKind.ALARM,
        "occurred_at": clip.at,
        "recorded_at": clip.received_at,
        "serial": Serial(""),
        "job_id": clip.job_id,
        "trigger": clip.trigger,
        "title": clip.title,
    }
    event = build.event(**(fields | given))
    web.store.add_event(event)
    return event


def now(web: Web, clip: Clip) -> Clip:
    found = web.clips.clip(clip.id)
    assert found is not None
    return found
