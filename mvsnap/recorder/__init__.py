"""Recorder: the seconds before and after a trigger, as a clip that browsers play."""

from mvsnap.recorder.clip_frames import ClipFile, ClipFrames, NoFrame
from mvsnap.recorder.diagnosis import Ending
from mvsnap.recorder.http_stream import CameraRefused
from mvsnap.recorder.live import LivePicture, LiveView, NoLivePicture
from mvsnap.recorder.model import (
    Auth,
    AuthType,
    CameraSettings,
    CameraStatus,
    ClipResult,
    Merge,
    Mode,
    Probe,
    Recode,
    RecorderSettings,
    RecorderStopped,
    SourceKind,
    State,
    StreamSource,
    Timing,
    Transport,
)
from mvsnap.recorder.probing import probe
from mvsnap.recorder.recorder import CannotRecord, Recorder
from mvsnap.recorder.sources import source_of

__all__ = [
    "Auth",
    "AuthType",
    "CameraSettings",
    "CameraStatus",
    "CannotRecord",
    "ClipFile",
    "ClipFrames",
    "ClipResult",
    "Ending",
    "LivePicture",
    "LiveView",
    "NoFrame",
    "NoLivePicture",
    "Merge",
    "Mode",
    "Probe",
    "Recode",
    "Recorder",
    "RecorderSettings",
    "RecorderStopped",
    "CameraRefused",
    "StreamSource",
    "SourceKind",
    "State",
    "Timing",
    "Transport",
    "probe",
    "source_of",
]
