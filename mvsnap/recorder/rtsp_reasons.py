"""RTSP reasons: what a camera said, where ffmpeg's usual words leave it open.

A camera that refuses a login may want a digest that ffmpeg does not know, and a video
that ffmpeg cannot read has a name. Both are in what ffprobe says when it says all.
"""

from __future__ import annotations

import re

from mvsnap.recorder import command, process
from mvsnap.recorder.diagnosis import UNKNOWN_CODEC, Ending
from mvsnap.recorder.model import SourceKind, State, StreamSource, Transport
from mvsnap.recorder.sources import with_credentials
from mvsnap.texts.camera_wordings import UNKNOWN_DIGEST, UNREAD_CODEC
from mvsnap.values import replace

_LIMIT_S = 5.0
_MOST_CHARS = 200_000
_CHALLENGE = re.compile(r"(?i)www-authenticate: *digest ([^\n]{1,2000})")
_ALGORITHM = re.compile(r"(?i)\balgorithm *= *\"?([\w-]{1,40})")
_RTPMAP = re.compile(r"(?i)rtpmap:\d{1,3} ([\w.-]{1,40})/90000")
# Every ffmpeg reads these; a clock of 90,000 have also the metadata of ONVIF.
_READ = (
    *("H264", "H265", "JPEG", "MP4V-ES", "MPV", "MP2T", "VP8", "VP9"),
    *("H263", "H263-1998", "H263-2000", "VND.ONVIF.METADATA"),
)
_KNOWN = ("MD5", "MD5-SESS")


def explained(ending: Ending, source: StreamSource, program: str = "ffprobe") -> Ending:
    """Return the ending with its real reason; asks the camera once more."""
    if source.kind is not SourceKind.RTSP:
        return ending
    if ending.state is State.WRONG_PASSWORD:
        # Without credentials: cameras lock out whoever tries wrong ones often.
        return _digest(ending, _heard(source.url, source.transport, program))
    if ending.detail == UNKNOWN_CODEC:
        return unread(source, program) or ending
    return ending


def unread(source: StreamSource, program: str = "ffprobe") -> Ending | None:
    """Ask a camera that gave no picture what it offers: None if ffmpeg can read it."""
    if source.kind is not SourceKind.RTSP:
        return None
    heard = _heard(with_credentials(source), source.transport, program)
    names = [name for name in _RTPMAP.findall(heard) if name.upper() not in _READ]
    if not names:
        return None
    return Ending(State.NO_VIDEO, UNREAD_CODEC(codec=names[0]), alone=True)


def _heard(url: str, transport: Transport, program: str) -> str:
    text = command.rtsp_text(url, transport=transport).encode()
    try:
        done = process.run(command.trace(program), text, _LIMIT_S)
    except process.NoFfmpeg:
        return ""  # then the first reason has to do
    return done.stderr[:_MOST_CHARS]


def _digest(ending: Ending, heard: str) -> Ending:
    wanted = []
    for words in _CHALLENGE.findall(heard):
        found = _ALGORITHM.search(words)
        wanted.append(found[1].upper() if found else "MD5")
    if not wanted or any(name in _KNOWN for name in wanted):
        return ending
    why = UNKNOWN_DIGEST(name=wanted[0])
    return replace(ending, state=State.NO_VIDEO, detail=why, alone=True)
