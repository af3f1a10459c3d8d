"""Recent frames: what came for zones of other listeners, in case one of them dies.

Packed by the second: counts differ in a few digits, so a minute of a large site takes
some megabytes.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from mvsnap.sense.framing import Frame

# Longer than a lease, a turn, and the span between two complete saves of a listener.
KEPT_S = 60.0
# Of a site with 10,000 counts a second it is what comes within a minute.
MOST_BYTES = 8_000_000
_PACK_S = 1.0
_PACK_BYTES = 1_000_000
_FASTEST = 1


class Arrival(Struct, frozen=True):
    """Frames of one batch; `came_s` by the monotonic clock, `received_at_ns` not."""

    came_s: float
    received_at_ns: int
    frames: list[Frame]


class _Packed(Struct, frozen=True):
    came_s: float  # the last of them
    content: bytes


class RecentFrames:
    def __init__(self, *, kept_s: float = KEPT_S, most_bytes: int = MOST_BYTES) -> None:
        self._kept_s = kept_s
        self._most_bytes = most_bytes
        self._bytes = 0
        self._packed: deque[_Packed] = deque()
        self._open: list[tuple[float, int, list[Frame]]] = []
        self._open_bytes = 0

    def put(self, came_s: float, received_at_ns: int, frames: list[Frame]) -> None:
        self._open.append((came_s, received_at_ns, frames))
        self._open_bytes += sum([len(frame[1]) for frame in frames])
        since_s = came_s - self._open[0][0]
        if since_s >= _PACK_S or self._open_bytes >= _PACK_BYTES:
            self._pack()

    def spans(self) -> Iterator[list[Arrival]]:
        """Return what is kept, the oldest first, by about a second at a time."""
        self._pack()
        for packed in self._packed:
            known = msgspec.msgpack.decode(
                zlib.decompress(packed.content),
                type=list[tuple[float, int, list[Frame]]],
            )
            yield [Arrival(*one) for one in known]

    def _pack(self) -> None:
        if not self._open:
            return
        newest_s = self._open[-1][0]
        content = zlib.compress(msgspec.msgpack.encode(self._open), _FASTEST)
        self._packed.append(_Packed(newest_s, content))
        self._bytes += len(content)
        self._open, self._open_bytes = [], 0
        while self._packed and self._is_too_much(newest_s):
            self._bytes -= len(self._packed.popleft().content)

    def _is_too_much(self, now_s: float) -> bool:
        is_old = now_s - self._packed[0].came_s > self._kept_s
        return is_old or self._bytes > self._most_bytes
