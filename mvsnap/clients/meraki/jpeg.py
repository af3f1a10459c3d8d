"""JPEG: is the picture complete? Pure."""

from __future__ import annotations

_SOI = b"\xff\xd8"
_EOI, _SOS, _TEM = 0xD9, 0xDA, 0x01
_RESTARTS = range(0xD0, 0xD8)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def is_whole(data: bytes) -> bool:
    """Return whether `data` is one complete JPEG; bytes after its end do not matter.

    The segments are walked, not searched: a truncated picture may contain a complete
    thumbnail in its EXIF segment, with an end marker of its own. Source: ITU-T T.81,
    annex B.
    """
    if not data.startswith(_SOI):
        return False
    at, frame, scan = 2, False, False
    while (found := _marker(data, at)) is not None:
        marker, at = found
        if marker == _EOI:
            return frame and scan
        if marker == _TEM or marker in _RESTARTS:
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2 or at + length > len(data):
            return False
        at += length
        frame = frame or marker in _FRAMES
        if marker == _SOS:
            scan = True
            at = _end_of_scan(data, at)
    return False


def _marker(data: bytes, at: int) -> tuple[int, int] | None:
    """Return the marker at `at` and the position after it; 0xFF may be padding."""
    if data[at : at + 1] != b"\xff":
        return None
    while data[at : at + 1] == b"\xff":
        at += 1
    return (data[at], at + 1) if at < len(data) else None


def _end_of_scan(data: bytes, at: int) -> int:
    """Return where the next marker starts after entropy-coded data."""
    while (at := data.find(b"\xff", at)) != -1:
        after = data[at + 1 : at + 2]
        if (
            after
            and after != b"\x00"
            and after != b"\xff"
            and after[0] not in _RESTARTS
        ):
            return at
        at += 1 if after == b"\xff" else 2
    return len(data)
