"""MQTT frames: pieces of a byte stream in, whole packets out. Pure.

A PUBLISH becomes a tuple, because they arrive by the hundred thousand; any other packet
stays as bytes, for a reader that understands it.

    0x30 0x62 0x00 0x2b /merakimv/Q2AB-CDEF-GHJK/582653201791058186 {"ts":17146326...
    |    |    |         |                                            payload
    |    |    |         topic; after it: packet id if QoS > 0, properties if MQTT 5
    |    |    length of the topic
    |    length of all that follows, 1 to 4 bytes, 7 bits each, low ones first
    kind (3 = PUBLISH), then a bit each: repeated, QoS 2, QoS 1, retained
"""

from __future__ import annotations

from typing import NamedTuple

from mvsnap.core.sense_topics import MAX_TOPIC_BYTES

Frame = tuple[bytes, bytes, bool, int]  # topic, payload, retained, packet id (0: QoS 0)

LIMIT_BYTES = 1_000_000

_PUBLISH = 0x30
_RETAINED = 0x01


class Cut(NamedTuple):
    """The packets completed by the last piece; each list in order of arrival."""

    frames: list[Frame]
    others: list[bytes]


class _BrokenFrame(ValueError):
    """These bytes are not MQTT."""


class Cutter:
    """Cuts the stream of one connection.

    broken: why nothing can be cut any more; what was complete before was returned.
    skipped: messages that were over the limit. They are not kept in memory. One that
        needs an acknowledgement is returned with an empty payload, so that it is
        acknowledged in its turn and not sent forever.
    A topic that is longer than any of ours is returned as an empty one: what comes
        later remembers topics, and one may have 64 KiB.
    exactly_once: packet ids of QoS 2 among the frames cut so far, for the code that
        acknowledges: they need a PUBREC. The caller removes what it has answered.
    """

    def __init__(
        self, *, properties: bool = False, limit_bytes: int = LIMIT_BYTES
    ) -> None:
        """properties: MQTT 5, where a PUBLISH carries them."""
        self.broken: str | None = None
        self.skipped = 0
        self.exactly_once: set[int] = set()
        self._properties = properties
        self._limit = limit_bytes
        self._pieces: list[bytes] = []  # the beginning of a packet
        self._have = 0  # bytes in them
        self._need = 0  # bytes needed before parsing again makes sense
        self._skip = 0  # bytes still to skip of a message over the limit

    def cut(self, piece: bytes) -> Cut:
        cut = Cut([], [])
        if self.broken is not None:
            return cut
        if self._skip:
            skip = min(self._skip, len(piece))
            self._skip -= skip
            piece = piece[skip:]
        self._pieces.append(piece)
        self._have += len(piece)
        # A long packet arrives in many pieces: joining each of them would be quadratic.
        if self._have < self._need or not self._have:
            return cut
        data = piece if len(self._pieces) == 1 else b"".join(self._pieces)
        try:
            self._keep(data[self._cut_all(data, cut) :])
        except _BrokenFrame as exc:
            self.broken = str(exc)
            self._keep(b"")
        return cut

    def _keep(self, rest: bytes) -> None:
        self._pieces = [rest] if rest else []
        self._have = len(rest)

    def _cut_all(self, data: bytes, cut: Cut) -> int:
        """Return how many bytes are consumed; set what the next packet needs."""
        add, limit, plain = cut.frames.append, self._limit, not self._properties
        size, at = len(data), 0
        self._need = 2
        while at + 1 < size:
            first, length, body = data[at], data[at + 1], at + 2
            if length > 127:
                if at + 2 < size and data[at + 2] < 128:
                    length, body = length + (data[at + 2] << 7) - 128, at + 3
                else:
                    length, body = _length(data, at + 1, size)
                if length < 0:
                    self._need = size - at + 1
                    break
            end = body + length
            if length > limit:
                at = self._pass_over(data, at, body, end, cut)
                if at < end:
                    break
            elif end > size:
                self._need = end - at
                break
            elif first | _RETAINED == 0x31 and length > 1:  # QoS 0
                start = body + 2
                stop = start + (data[body] << 8) + data[body + 1]
                if stop > end:
                    raise _BrokenFrame("a topic is longer than its packet")
                rest = stop if plain else _after_properties(data, stop, end)
                topic = data[start:stop] if stop - start <= MAX_TOPIC_BYTES else b""
                add((topic, data[rest:end], first == 0x31, 0))
            elif first & 0xF0 == _PUBLISH:
                add(self._publish(data, first, body, end))
            else:
                cut.others.append(data[at:end])
            at = end
        return min(at, size)

    def _publish(self, data: bytes, first: int, body: int, end: int) -> Frame:
        start, stop, packet_id = self._head(data, first, body, end)
        topic = data[start:stop] if stop - start <= MAX_TOPIC_BYTES else b""
        if packet_id:
            stop += 2
        if self._properties:
            stop = _after_properties(data, stop, end)
        return topic, data[stop:end], first & _RETAINED == _RETAINED, packet_id

    def _head(
        self, data: bytes, first: int, body: int, end: int
    ) -> tuple[int, int, int]:
        """Return where the topic begins and ends, and the packet id."""
        qos = first >> 1 & 3
        if qos == 3:
            raise _BrokenFrame("a message has QoS 3")
        start = body + 2
        stop = start + int.from_bytes(data[body:start])
        if start > end or stop > end:
            raise _BrokenFrame("a topic is longer than its packet")
        if qos == 0:
            return start, stop, 0
        packet_id = int.from_bytes(data[stop : stop + 2])
        if stop + 2 > end or packet_id == 0:
            raise _BrokenFrame("a message that wants an answer has no packet id")
        if qos == 2:
            self.exactly_once.add(packet_id)
        return start, stop, packet_id

    def _pass_over(self, data: bytes, at: int, body: int, end: int, cut: Cut) -> int:
        """Skip a packet above the limit; return how far, `at` to be called again.

        It waits only for its topic and packet id, and only if it has an id.
        """
        first, size = data[at], len(data)
        if first & 0xF0 != _PUBLISH:
            raise _BrokenFrame("a packet is longer than any known of its kind")
        if first & 0x06:
            start = body + 2
            stop = start + int.from_bytes(data[body:start]) + 2
            needed = min(start if size < start else stop, end)
            if size < needed:
                self._need = needed - at
                return at
            begin, stop, packet_id = self._head(data, first, body, end)
            retained = first & _RETAINED == _RETAINED
            topic = data[begin:stop] if stop - begin <= MAX_TOPIC_BYTES else b""
            cut.frames.append((topic, b"", retained, packet_id))
        self.skipped += 1
        self._skip = max(end - size, 0)
        return end


def _after_properties(data: bytes, at: int, end: int) -> int:
    if at < end and data[at] == 0:
        return at + 1
    length, start = _length(data, at, end)
    if length < 0 or start + length > end:
        raise _BrokenFrame("properties are longer than their packet")
    return start + length


def _length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the number of 1 to 4 bytes at `at`, -1 if incomplete, and its end."""
    length = 0
    for index in range(4):
        if at + index >= end:
            return -1, at
        byte = data[at + index]
        length |= (byte & 127) << 7 * index
        if byte < 128:
            return length, at + index + 1
    raise _BrokenFrame("a length has more than four bytes")
