"""Settings of the recorder: the cameras whose last seconds are kept, and how."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    SecretStr,
    field_validator,
    model_validator,
)

from mvsnap import domain as words
from mvsnap.config.ixon import AccessType, Id, as_path
from mvsnap.config.values import CameraName, Secret, Section, SerialText, Text
from mvsnap.domain import Serial

AuthType = Literal["none", "basic", "digest"]
Mode = Literal["ring", "on_demand"]
Transport = Literal["auto", "tcp", "udp"]

_SCHEMES = ("rtsp", "rtsps", "http", "https")
_MOST_FPS = 60.0
_LEAST_HIDDEN = 4


def _framerate(value: Any) -> float | Literal["auto"]:
    expected = f"expected auto or frames per second, up to {_MOST_FPS:g}"
    if isinstance(value, str) and value.strip().lower() == "auto":
        return "auto"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(expected)
    try:
        rate = float(value)
    except ValueError as exc:
        raise ValueError(expected) from exc
    if not (math.isfinite(rate) and 0 < rate <= _MOST_FPS):
        raise ValueError(expected)
    return rate


def _bool_as_text(value: Any) -> Any:
    """YAML reads an unquoted true as a bool."""
    return str(value).lower() if isinstance(value, bool | str) else value


def _ixon(value: Any) -> Any:
    """`true` or an id alone are short for a mapping."""
    if value is True:
        return {}
    if value is False:
        return None
    if isinstance(value, str | int):
        text = str(value).strip()
        return {} if text.lower() == "true" else {"agent_server_id": text}
    return value


def _stream_url(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as exc:
        raise ValueError(
            "expected an address like rtsp://HOST:554/PATH; write characters like # or"
            " / in a password as %23 or %2F, or use auth.password"
        ) from exc
    if parts.scheme not in _SCHEMES or not host or any(ord(s) <= 32 for s in text):
        raise ValueError(
            "expected an address like rtsp://HOST:554/PATH (or rtsps, http, https)"
        )
    return url


Framerate = Annotated[
    float | Literal["auto"],
    PlainValidator(_framerate, json_schema_input_type=float | Literal["auto"]),
]
Recode = Annotated[
    Literal["auto", "true", "false"],
    BeforeValidator(_bool_as_text, json_schema_input_type=bool | Literal["auto"]),
]
StreamUrl = Annotated[Secret, AfterValidator(_stream_url)]


class CameraAuth(Section):
    type: AuthType | None = Field(
        None, description="none, basic or digest; default: what the camera requires"
    )
    username: Text = Field("", description="user name on the camera")
    password: Secret | None = Field(None, description="password on the camera")

    @model_validator(mode="after")
    def _fits(self) -> CameraAuth:
        given = bool(self.username or self.password)
        if self.type == "none" and given:
            raise ValueError("type: none, but username or password is set")
        if self.type in ("basic", "digest") and not self.username:
            raise ValueError(f"username: missing for type {self.type}")
        if self.password is not None and not self.username:
            raise ValueError("username: missing, but password is set")
        return self


class IxonStream(Section):
    """A camera behind a router of the IXON Cloud; missing keys come from `ixon`."""

    agent_server_id: Id | None = Field(None, description="default: as in ixon")
    stream_path: Text | None = Field(None, description="default: as in ixon")
    access_type: AccessType | None = Field(None, description="default: as in ixon")

    @field_validator("stream_path")
    @classmethod
    def _path(cls, path: str | None) -> str | None:
        return None if path is None else as_path(path)


class RecorderCameraSection(Section):
    """A recording camera. Its source is one of url, ixon and meraki_serial."""

    url: StreamUrl | None = Field(
        None,
        description="stream URL: rtsp, rtsps, http or https (MJPEG, or one JPEG per "
        "request); may contain USER:PASSWORD@",
    )
    ixon: Annotated[
        IxonStream | None,
        BeforeValidator(
            _ixon, json_schema_input_type=IxonStream | bool | str | int | None
        ),
    ] = Field(
        None,
        description="instead of url: true, the id of a web access service, or "
        "{agent_server_id, stream_path, access_type}; the ixon section provides the "
        "rest",
    )
    meraki_serial: SerialText | None = Field(
        None,
        description="instead of url: use the stream (external RTSP) of this Meraki "
        "camera; together with url: the same camera in the Dashboard, for snapshots",
    )
    auth: CameraAuth = CameraAuth()
    mode: Mode | None = Field(
        None,
        description="ring: always connected, with pre-roll; on_demand: connects at an "
        "alarm, without pre-roll; default: ring, or on_demand through IXON",
    )
    pre_roll_s: float = Field(10, ge=0, le=600, description="seconds before the alarm")
    post_roll_s: float = Field(20, ge=0, le=3600, description="seconds after the alarm")
    framerate: Framerate = Field(
        "auto",
        description="pictures per second requested from a JPEG camera, or kept of "
        "MJPEG over HTTP; of an RTSP camera, only if it sends fewer than 2; "
        "auto: 1, or all of a stream",
    )
    recode: Recode = Field(
        "auto",
        description="convert clips to H.264; auto: only what browsers cannot "
        "play (MJPEG, H.265)",
    )
    verify_tls: bool = Field(
        True, description="false: accept any certificate from this camera (https)"
    )

    transport: Transport = Field(
        "auto",
        description="how RTP comes from an RTSP camera: tcp, udp (packets may be lost),"
        " or auto: tcp, and udp only if the camera refuses tcp",
    )
    audio: bool = Field(
        False,
        description="true: clips have the camera's sound, if it has any; default: clips"
        " have no sound",
    )

    @property
    def is_ring(self) -> bool:
        """Whether it is always connected. Over mobile data that costs 30 GB a day."""
        default = "ring" if self.ixon is None else "on_demand"
        return (self.mode or default) == "ring"

    @model_validator(mode="before")
    @classmethod
    def _is_section(cls, given: Any) -> Any:
        if isinstance(given, str):
            raise ValueError("expected a section like {url: ...}, not just text")
        return given

    @model_validator(mode="after")
    def _one_source(self) -> RecorderCameraSection:
        url, ixon, serial = self.url, self.ixon, self.meraki_serial
        if url is None and ixon is None and serial is None:
            raise ValueError("url, ixon or meraki_serial is required")
        if ixon is not None and (url is not None or serial is not None):
            raise ValueError("ixon: cannot be combined with url or meraki_serial")
        if url is not None and urlsplit(url.get_secret_value()).username is not None:
            if self.auth.username:
                raise ValueError("auth: set, but url also contains a user; keep one")
            if self.auth.type == "none":
                raise ValueError("auth.type: none, but url contains a user")
        return self

    @model_validator(mode="after")
    def _transport_is_of_rtsp(self) -> RecorderCameraSection:
        scheme = self.url.get_secret_value()[:4].lower() if self.url else ""
        if self.transport != "auto" and scheme == "http":
            raise ValueError(
                f"transport: {self.transport} is for RTSP cameras, but url is http"
            )
        return self

    def secrets(self) -> list[str]:
        """Return every text that opens the camera, plain and as in a URL."""
        password = self.auth.password
        texts = [password.get_secret_value()] if password else []
        query = ""
        if self.url is not None:
            parts = urlsplit(self.url.get_secret_value())
            query = parts.query  # many cameras expect their password there
            texts += [unquote(parts.password or ""), parts.password or ""]
            texts += [value for name, value in parse_qsl(query) if _opens(name)]
        texts += [query, *(quote(text, safe="") for text in texts)]
        # A shorter one would redact half of every log line.
        return [text for text in dict.fromkeys(texts) if len(text) >= _LEAST_HIDDEN]


class RecorderSection(Section):
    cameras: dict[CameraName, RecorderCameraSection] = Field(
        {}, description="recording cameras, each under a NAME of your choice"
    )
    queue_size: int = Field(
        10,
        ge=1,
        le=1000,
        description="clips per camera that may be in progress or waiting; further "
        "alarms are answered with 503, those of a sender that has three quarters of "
        "them with 429",
    )
    merge: Literal["extend", "separate"] = Field(
        "extend",
        description="a second alarm during a clip: extend lengthens the clip, separate "
        "starts another",
    )
    max_clip_s: float = Field(
        300, ge=5, le=7200, description="longest clip, however often it is extended"
    )
    max_event_age_s: float = Field(
        60,
        ge=0,
        le=3600,
        description="alarms older than this are placed at the time they arrived",
    )
    ring_max_mb: float = Field(
        64, ge=8, le=4096, description="memory per camera for the ring (pre-roll)"
    )
    min_free_mb: float = Field(
        200, ge=0, description="free disk space below which no clip is started"
    )
    debug_info: bool = Field(
        False,
        description="true: write what ffmpeg says of the cameras to the log; passwords "
        "are hidden",
    )
    ffmpeg: Text = Field("ffmpeg", min_length=1, description="program name or path")
    ffprobe: Text = Field("ffprobe", min_length=1, description="program name or path")

    @model_validator(mode="after")
    def _names_differ(self) -> RecorderSection:
        seen: dict[str, str] = {}
        for name in self.cameras:
            other = seen.setdefault(name.casefold(), name)
            if other != name:
                raise ValueError(f"cameras: {other} and {name} differ only in case")
        serials = [c.meraki_serial for c in self.cameras.values() if c.meraki_serial]
        if twice := next((s for s in serials if serials.count(s) > 1), None):
            raise ValueError(f"cameras: two entries have the meraki_serial {twice}")
        return self

    @model_validator(mode="after")
    def _clips_fit(self) -> RecorderSection:
        for name, camera in self.cameras.items():
            length_s = camera.pre_roll_s + camera.post_roll_s
            if length_s > self.max_clip_s:
                raise ValueError(
                    f"cameras.{name}: pre_roll_s and post_roll_s add up to "
                    f"{length_s:g} "
                    f"s, but max_clip_s is {self.max_clip_s:g}"
                )
        return self

    def serials(self) -> dict[words.CameraName, Serial | None]:
        """Return the cameras by NAME, with the Meraki serial if there is one."""
        return {
            words.CameraName(name): Serial(camera.meraki_serial)
            if camera.meraki_serial
            else None
            for name, camera in self.cameras.items()
        }

    def named(self, text: str) -> str | None:
        """Return the NAME of the camera that `text` identifies, by name or serial."""
        if text in self.cameras:
            return text
        return next(
            (n for n, c in self.cameras.items() if c.meraki_serial == text), None
        )

    def secrets(self) -> list[str]:
        """Return every text that opens a camera."""
        return [text for camera in self.cameras.values() for text in camera.secrets()]


def _opens(name: str) -> bool:
    """Return whether a query parameter of that name is a password."""
    return name.lower() in {"pwd", "pass", "password", "passwd", "token", "auth", "key"}
