"""MQTT client: a connection by paho with a persistent session, acknowledged by hand."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from mvsnap.core.sense_topics import MAX_TOPIC_BYTES
from mvsnap.sense.framing import LIMIT_BYTES, Frame
from mvsnap.texts import broker_wordings as said
from mvsnap.texts.wording import Reason

KEEPALIVE_S = 30
SESSION_S = 86_400  # how long an MQTT 5 broker keeps messages while we are offline

_BUFFER_BYTES = 4_194_304  # the kernel's, for messages that arrive while others compute
_GOODBYE_S = 1.0

_REFUSED = {
    "Not authorized": said.WRONG_PASSWORD,
    "Bad user name or password": said.WRONG_PASSWORD,
    "Client identifier not valid": said.REJECTS_ID,
    "Unsupported protocol version": said.OTHER_VERSION,
}


@dataclass(frozen=True, slots=True)
class Broker:
    """The broker of the messages, and our identity there."""

    host: str
    port: int
    client_id: str  # stable: the broker's persistent session belongs to it
    topics: tuple[str, ...]
    keeps_session: bool = True  # False: ends when we leave, as for a check
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    ca_file: Path | None = None
    protocol: Literal["3.1.1", "5"] = "3.1.1"


class _TlsSocket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()  # paho drops it
            raise


class SessionClient(Client):
    """One connection to a broker, used once.

    All of it runs in the thread that calls `loop_read` and its siblings, except for
    `acknowledge`. Messages are not acknowledged until that is called.
    pause_s: how long not to read, so that many messages arrive per wake-up.
    granted: the broker has answered the subscription; `refused` are the topics that we
    do not get.
    why: the first reason why this connection is unusable, in words for people.
    skipped: messages that were over the limit.
    """

    def __init__(
        self,
        broker: Broker,
        deliver: Callable[[list[Frame]], None],
        *,
        manual_ack: bool,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        v5 = broker.protocol == "5"
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            clean_session=None if v5 else not broker.keeps_session,
            protocol=MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=manual_ack,
        )
        self.granted = self.welcome = self.leaving = False
        self.pause_s = 0.0
        self.refused: list[str] = []
        self.why: Reason | None = None
        self.skipped = 0
        self.at = broker
        self.v5 = v5
        self.deliver = deliver
        self.limit_bytes = limit_bytes
        self.on_connect = self.welcomed
        self.on_subscribe = self.answered
        self.on_disconnect = self.ended
        self.on_socket_open = _widen
        # paho would write from any thread that sends something, two at a time.
        self.on_socket_register_write = _ignore

    def open(self) -> None:
        """Connect the socket and queue CONNECT.

        Raises:
            OSError: no such host, no answer, an untrusted certificate.
            ValueError: an impossible host or port.
        """
        at = self.at
        if at.username is not None:
            self.username_pw_set(at.username, at.password)
        if at.tls:
            context = ssl.create_default_context(cafile=at.ca_file)
            context.sslsocket_class = _TlsSocket
            self.tls_set_context(context)
        if self.v5:
            # paho does not annotate it.
            keep = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            keep.SessionExpiryInterval = SESSION_S if at.keeps_session else 0
            fresh = not at.keeps_session
            self.connect(
                at.host, at.port, KEEPALIVE_S, clean_start=fresh, properties=keep
            )
        else:
            self.connect(at.host, at.port, KEEPALIVE_S)

    def acknowledge(self, packet_ids: list[int]) -> None:
        """Queue the acknowledgements; wake the thread of the loop to send them."""
        raise NotImplementedError

    def welcomed(
        self,
        client: Client,
        userdata: Any,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            known = _REFUSED.get(str(reason))
            self.fail(said.REFUSED(why=known() if known else str(reason)))
            return
        self.welcome = True
        try:
            self.subscribe([(topic, 1) for topic in self.at.topics])
        except ValueError as exc:
            self.fail(said.BAD_TOPIC(why=str(exc)))

    def answered(
        self,
        client: Client,
        userdata: Any,
        mid: int,
        reasons: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        answers = zip(self.at.topics, reasons, strict=False)
        self.refused = [topic for topic, reason in answers if reason.is_failure]
        if len(self.refused) == len(self.at.topics):
            topics = said.SUBSCRIPTION(topics=", ".join(self.refused))
            self.fail(said.REFUSED(why=topics))
        else:
            self.granted = True

    def ended(
        self,
        client: Client,
        userdata: Any,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if self.leaving:
            self.wait_for_goodbye()
        elif flags.is_disconnect_packet_from_server:
            self.fail(said.CLOSED(why=str(reason)))
        elif str(reason) == "Keep alive timeout":
            self.fail(said.SILENT_NOW())
        elif self.welcome:
            self.fail(said.LOST())
        else:
            self.fail(said.CLOSED_AT_ONCE())

    def fail(self, why: Reason) -> None:
        self.why = self.why or why

    def wait_for_goodbye(self) -> None:
        """Read until the broker has closed its end.

        Closing a socket with unread bytes makes the kernel discard what we sent last:
        the acknowledgements and the DISCONNECT.
        """
        sock = self.socket()
        deadline = time.monotonic() + _GOODBYE_S
        if not isinstance(sock, socket.socket):
            return
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
            while (left_s := deadline - time.monotonic()) > 0:
                if select.select([sock], [], [], left_s)[0] and not sock.recv(65536):
                    return


class PlainClient(SessionClient):
    """Unmodified paho: ten times the work per message, but no private methods."""

    def __init__(
        self,
        broker: Broker,
        deliver: Callable[[list[Frame]], None],
        *,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        super().__init__(broker, deliver, manual_ack=True, limit_bytes=limit_bytes)
        self.exactly_once: set[int] = set()
        self.on_message = self.received

    def received(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        if not self.welcome:
            self.fail(said.NOT_MQTT_BECAUSE(why=said.UNPROMPTED()))
            return
        try:
            topic = message.topic.encode()
        except UnicodeDecodeError:
            topic = b""  # belongs to no topic of ours, and is acknowledged all the same
        if len(topic) > MAX_TOPIC_BYTES:
            topic = b""  # as the other reader does
        payload = bytes(message.payload)
        if len(payload) > self.limit_bytes:
            self.skipped += 1
            payload = b""
            if not message.qos:
                return
        packet_id = message.mid if message.qos else 0
        if message.qos == 2:
            self.exactly_once.add(packet_id)
        self.deliver([(topic, payload, bool(message.retain), packet_id)])

    def acknowledge(self, packet_ids: list[int]) -> None:
        for each in packet_ids:
            self.ack(each, 2 if each in self.exactly_once else 1)
        self.exactly_once.difference_update(packet_ids)


def _widen(client: Client, userdata: Any, sock: Any) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)


def _ignore(client: Client, userdata: Any, sock: Any) -> None:
    pass
