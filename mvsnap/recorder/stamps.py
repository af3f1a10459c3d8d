"""Stamps: the times in a TS file of its first and its last picture, by the stream.

Read while ffmpeg still writes it. When its bytes were written says little: ffmpeg holds
pictures back, and a busy machine does for longer.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

_PACKET = 188
_AT_ONCE = 256 * _PACKET
_HZ = 90_000
_WRAP_S = 2**33 / _HZ
_ZERO_S = 1.4  # where ffmpeg begins a stream: twice its `muxdelay`


class Stamp(Struct, frozen=True):
    """Of a picture, in seconds of its stream, which begin anew after a day.

    shown_s: when it is shown; decoded_s: no later picture is shown before.
    """

    shown_s: float
    decoded_s: float


def after_s(earlier_s: float, later_s: float) -> float:
    """Return the seconds from one stamp to another."""
    return (later_s - earlier_s) % _WRAP_S


def ahead_s(earlier_s: float, later_s: float) -> float:
    """Return the same of two that are near each other, in any order."""
    found = after_s(earlier_s, later_s)
    return found if found < _WRAP_S / 2 else found - _WRAP_S


def first(path: Path) -> Stamp | None:
    """Return the stamp of the first picture; None if there is none yet."""
    return next(_of_file(path), None)


def firsts(path: Path, most: int) -> list[Stamp]:
    """Return the stamps of the first pictures, in the order in which they came."""
    return list(itertools.islice(_of_file(path), most))


def last(path: Path) -> Stamp | None:
    """Return the stamp of the last picture, which need not be whole."""
    return next(_of_file(path, from_end=True), None)


class Follower:
    """Reads a file while it is written, each byte of it once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._until = 0

    def more(self) -> list[Stamp]:
        """Return the stamps of the pictures that have begun since."""
        try:
            with self.path.open("rb") as file:
                begin, self._until = self._until, _whole(file)
                return list(_of_block(_block(file, begin, self._until)))
        except OSError:
            return []


def _of_file(path: Path, *, from_end: bool = False) -> Iterator[Stamp]:
    try:
        with path.open("rb") as file:
            whole = _whole(file)
            places = range(0, whole, _AT_ONCE)
            for begin in reversed(places) if from_end else places:
                end = min(begin + _AT_ONCE, whole)
                yield from _of_block(_block(file, begin, end), from_end=from_end)
    except OSError:
        return


def _whole(file: BinaryIO) -> int:
    return file.seek(0, 2) // _PACKET * _PACKET


def _block(file: BinaryIO, begin: int, end: int) -> bytes:
    file.seek(begin)
    return file.read(end - begin)


def _of_block(content: bytes, *, from_end: bool = False) -> Iterator[Stamp]:
    places = range(0, len(content) - _PACKET + 1, _PACKET)
    for at in reversed(places) if from_end else places:
        # The sync byte, and the bit of a packet with which something begins.
        if content[at] == 0x47 and content[at + 1] & 0x40:
            found = _of_packet(content[at : at + _PACKET])
            if found is not None:
                yield found


def _of_packet(packet: bytes) -> Stamp | None:
    """Return the stamp of a packet with which a picture begins."""
    adapted = 1 + packet[4] if packet[3] & 0x20 else 0
    head = packet[4 + adapted :]
    if len(head) < 19 or head[:3] != b"\0\0\1" or head[3] & 0xF0 != 0xE0:
        return None  # a table, or sound
    kinds = head[7] >> 6
    if not kinds & 2:
        return None
    shown_s = _seconds(head[9:14])
    return Stamp(shown_s, _seconds(head[14:19]) if kinds & 1 else shown_s)


def _seconds(five: bytes) -> float:
    high, middle, low = five[0] >> 1 & 7, five[1] << 8 | five[2], five[3] << 8 | five[4]
    ticks = high << 30 | middle >> 1 << 15 | low >> 1
    return ticks / _HZ - _ZERO_S
