"""Message buffer between the thread that reads and the thread that works.

Messages are handed over in lists: a lock per message would cost more than the message.
"""

from __future__ import annotations

import threading
import time
from collections import deque

from msgspec import Struct

from mvsnap.sense.framing import Frame

# Of payloads: a flood of large messages must not exhaust a small machine.
_MOST_BYTES = 64_000_000


class Batch(Struct, frozen=True):
    """Messages of one connection in order of arrival."""

    frames: list[Frame]
    connection: int  # counts up; packet ids are only valid on their connection
    received_at_ns: int  # when the last of them came; the wall clock


class MessageBuffer:
    """What was received and not yet fetched.

    Above `most` messages, or 64 MB, the oldest QoS 0 messages are dropped: counts are a
    periodic state, so the newest is the one that matters. Messages with a packet id
    stay: the broker limits how many of those it sends without an acknowledgement.
    """

    def __init__(self, most: int) -> None:
        self.dropped = 0
        self._most = most
        self._count = 0
        self._bytes = 0
        self._kept: deque[Batch] = deque()  # left of dropped ones
        self._batches: deque[Batch] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, connection: int, frames: list[Frame]) -> None:
        with self._changed:
            self._batches.append(Batch(frames, connection, time.time_ns()))
            self._count += len(frames)
            self._bytes += _size(frames)
            while self._is_too_much() and self._batches:
                self._drop_from(self._batches.popleft())
            self._changed.notify()

    def receive(self, limit_s: float) -> Batch | None:
        """Return everything that waits of the oldest connection.

        None if nothing arrived within the limit, and at once if closed and empty.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._count or self._closed, limit_s)
            first = self._next(None)
            if first is None:
                return None
            frames, newest = first.frames, first
            while more := self._next(first.connection):
                frames += more.frames
                newest = more
            self._count -= len(frames)
            more_waits = self._kept or self._batches
            self._bytes = self._bytes - _size(frames) if more_waits else 0
            return Batch(frames, first.connection, newest.received_at_ns)

    def close(self) -> None:
        """Nobody waits from now on; what is there can still be received."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _next(self, connection: int | None) -> Batch | None:
        """Remove the oldest list, if it is of that connection; None is any."""
        for batches in (self._kept, self._batches):
            if batches:
                same = connection in (None, batches[0].connection)
                return batches.popleft() if same else None
        return None

    def _is_too_much(self) -> bool:
        return self._count > self._most or self._bytes > _MOST_BYTES

    def _drop_from(self, batch: Batch) -> None:
        """Drop its oldest messages until the rest is within the limits."""
        kept: list[Frame] = []
        done = 0
        for frame in batch.frames:
            if not self._is_too_much():
                break
            done += 1
            if frame[3]:
                kept.append(frame)
            else:
                self.dropped += 1
                self._count -= 1
                self._bytes -= len(frame[1])
        if kept:
            self._kept.append(Batch(kept, batch.connection, batch.received_at_ns))
        if rest := batch.frames[done:]:
            newer = Batch(rest, batch.connection, batch.received_at_ns)
            self._batches.appendleft(newer)


def _size(frames: list[Frame]) -> int:
    return sum([len(frame[1]) for frame in frames])
