"""Clips and cameras of the recorder, as stored and shown. No I/O."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from mvsnap.domain import CameraName, EventId, JobId, Trigger
from mvsnap.texts.wording import Reason


class Gap(Struct, frozen=True):
    """A part of a clip without any picture."""

    began_at: datetime
    ended_at: datetime


class ClipState(StrEnum):
    """DELETED: the file was deleted, by hand or by age; the row stays."""

    WAITING = "waiting"
    RECORDING = "recording"
    READY = "ready"
    FAILED = "failed"
    DELETED = "deleted"


# A video that begins this much after its trigger, or ends before it, says so.
AT_ONCE_S = 0.5


class CopyState(StrEnum):
    """The copy of a clip in S3 storage."""

    NONE = "none"
    WAITING = "waiting"
    COPIED = "copied"
    FAILED = "failed"


class Clip(Struct, frozen=True):
    """One request for a clip of one camera, and its outcome.

    id: also that of its event.
    at: the trigger's own time; received_at: when it arrived.
    pre_roll_s, post_roll_s: requested; None: from the camera's settings.
    began_at, ended_at: of the video. before_s: video from before `at`.
    partial: something requested is missing. gaps: missing parts in between.
    shared: the file was started for another trigger; several clips have its `path`.
    path, thumbnail_path: below data_dir.
    error: why there is no clip; note: a remark, also while it waits.
    kept: never deleted by age or size.
    caller: whose share of the waiting clips it uses.
    lost_by: the id of a recorder that died while it had this clip.
    """

    id: EventId
    job_id: JobId
    camera: CameraName
    trigger: Trigger
    at: datetime
    received_at: datetime
    title: str = ""
    rooms: tuple[str, ...] = ()
    about: EventId | None = None
    pre_roll_s: float | None = None
    post_roll_s: float | None = None
    state: ClipState = ClipState.WAITING
    began_at: datetime | None = None
    ended_at: datetime | None = None
    before_s: float = 0
    partial: bool = False
    gaps: tuple[Gap, ...] = ()
    shared: bool = False
    codec: str = ""
    path: str | None = None
    thumbnail_path: str | None = None
    size_bytes: int = 0
    error: Reason | None = None
    note: Reason | None = None
    kept: bool = False
    copy_state: CopyState = CopyState.NONE
    caller: str = ""
    lost_by: str | None = None


# The state of a camera that no recorder has, in place of the last one known.
NO_RECORDER = "no_recorder"


class RecorderCameraState(Struct, frozen=True):
    """State of a camera of the recorder at `seen_at`; `text` says it.

    held_s: of video in the ring; gop_s: longest time between two keyframes.
    connects, stalls: since the recorder was started.
    machine: where that runs.
    """

    camera: CameraName
    state: str
    text: Reason
    since: datetime
    seen_at: datetime
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0
    held_s: float = 0
    gop_s: float = 0
    kbit_s: float = 0
    connects: int = 0
    stalls: int = 0
    machine: str = ""
