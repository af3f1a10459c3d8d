"""Diagnosis: turns the output of ffmpeg or an HTTP camera into a state and a reason.

Pure. The exit code says nothing: ffmpeg ends with 0 when a camera disappears.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mvsnap.recorder.model import Format, State, Transport
from mvsnap.redaction import hidden

UNKNOWN_CODEC = "ffmpeg does not know the codec of its video"
_WITH_KEYFRAMES = ("h264", "hevc")  # that ffmpeg finds in any stream
_HUNG_UP = "it ended the connection"
_STREAM = re.compile(r"^ *Stream #0:\d+[^:]*: Video: (\w+)")
_AUDIO = re.compile(r"^ *Stream #0:\d+[^:]*: Audio: (\w+)")
_SIZE = re.compile(r", (\d{2,5})x(\d{2,5})\b")
_FPS = re.compile(r", ([\d.]+) fps\b")
_MOST_FPS = 240  # more is the clock of the stream, such as 90,000
_HIDDEN = "[hidden]"
_MOST_READ = 2000
_URL_USER = re.compile(r"(?<=://)[^/\s'\"@]*@")

# The statuses with which a camera refuses a transport: 461 as it should, or others.
_NO_TRANSPORT = r"method SETUP failed: (406|459|461|462)\b|Nonmatching transport"
# All of its sessions are taken, or it is starting or overloaded.
_BUSY = r"method (?P<method>[A-Z_]+) failed: (?P<status>408|429|453|454|5\d\d)\b"
_REFUSED = r"method (?P<method>[A-Z_]+) failed: (?P<status>\d\d\d)"

# What ffmpeg says, the state, and the same in words for people; the first match counts.
_SIGNS: tuple[tuple[str, State, str], ...] = (
    (r"No space left on device", State.DISK_FULL, ""),
    (r"Bitstream filter not found|Unknown bitstream filter", State.NO_FFMPEG, ""),
    (r"unknown keyword 'option'|Unrecognized option", State.NO_FFMPEG, ""),
    (r"401 Unauthorized|403 Forbidden|authorization failed", State.WRONG_PASSWORD, ""),
    (r"method \w+ failed: 40[13]\b", State.WRONG_PASSWORD, ""),
    (r"method \w+ failed: 404\b|404 Not Found", State.NO_VIDEO, "404 Not Found"),
    (_REFUSED, State.NO_VIDEO, "it answered {status} to {method}"),
    (r"Server returned 4\d\d|Server returned 4XX", State.NO_VIDEO, "it refuses"),
    (r"Video: none\b", State.NO_VIDEO, UNKNOWN_CODEC),
    (r"matches no streams|does not contain any stream", State.NO_VIDEO, ""),
    (r"Could not find codec parameters", State.NO_VIDEO, "its video is not readable"),
    (r"could not find sync", State.NO_VIDEO, "what it sends is no video"),
    (r"Connection refused", State.OFFLINE, "connection refused"),
    (r"No route to host", State.OFFLINE, "no route to host"),
    (r"Network is unreachable", State.OFFLINE, "network is unreachable"),
    (r"timed out", State.OFFLINE, "no answer in time"),
    (r"Failed to resolve hostname", State.OFFLINE, "its name is not known"),
    (r"Input/output error|End of file", State.OFFLINE, _HUNG_UP),
    (r"Connection reset|Broken pipe", State.OFFLINE, _HUNG_UP),
    (r"5\d\d Server Error|Server returned 5", State.OFFLINE, "it has an error"),
    # An RTSP camera that hangs up during DESCRIBE.
    (r"Impossible to open", State.OFFLINE, _HUNG_UP),
    (r"Invalid data found", State.NO_VIDEO, "what it sends is no video"),
)


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a connection ended, in words for people.

    alone: the detail says everything; the state's text would be misleading.
    said: the line of ffmpeg behind it, for the log.
    is_transport: the camera refuses the transport that was used.
    """

    state: State
    detail: str = ""
    alone: bool = False
    said: str = ""
    is_transport: bool = False

    @property
    def text(self) -> str:
        if self.alone:
            return self.detail
        return f"{self.state.text} ({self.detail})" if self.detail else self.state.text

    @property
    def for_log(self) -> str:
        """The text with what ffmpeg said, which is not for people's eyes."""
        return f"{self.text}; ffmpeg: {self.said}" if self.said else self.text


def ending(
    lines: Iterable[str],
    secrets: Iterable[str] = (),
    transport: Transport = Transport.TCP,
) -> Ending:
    """Interpret the last lines of an ffmpeg that ended; none: it was cut off.

    transport: that was used, TCP or UDP.
    """
    lines = [redacted(line, secrets) for line in lines]
    if found := _first_match(_NO_TRANSPORT, lines):
        return _other_transport(found.string, transport)
    if found := _first_match(_BUSY, lines):
        words = f"the camera is busy ({found['status']} to {found['method']})"
        return Ending(State.OFFLINE, words, alone=True, said=found.string)
    for sign, state, words in _SIGNS:
        if found := _first_match(sign, lines):
            words = words.format(**found.groupdict())
            return Ending(state, words, said=found.string)
    return Ending(
        State.OFFLINE, "the camera ended the connection", said=_last_words(lines)
    )


def _first_match(sign: str, lines: Iterable[str]) -> re.Match[str] | None:
    return next((m for line in lines if (m := re.search(sign, line))), None)


def _last_words(lines: list[str]) -> str:
    return next((line for line in reversed(lines) if line.strip()), "")


def _other_transport(said: str, used: Transport) -> Ending:
    there = "TCP" if used is Transport.UDP else "UDP"
    words = f"the camera gives RTP over {there} only: set transport: {there.lower()}"
    return Ending(State.NO_VIDEO, words, alone=True, said=said, is_transport=True)


def silent(known: Format, transport: Transport) -> Ending:
    """Return the ending of a connection that never gave a picture."""
    if known.codec in _WITH_KEYFRAMES:
        words = f"the camera sends {known.codec} video, but no keyframe in this time: "
        words += "set a shorter keyframe (I-frame) interval in it"
        return Ending(State.NO_VIDEO, words, alone=True)
    if known.codec is not None:
        words = f"the camera sends {known.codec} video, but no keyframe that ffmpeg "
        words += "finds: set it to H.264 or H.265"
        return Ending(State.NO_VIDEO, words, alone=True)
    words = "connected, but received no picture"
    if transport is Transport.UDP:
        words += " over UDP: does a firewall block it?"
    return Ending(State.NO_VIDEO, words)


def http_ending(status: int) -> Ending:
    """Interpret the status with which an HTTP camera refused."""
    if status in (401, 403, 407):
        return Ending(State.WRONG_PASSWORD, f"HTTP {status}")
    if 400 <= status < 500 and status not in (408, 429):
        return Ending(State.NO_VIDEO, f"HTTP {status}")
    return Ending(State.OFFLINE, f"HTTP {status}")


def format_of(line: str) -> Format | None:
    """Parse the line in which ffmpeg describes a video stream, None for other lines.

    Example: `Stream #0:0: Video: h264 (Main), yuv420p, 1920x1080, 15 fps, 15 tbr`.
    """
    found = _STREAM.search(line)
    if found is None:
        return None
    size, fps = _SIZE.search(line), _FPS.search(line)
    if fps is not None and not 0 < float(fps[1]) <= _MOST_FPS:
        fps = None
    return Format(
        codec=found[1],
        width=int(size[1]) if size else None,
        height=int(size[2]) if size else None,
        fps=float(fps[1]) if fps else None,
    )


def audio_of(line: str) -> str | None:
    """Return the codec if ffmpeg describes a sound in this line, like `pcm_mulaw`."""
    found = _AUDIO.search(line)
    return found[1] if found else None


def redacted(line: str, secrets: Iterable[str]) -> str:
    """Return the line without credentials and without ffmpeg's own addresses."""
    line = hidden(line.strip(), secrets, _HIDDEN, _MOST_READ)
    line = re.sub(r"^(\[[^\]]* @ 0x[0-9a-f]+\] )+", "", line)
    return _URL_USER.sub("", line)[:200]
