"""Diagnosis: turns the output of ffmpeg or an HTTP camera into a state and a reason.

Pure. The exit code says nothing: ffmpeg ends with 0 when a camera disappears.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mvsnap.recorder.model import Format, State

_STREAM = re.compile(r"^ *Stream #0:0[^:]*: Video: (\w+)")
_SIZE = re.compile(r", (\d{2,5})x(\d{2,5})\b")
_FPS = re.compile(r", ([\d.]+) fps\b")
_HIDDEN = "[hidden]"
_URL_USER = re.compile(r"(?<=://)[^/\s'\"@]*@")

# The first match counts.
_SIGNS: tuple[tuple[str, State], ...] = (
    (r"No space left on device", State.DISK_FULL),
    (r"Bitstream filter not found|Unknown bitstream filter", State.NO_FFMPEG),
    (r"401 Unauthorized|403 Forbidden|authorization failed", State.WRONG_PASSWORD),
    (r"404 |Server returned 4\d\d|method DESCRIBE failed", State.NO_VIDEO),
    (r"matches no streams|does not contain any stream", State.NO_VIDEO),
    (r"Could not find codec parameters|could not find sync", State.NO_VIDEO),
    (r"Connection refused|No route to host|Network is unreachable", State.OFFLINE),
    (r"timed out|Failed to resolve hostname|Input/output error", State.OFFLINE),
    (r"Connection reset|End of file|5\d\d Server Error", State.OFFLINE),
    # An RTSP camera that hangs up during DESCRIBE.
    (r"Impossible to open", State.OFFLINE),
    (r"Invalid data found when processing input", State.NO_VIDEO),
)

# ffmpeg includes its own options in the address.
_CONNECTION = re.compile(r"Connection to \w+://([^/?\s]+)\S* failed: ")


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a connection ended; `detail` is a line of the program that ended.

    alone: the detail says everything; the state's text would be misleading.
    """

    state: State
    detail: str = ""
    alone: bool = False

    @property
    def text(self) -> str:
        if self.alone:
            return self.detail
        return f"{self.state.text} ({self.detail})" if self.detail else self.state.text


def ending(lines: Iterable[str], secrets: Iterable[str] = ()) -> Ending:
    """Interpret the last lines of an ffmpeg that ended; none: it was cut off."""
    lines = list(lines)
    for sign, state in _SIGNS:
        for line in lines:
            if re.search(sign, line):
                return Ending(state, _CONNECTION.sub(r"\1: ", redacted(line, secrets)))
    return Ending(State.OFFLINE, "the camera ended the connection")


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
    return Format(
        codec=found[1],
        width=int(size[1]) if size else None,
        height=int(size[2]) if size else None,
        fps=float(fps[1]) if fps else None,
    )


def redacted(line: str, secrets: Iterable[str]) -> str:
    """Return the line without credentials and without ffmpeg's own addresses."""
    line = re.sub(r"^(\[[^\]]* @ 0x[0-9a-f]+\] )+", "", line.strip())
    for secret in secrets:
        line = line.replace(secret, _HIDDEN)
    return _URL_USER.sub("", line)[:200]
