"""Motion JPEG: extracts pictures from a byte stream, whatever its boundary says. Pure.

Cameras disagree with their own headers: `boundary=--x`, no first boundary, none at all.
The pictures themselves are unmistakable, so only they are searched for.
"""

from __future__ import annotations

import re

from mvsnap.errors import UpstreamError

LIMIT_BYTES = 20_000_000  # of one picture
BOUNDARY = b"--mvsnap\r\n"

_BEGIN = b"\xff\xd8\xff"
_END = b"\xff\xd9"
_LENGTH = re.compile(
    rb"(?i)content-length:[ \t]*(\d+)[ \t]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n$"
)
_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length
_SCAN = 0xDA


class Pictures:
    """Takes bytes as they arrive and returns the complete JPEGs in them."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._searched = 0  # the first picture does not end before here

    def feed(self, more: bytes) -> list[bytes]:
        """Return the pictures that are complete now, oldest first.

        Raises:
            UpstreamError: a picture larger than 20 MB: not a camera.
        """
        self._bytes += more
        found = []
        while (picture := self._next()) is not None:
            found.append(picture)
        if len(self._bytes) > LIMIT_BYTES:
            raise UpstreamError("no picture within 20 MB of the stream", retry=True)
        return found

    def _next(self) -> bytes | None:
        begin = self._bytes.find(_BEGIN)
        if begin < 0:
            # A header may be split; a longer one is not worth keeping.
            del self._bytes[:-4096]
            return None
        end = self._announced(begin) or self._end(begin)
        if end is None or end > len(self._bytes):
            return None
        picture = bytes(self._bytes[begin:end])
        del self._bytes[:end]
        self._searched = 0
        return picture

    def _announced(self, begin: int) -> int | None:
        """Return the end according to a Content-Length right before the picture."""
        header = _LENGTH.search(bytes(self._bytes[max(0, begin - 1024) : begin]))
        if header is None or not 100 <= int(header[1]) <= LIMIT_BYTES:
            return None
        end = begin + int(header[1])
        if end > len(self._bytes):
            return end
        return end if _END in self._bytes[end - 64 : end] else None

    def _end(self, begin: int) -> int | None:
        """Find the end by the picture's markers: a thumbnail inside has one, too."""
        at = begin + 2
        while at + 4 <= len(self._bytes) and self._bytes[at] == 0xFF:
            marker = self._bytes[at + 1]
            if marker == _SCAN:
                return self._end_of_scan(at)
            if marker == 0xFF:
                at += 1
            elif marker in _ALONE:
                at += 2
            else:
                at += 2 + int.from_bytes(self._bytes[at + 2 : at + 4], "big")
        if at + 4 <= len(self._bytes):  # damaged: whichever ends first
            return self._end_of_scan(begin)
        return None

    def _end_of_scan(self, scan: int) -> int | None:
        end = self._bytes.find(_END, max(scan, self._searched))
        if end < 0:
            self._searched = max(0, len(self._bytes) - 1)
            return None
        return end + 2


def part(picture: bytes) -> bytes:
    """Return the picture as a part of a clean multipart stream, for ffmpeg."""
    header = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture)
    return BOUNDARY + header + picture + b"\r\n"
