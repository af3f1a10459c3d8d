"""Motion JPEG: extracts pictures from a byte stream, whatever its boundary says. Pure.

Cameras disagree with their own headers: `boundary=--x`, no first boundary, none at all,
a wrong Content-Length; some pictures have no end marker. What begins a picture is
unmistakable. It ends at its end marker, at the next boundary or where the next picture
begins, whichever is first, or at its length if the lengths of this stream are right.

Every byte is searched once, however small the pieces are that arrive.
"""

from __future__ import annotations

import re

from mvsnap.errors import UpstreamError

LIMIT_BYTES = 20_000_000  # of one picture
BOUNDARY = b"--mvsnap\r\n"

_BEGIN = b"\xff\xd8\xff"
_END = b"\xff\xd9"
_SCAN_MARKER = b"\xff\xda"
_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length
_SCAN = 0xDA
_MAY_NEST = {*range(0xE0, 0xF0), 0xFE}  # whose content may be another picture
_HEADER_BYTES = 4096  # before a picture; a longer one is not worth keeping
_BOUNDARY_BYTES = range(4, 200)
_LENGTH_DIGITS = 9
_PADDING_BYTES = 64  # between an end marker and the end of the length
# The header of the next part, at the very end of a picture that has no end marker.
_NEXT_HEADER = re.compile(
    rb"(?i)(?:[\r\n]{1,4}--|[\r\n]{0,4}content-)[\t\r\n -~]{0,1000}\Z"
)


class Pictures:
    """Takes bytes as they arrive and returns the complete JPEGs in them."""

    def __init__(self) -> None:
        self._bytes = bytearray()  # inside a picture, it begins with it
        self._at = 0  # everything before was searched
        self._seen = 0  # the same, ahead within a segment of the picture's header
        self._is_inside = False
        self._is_data = False  # past the picture's own header
        self._boundary = b""
        self._length: int | None = None
        self._lengths_hold = False

    def feed(self, more: bytes) -> list[bytes]:
        """Return the pictures that are complete now, oldest first.

        Raises:
            UpstreamError: a picture larger than 20 MB: not a camera.
        """
        self._bytes += more
        found = []
        while (self._is_inside or self._enter()) and (end := self._end()) is not None:
            picture = self._take(end)
            if _SCAN_MARKER in picture:  # else it was cut off within its header
                found.append(picture)
        if len(self._bytes) > LIMIT_BYTES:
            raise UpstreamError("an endless picture: more than 20 MB", retry=True)
        return found

    def rest(self) -> bytes | None:
        """Return the picture that ends with the stream; None if it was cut off."""
        held = len(self._bytes)
        is_cut = self._length is not None and self._length > held
        if not (self._is_inside and self._is_data) or is_cut:
            return None
        is_known = self._length is not None and self._lengths_hold
        picture = self._take(self._length if is_known and self._length else held)
        return picture if _SCAN_MARKER in picture else None

    def _take(self, end: int) -> bytes:
        picture = bytes(self._bytes[:end])
        if self._length is not None:
            self._lengths_hold = 0 <= self._length - end <= _PADDING_BYTES
        del self._bytes[:end]
        self._at, self._seen, self._is_inside, self._is_data = 0, 0, False, False
        return picture if picture.endswith(_END) else picture + _END

    def _enter(self) -> bool:
        """Go to where the next picture begins; False if it is not there yet."""
        begin = self._bytes.find(_BEGIN, self._at)
        if begin < 0:
            del self._bytes[:-_HEADER_BYTES]
            self._at = max(0, len(self._bytes) - len(_BEGIN) + 1)
            return False
        self._read_header(bytes(self._bytes[max(0, begin - _HEADER_BYTES) : begin]))
        del self._bytes[:begin]
        self._at, self._is_inside = 2, True
        return True

    def _read_header(self, text: bytes) -> None:
        """Learn boundary and length from the lines before a picture."""
        self._length = None
        for line in text.split(b"\n"):
            name, _, value = (part.strip() for part in line.partition(b":"))
            if line.startswith(b"--"):
                boundary = line.rstrip()
                is_fit = len(boundary) in _BOUNDARY_BYTES
                self._boundary = b"\n" + boundary if is_fit else b""
                self._length = None
            elif name.lower() == b"content-length" and value.isdigit():
                length = int(value[:_LENGTH_DIGITS])
                self._length = length if 100 <= length <= LIMIT_BYTES else None

    def _end(self) -> int | None:
        """Return the length of this picture; None if its end is not there yet."""
        if not self._is_data and (cut := self._walk()) is not None:
            return cut
        return self._end_of_data() if self._is_data else None

    def _walk(self) -> int | None:
        """Go from marker to marker up to the data: a thumbnail has an end, too.

        Returns where the picture was cut off, if it was.
        """
        while self._at + 4 <= len(self._bytes):
            marker = self._bytes[self._at + 1]
            length = int.from_bytes(self._bytes[self._at + 2 : self._at + 4], "big")
            if self._bytes[self._at] != 0xFF or marker in (0xD8, 0xD9):
                self._at, self._is_data = 2, True  # damaged: whatever ends first
                return None
            if marker == 0xFF:
                self._at += 1
            elif marker in _ALONE:
                self._at += 2
            else:
                end = self._at + 2 + length
                if (cut := self._cut_before(end, marker)) is not None:
                    return cut
                if end > len(self._bytes):
                    return None
                self._at, self._is_data = end, marker == _SCAN
                if self._is_data:
                    return None
        return None

    def _cut_before(self, end: int, marker: int) -> int | None:
        """Find what belongs to the next part within the header of this picture."""
        signs = [self._boundary] if self._boundary else []
        if marker not in _MAY_NEST:
            signs.append(_BEGIN)
        before = min(end, len(self._bytes))
        cut = self._first(signs, max(self._at + 2, self._seen), before)
        self._seen = before - max(map(len, signs), default=1) + 1
        return cut

    def _first(self, signs: list[bytes], begin: int, before: int) -> int | None:
        """Find the first of these signs between two positions."""
        found = None
        for sign in signs:
            at = self._bytes.find(sign, begin, before)
            if at >= 0:
                found, before = at, at + len(sign) - 1
        return found

    def _end_of_data(self) -> int | None:
        held, length = len(self._bytes), self._length
        signs = [_END, _BEGIN, *([self._boundary] if self._boundary else [])]
        at = self._first(signs, self._at, held)
        has_marker = at is not None and self._bytes.startswith(_END, at)
        if at is None and length is not None and length <= held and self._lengths_hold:
            return length
        if at is None:
            self._at = max(self._at, held - max(map(len, signs)) + 1)
            return None
        return at + len(_END) if has_marker else self._without_next(at)

    def _without_next(self, end: int) -> int:
        """Return the end without the header of the next part before it."""
        begin = max(2, end - _HEADER_BYTES // 4)
        header = _NEXT_HEADER.search(bytes(self._bytes[begin:end]))
        if header is not None:
            return begin + header.start()
        return end - 1 if self._bytes[end - 1 : end] == b"\r" else end


def part(picture: bytes) -> bytes:
    """Return the picture as a part of a clean multipart stream, for ffmpeg."""
    header = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture)
    return BOUNDARY + header + picture + b"\r\n"
