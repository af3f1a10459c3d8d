"""Types of the recorder: settings in, states and clips out. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from mvsnap.clip_model import Gap
from mvsnap.errors import MvsnapError
from mvsnap.texts import camera_wordings, wordings
from mvsnap.texts.wording import Reason


class RecorderStopped(MvsnapError):
    """The recorder is stopping; requested again, the clip resumes where it was."""

    code = "recorder_stopped"
    status = 503


class AuthType(StrEnum):
    NONE = "none"
    BASIC = "basic"
    DIGEST = "digest"
    AUTO = "auto"  # basic or digest, whichever the camera asks for


@dataclass(frozen=True, slots=True)
class Auth:
    type: AuthType = AuthType.NONE
    username: str = ""
    password: str = field(default="", repr=False)


class SourceKind(StrEnum):
    RTSP = "rtsp"
    HTTP = "http"  # a stream, or one picture per request: its bytes say which
    JPEG = "jpeg"  # the same, by an address that promises a picture


class Transport(StrEnum):
    """How RTP comes from an RTSP camera."""

    AUTO = "auto"  # TCP, and UDP from a camera that refuses TCP
    TCP = "tcp"
    UDP = "udp"


class Mode(StrEnum):
    RING = "ring"
    ON_DEMAND = "on_demand"  # connects when a clip is requested: no pre-roll


class Recode(StrEnum):
    AUTO = "auto"  # only what browsers cannot play
    ALWAYS = "true"
    NEVER = "false"


class Merge(StrEnum):
    """What a second trigger does while a clip of the same camera is recorded."""

    EXTEND = "extend"
    SEPARATE = "separate"


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """One camera as configured.

    kind: None derives it from the URL: rtsp(s) is RTSP, a path ending in .jpg or .jpeg
        is a single picture, any other http(s) a stream.
    framerate: pictures per second requested from a JPEG camera, and the most that are
        kept of Motion JPEG over HTTP; None is 1 for JPEG, and all of a stream.
    """

    name: str
    url: str = field(default="", repr=False)
    auth: Auth = Auth()
    mode: Mode = Mode.RING
    kind: SourceKind | None = None
    pre_roll_s: float = 10
    post_roll_s: float = 20
    framerate: float | None = None
    recode: Recode = Recode.AUTO
    verify_tls: bool = True
    transport: Transport = Transport.AUTO
    audio: bool = False


@dataclass(frozen=True, slots=True)
class StreamSource:
    """The address of a camera's stream, ready to be opened; `url` has no credentials.

    headers: sent with every HTTP request, such as the cookie of a web access; with
        them, redirects to another server are not followed.
    has_ended: returns whether a refusal (status, headers) is not the camera's own, so
        that the source must be requested again.
    """

    kind: SourceKind
    url: str = field(repr=False)
    auth: Auth = Auth()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    framerate: float | None = None
    verify_tls: bool = True
    transport: Transport = Transport.AUTO
    audio: bool = False
    has_ended: Callable[[int, Mapping[str, str]], bool] | None = None


class Timing(Struct, frozen=True):
    """How long the recorder waits for what; seconds."""

    first_byte_s: float = 15
    stall_s: float = 10
    backoff_s: tuple[float, ...] = (1, 2, 4, 8, 15, 30)
    steady_s: float = 30  # this much good data resets the waits
    wrong_password_s: float = 300  # cameras lock out frequent attempts
    no_video_s: float = 60
    late_s: float = 5  # how long the last picture may be on its way
    connect_s: float = 60  # how long a clip waits for the first picture of a connection


class RecorderSettings(Struct, frozen=True):
    """Settings for all cameras.

    data_dir: clips are below `videos/`, unfinished ones below `recordings/`.
    memory_dir: where the rings are; None uses /dev/shm, or data_dir if there is none.
    max_event_age_s: an older trigger is shown at the moment it arrived.
    min_free_mb: with less free space no clip is started.
    made_by: a word in the names of files; recorders whose files get together have
        different ones, as each of them may have recorded the same clip.
    """

    data_dir: Path
    cameras: tuple[CameraSettings, ...] = ()
    memory_dir: Path | None = None
    merge: Merge = Merge.EXTEND
    max_clip_s: float = 300
    max_event_age_s: float = 60
    ring_max_mb: float = 64
    min_free_mb: float = 200
    ffmpeg: str = "ffmpeg"
    ffprobe: str = "ffprobe"
    timing: Timing = Timing()
    made_by: str = ""


class State(StrEnum):
    IDLE = "idle"
    STARTING = "starting"
    RECORDING = "recording"
    STALLED = "stalled"
    OFFLINE = "offline"
    WRONG_PASSWORD = "wrong_password"
    NO_VIDEO = "no_video"
    DISK_FULL = "disk_full"
    NO_FFMPEG = "no_ffmpeg"
    STOPPED = "stopped"

    @property
    def text(self) -> Reason:
        return _TEXTS[self]()


_TEXTS = {
    State.IDLE: camera_wordings.IDLE,
    State.STARTING: camera_wordings.STARTING,
    State.RECORDING: camera_wordings.RECORDING,
    State.STALLED: camera_wordings.STALLED,
    State.OFFLINE: camera_wordings.OFFLINE,
    State.WRONG_PASSWORD: camera_wordings.WRONG_PASSWORD,
    State.NO_VIDEO: camera_wordings.NO_VIDEO_HERE,
    State.DISK_FULL: wordings.DISK_FULL,
    State.NO_FFMPEG: camera_wordings.NO_FFMPEG,
    State.STOPPED: camera_wordings.NOT_STARTED,
}


class Format(Struct, frozen=True):
    """The contents of a stream; None: unknown (yet)."""

    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    audio: str | None = None  # codec of the camera's sound; None: it has none


class CameraStatus(Struct, frozen=True):
    """State of a camera; `text` says it, without credentials."""

    state: State
    text: Reason
    since: datetime
    format: Format = Format()
    held_s: float = 0  # of video in the ring
    gop_s: float | None = None  # longest time from one keyframe to the next
    kbit_s: float | None = None
    connects: int = 0  # since the start
    stalls: int = 0  # since the start


class ClipResult(Struct, frozen=True):
    """The outcome of one clip request.

    path: None if there is nothing to show; `error` then says why.
    began_at, ended_at: of the video; it begins up to one keyframe interval early.
    partial: something requested is missing: a gap, its start or its end.
    pre_roll_s: video from before the trigger; 0 for an on-demand camera.
    shared: the file was started for another trigger and covers this one, too.
    retry: the same request may succeed later, such as after freeing disk space.
    """

    at: datetime
    path: Path | None = None
    thumbnail_path: Path | None = None
    began_at: datetime | None = None
    ended_at: datetime | None = None
    gaps: tuple[Gap, ...] = ()
    partial: bool = False
    pre_roll_s: float = 0
    codec: str | None = None
    error: Reason | None = None
    shared: bool = False
    retry: bool = False
    note: Reason | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """The stream of a camera, as a clip of it showed.

    fps: None if the camera does not say.
    audio: the codec of the camera's sound, if it has any.
    has_sound: the clip has it, too.
    picture: the clip's, a small JPEG.
    """

    width: int
    height: int
    codec: str
    fps: float | None
    audio: str | None = None
    has_sound: bool = False
    picture: bytes = field(default=b"", repr=False)

    def __str__(self) -> str:
        """Return what a camera sends, like `h264, 1920x1080, 15 fps`."""
        rate = f", {self.fps:.4g} fps" if self.fps else ""
        return f"{self.codec}, {self.width}x{self.height}{rate}"
