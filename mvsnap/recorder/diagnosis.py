"""Diagnosis: turns the output of ffmpeg or an HTTP camera into a state and a reason.

Pure. The exit code says nothing: ffmpeg ends with 0 when a camera disappears.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from mvsnap.recorder.model import Format, State, Transport
from mvsnap.redaction import hidden
from mvsnap.texts import camera_wordings as words
from mvsnap.texts.wording import Reason, Wording

NONE = Reason("")
UNKNOWN_CODEC = words.UNKNOWN_CODEC()
_WITH_KEYFRAMES = ("h264", "hevc")  # that ffmpeg finds in any stream
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

# What ffmpeg says, the state, and how it is said; the first match counts.
_SIGNS: tuple[tuple[str, State, Wording | None], ...] = (
    (r"No space left on device", State.DISK_FULL, None),
    (r"Bitstream filter not found|Unknown bitstream filter", State.NO_FFMPEG, None),
    (r"unknown keyword 'option'|Unrecognized option", State.NO_FFMPEG, None),
    (
        r"401 Unauthorized|403 Forbidden|authorization failed",
        State.WRONG_PASSWORD,
        None,
    ),
    (r"method \w+ failed: 40[13]\b", State.WRONG_PASSWORD, None),
    (r"method \w+ failed: 404\b|404 Not Found", State.NO_VIDEO, words.NOT_FOUND),
    (_REFUSED, State.NO_VIDEO, words.ANSWERED),
    (r"Server returned 4\d\d|Server returned 4XX", State.NO_VIDEO, words.REFUSES),
    (r"Video: none\b", State.NO_VIDEO, words.UNKNOWN_CODEC),
    (r"matches no streams|does not contain any stream", State.NO_VIDEO, None),
    (r"Could not find codec parameters", State.NO_VIDEO, words.NOT_READABLE),
    (r"could not find sync", State.NO_VIDEO, words.NOT_VIDEO),
    (r"Connection refused", State.OFFLINE, words.CONNECTION_REFUSED),
    (r"No route to host", State.OFFLINE, words.NO_ROUTE),
    (r"Network is unreachable", State.OFFLINE, words.NO_NETWORK),
    (r"timed out", State.OFFLINE, words.NOT_IN_TIME),
    (r"Failed to resolve hostname", State.OFFLINE, words.UNKNOWN_NAME),
    (r"Input/output error|End of file", State.OFFLINE, words.HUNG_UP),
    (r"Connection reset|Broken pipe", State.OFFLINE, words.HUNG_UP),
    (r"5\d\d Server Error|Server returned 5", State.OFFLINE, words.HAS_ERROR),
    # An RTSP camera that hangs up during DESCRIBE.
    (r"Impossible to open", State.OFFLINE, words.HUNG_UP),
    (r"Invalid data found", State.NO_VIDEO, words.NOT_VIDEO),
)


class Ending(Struct, frozen=True):
    """Why a connection ended, in words for people.

    alone: the detail says everything; the state's text would be misleading.
    said: the line of ffmpeg behind it, for the log.
    is_transport: the camera refuses the transport that was used.
    """

    state: State
    detail: Reason = NONE
    alone: bool = False
    said: str = ""
    is_transport: bool = False

    @property
    def text(self) -> Reason:
        if self.alone:
            return self.detail
        if not self.detail:
            return self.state.text
        return words.IN_DETAIL(what=self.state.text, detail=self.detail)

    @property
    def for_log(self) -> str:
        """The text with what ffmpeg said, which is not for people's eyes."""
        return f"{self.text}; ffmpeg: {self.said}" if self.said else self.text


def ending(lines: Iterable[str], transport: Transport = Transport.TCP) -> Ending:
    """Interpret the last lines of an ffmpeg that ended; none: it was cut off.

    transport: that was used, TCP or UDP.
    """
    lines = [redacted(line, ()) for line in lines]
    if found := _first_match(_NO_TRANSPORT, lines):
        return _other_transport(found.string, transport)
    if found := _first_match(_BUSY, lines):
        why = words.BUSY(**found.groupdict())
        return Ending(State.OFFLINE, why, alone=True, said=found.string)
    for sign, state, wording in _SIGNS:
        if found := _first_match(sign, lines):
            detail = wording(**found.groupdict()) if wording else NONE
            return Ending(state, detail, said=found.string)
    return Ending(State.OFFLINE, words.CAMERA_HUNG_UP(), said=_last_words(lines))


def _first_match(sign: str, lines: Iterable[str]) -> re.Match[str] | None:
    return next((m for line in lines if (m := re.search(sign, line))), None)


def _last_words(lines: list[str]) -> str:
    return next((line for line in reversed(lines) if line.strip()), "")


def _other_transport(said: str, used: Transport) -> Ending:
    there = "TCP" if used is Transport.UDP else "UDP"
    why = words.ONLY_TRANSPORT(name=there, value=there.lower())
    return Ending(State.NO_VIDEO, why, alone=True, said=said, is_transport=True)


def silent(known: Format, transport: Transport) -> Ending:
    """Return the ending of a connection that never gave a picture."""
    if known.codec in _WITH_KEYFRAMES:
        why = words.NO_KEYFRAME(codec=known.codec)
        return Ending(State.NO_VIDEO, why, alone=True)
    if known.codec is not None:
        why = words.NO_KEYFRAME_FOUND(codec=known.codec)
        return Ending(State.NO_VIDEO, why, alone=True)
    if transport is Transport.UDP:
        return Ending(State.NO_VIDEO, words.RECEIVED_NONE_BY_UDP())
    return Ending(State.NO_VIDEO, words.RECEIVED_NONE())


def http_ending(status: int) -> Ending:
    """Interpret the status with which an HTTP camera refused."""
    said = words.HTTP_STATUS(status=status)
    if status in (401, 403, 407):
        return Ending(State.WRONG_PASSWORD, said)
    if 400 <= status < 500 and status not in (408, 429):
        return Ending(State.NO_VIDEO, said)
    return Ending(State.OFFLINE, said)


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
