"""JPEG: is the picture complete, and what would decoding it cost? Pure.

The segments are walked, not searched: a truncated picture may contain a complete
thumbnail in its EXIF segment, with an end marker of its own. Source: ITU-T T.81,
annexes B and G.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from mvsnap.texts import wordings
from mvsnap.texts.wording import Reason

# A picture of more is never decoded: four times 4K, and less than a Pi's memory.
MOST_PIXELS = 40_000_000
# What a decoder may hold of one picture.
MOST_BYTES = 128 * 1024 * 1024
# Encoders write about ten. Each passes over the whole picture, however few its bytes.
_MOST_SCANS = 100
_MOST_SEGMENTS = 1000
_SOI = b"\xff\xd8"
_EOI, _SOS, _TEM = 0xD9, 0xDA, 0x01
_RESTARTS = range(0xD0, 0xD8)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
# Decoders skip what is between two segments; 0xFF may be padding.
_MARKER = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_AFTER_SCAN = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)


class Outline(Struct, frozen=True):
    """What a JPEG says of itself.

    bytes_held: of a decoder that needs all scans before it has the first pixel; 0: one
        row after the other.
    is_whole: from begin to end marker; bytes after its end do not matter.
    """

    width: int
    height: int
    bytes_held: int
    scans: int
    is_whole: bool

    @property
    def refusal(self) -> Reason:
        """Why it must not be decoded, "" if it may be."""
        if self.scans > _MOST_SCANS:
            return wordings.PICTURE_TOO_LABORIOUS(most=_MOST_SCANS)
        is_large = self.width * self.height > MOST_PIXELS
        if is_large or self.bytes_held > MOST_BYTES:
            return too_large(self.width, self.height)
        return Reason("")


def too_large(width: int, height: int) -> Reason:
    return wordings.PICTURE_TOO_LARGE(width=width, height=height)


def refusal_of_size(data: bytes) -> Reason:
    """Return why a picture is too large, "" if it is not; reads its head alone."""
    frames = (segment for marker, segment in _segments(data) if marker in _FRAMES)
    width, height = _size(next(frames, b""))
    return too_large(width, height) if width * height > MOST_PIXELS else Reason("")


def is_whole(data: bytes) -> bool:
    """Return whether `data` is one complete JPEG."""
    found = outline(data)
    return found is not None and found.is_whole


def outline(data: bytes) -> Outline | None:
    """Return what `data` says of itself, None if it is no JPEG (or has no frame)."""
    if not data.startswith(_SOI):
        return None
    frame: tuple[int, bytes] | None = None
    scans: list[bytes] = []
    end = None
    for marker, segment in _segments(data):
        if marker in _FRAMES:
            frame = frame or (marker, segment)
        elif marker == _SOS:
            scans.append(segment)
            if len(scans) > _MOST_SCANS:
                break
        end = marker
    if frame is None or len(frame[1]) < 8:
        return None
    width, height = _size(frame[1])
    held = 0
    if frame[0] in _PROGRESSIVE or (scans and scans[0][2:3] != frame[1][7:8]):
        held = int(2 * width * height * _samples(frame[1]))
    return Outline(width, height, held, len(scans), end == _EOI and bool(scans))


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield markers with their segments; the last is the end marker if it is whole.

    As decoders do, it skips what is between two segments; then it is not whole.
    """
    at, is_sound, is_scan = 2, True, False
    for _ in range(_MOST_SEGMENTS):
        found = (_AFTER_SCAN if is_scan else _MARKER).search(data, at)
        if found is None:
            return
        is_sound = is_sound and (is_scan or found.start() == at)
        marker, at, is_scan = found[1][0], found.end(), False
        if marker == _TEM or marker in _RESTARTS:
            continue
        if marker == _EOI:
            if is_sound:
                yield marker, b""
            return
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2 or at + length > len(data):
            return
        yield marker, data[at : at + length]
        at, is_scan = at + length, marker == _SOS


def _size(frame: bytes) -> tuple[int, int]:
    height, width = (int.from_bytes(frame[i : i + 2], "big") for i in (3, 5))
    return width, height


# The header counts them in a byte.
_MOST_PARTS = 255


def _samples(frame: bytes) -> float:
    """Return the samples for a pixel: 3 for full colour, 1.5 with 4:2:0."""
    parts = frame[9 : 9 + 3 * _MOST_PARTS : 3]
    factors = [divmod(each, 16) for each in parts] or [(1, 1)]
    most = max(h for h, _ in factors) * max(v for _, v in factors)
    return sum(h * v for h, v in factors) / max(most, 1)
