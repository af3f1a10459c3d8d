"""Bulk reader: paho's client with a reader of its own, ten times as fast.

paho spends 30 us on a message: three reads from the socket, an object, a lock, a search
for the callback. This one reads everything available, cuts the messages itself and
leaves other packets to paho. It builds on two private methods of paho, `_sock_recv` and
`_packet_queue`; `works` checks that they are still the same.
"""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Callable

from paho.mqtt.enums import MQTTErrorCode

from mvsnap.sense.client import Broker, SessionClient
from mvsnap.sense.framing import LIMIT_BYTES, Cutter, Frame
from mvsnap.texts.broker_wordings import NOT_MQTT_BECAUSE, UNPROMPTED

log = logging.getLogger(__name__)

_READ_BYTES = 262_144
_MOST_BYTES = 1_048_576  # per read; then pings and acknowledgements have their turn
_PAUSE_0_S = 0.005  # counts are periodic: no hurry for the next one
_PAUSE_1_S = 0.0003  # here the broker waits, for our acknowledgement
_PUBACK, _PUBREC = 0x40020000, 0x50020000  # the whole packet, but for its packet id


class BulkClient(SessionClient):
    """paho with its own reader replaced."""

    def __init__(
        self,
        broker: Broker,
        deliver: Callable[[list[Frame]], None],
        *,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        super().__init__(broker, deliver, manual_ack=False, limit_bytes=limit_bytes)
        self.cutter = Cutter(properties=self.v5, limit_bytes=limit_bytes)
        self.fed = b""  # a packet for paho's own reader
        self.is_over = False  # the stream has ended
        self.is_drained = False  # the last read found nothing more

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        frames, others = self.cutter.cut(self.read())
        result = MQTTErrorCode.MQTT_ERR_SUCCESS
        for self.fed in others:
            result = super().loop_read()
            if result:
                break
        self.skipped = self.cutter.skipped
        self.pause_s = 0.0
        if self.is_drained and frames:
            self.pause_s = _PAUSE_1_S if frames[-1][3] else _PAUSE_0_S
        if frames and self.welcome:
            self.deliver(frames)
        if self.cutter.broken or (frames and not self.welcome):
            self.fail(NOT_MQTT_BECAUSE(why=self.cutter.broken or UNPROMPTED()))
        if self.is_over and not result:
            self.fed = b""
            result = super().loop_read()  # paho notices the end and closes
        return result

    def read(self) -> bytes:
        """Return what is available, up to a limit: the loop has other work to do."""
        pieces: list[bytes] = []
        left = _MOST_BYTES
        self.is_drained = False
        while left > 0 and not self.is_drained and not self.is_over:
            try:
                data = super()._sock_recv(_READ_BYTES)
            except BlockingIOError:
                self.is_drained = True
                break
            except OSError:
                data = b""
            pieces.append(data)
            left -= len(data)
            self.is_over = not data
            # TLS returns one record at a time, which may be one message.
            self.is_drained = len(data) < _READ_BYTES and not self.at.tls
        return b"".join(pieces)

    def _sock_recv(self, bufsize: int) -> bytes:
        """paho reads here; it gets only packets that were cut, not the socket."""
        if self.fed:
            data, self.fed = self.fed[:bufsize], self.fed[bufsize:]
            return data
        if self.is_over:
            return b""
        raise BlockingIOError

    def acknowledge(self, packet_ids: list[int]) -> None:
        twice = self.cutter.exactly_once
        if twice.isdisjoint(packet_ids):
            words = [_PUBACK | each for each in packet_ids]
        else:
            words = [(_PUBREC if i in twice else _PUBACK) | i for i in packet_ids]
            twice.difference_update(packet_ids)
        packets = struct.pack(f">{len(words)}I", *words)
        self._packet_queue(_PUBACK >> 24, packets, 0, 1)


def works(make: type[BulkClient], protocol: str) -> bool:
    """Take a client through a whole conversation without a network.

    False, with a warning in the log, if the installed paho is a different one.
    """
    ours, theirs = socket.socketpair()
    got: list[Frame] = []
    topic = "/merakimv/+/0"
    at = Broker("self-test", 1, "self-test", (topic,))
    if protocol == "5":
        at = Broker("self-test", 1, "self-test", (topic,), protocol="5")
    client = make(at, got.extend)
    # No socket is opened: the other end of this one is below.
    client._create_socket_connection = lambda: ours  # type: ignore[method-assign]
    theirs.settimeout(5)
    try:
        _converse(client, theirs)
        expected = [(b"/t", b"one", True, 0), (b"/t", b"two", False, 258)]
        if got != expected:
            raise AssertionError(f"it understood {got}")
    except Exception:  # whatever a changed library may raise
        log.warning(
            "unexpected version of paho-mqtt: falling back to reading MQTT more slowly",
            exc_info=True,
        )
        return False
    finally:
        ours.close()
        theirs.close()
    return True


def _converse(client: BulkClient, broker: socket.socket) -> None:
    """Play the broker.

    Raises:
        AssertionError: the client sent or understood something else.
    """

    def said() -> bytes:
        client.loop_write()
        return broker.recv(1000)

    none = b"\x00" if client.v5 else b""  # no properties
    client.open()
    if said()[:1] != b"\x10":
        raise AssertionError("it does not connect")
    broker.sendall(bytes([0x20, 2 + len(none), 0, 0]) + none)
    client.loop_read()
    subscribe = said()
    if subscribe[:1] != b"\x82":
        raise AssertionError("it does not subscribe")
    granted = bytes([0x90, 3 + len(none)]) + subscribe[2:4] + none + b"\x01"
    zero = bytes([0x31, 7 + len(none), 0, 2]) + b"/t" + none + b"one"
    one = bytes([0x32, 9 + len(none), 0, 2]) + b"/t\x01\x02" + none + b"two"
    broker.sendall(zero + granted + b"\xd0\x00" + one[:5])
    client.loop_read()
    broker.sendall(one[5:])
    client.loop_read()
    if not client.granted:
        raise AssertionError("it did not notice that it is subscribed")
    client.acknowledge([258])
    if said() != b"\x40\x02\x01\x02":
        raise AssertionError("it does not acknowledge")
    broker.shutdown(socket.SHUT_RDWR)
    client.loop_read()
    if client.socket() is not None:
        raise AssertionError("it did not notice the end")
