"""A connection to the broker that publishes; made again after each loss.

paho's thread reads and writes the socket. Its callbacks only note what happened: the
work is done by whoever calls, once a second.
"""

from __future__ import annotations

import ssl
import threading
import uuid
from collections import deque
from pathlib import Path
from typing import Any

from msgspec import Struct
from paho.mqtt.client import (
    Client,
    ConnectFlags,
    DisconnectFlags,
    MQTTMessage,
    MQTTMessageInfo,
)
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from mvsnap.home_assistant.topics import Topics

Sent = MQTTMessageInfo  # says when the broker has it

ONLINE, OFFLINE = "online", "offline"
_CONNECT_S = 5.0
_KEEPALIVE_S = 30
# Sent and not acknowledged: a slow broker has the newest states, not all of them.
_WINDOW = 20
_GOODBYE_S = 1.0
_MOST_REASON_CHARS = 200
_MOST_CONFIGS = 20_000
_MOST_CONFIG_BYTES = 8192
_MOST_TOPIC_CHARS = 512
_MOST_PACKET_BYTES, _READ_BYTES = 262_144, 65_536


class BrokerLogin(Struct, frozen=True):
    host: str
    port: int
    tls: bool = False
    ca_file: Path | None = None
    username: str | None = None
    password: str | None = None


class _SparingClient(Client):
    """paho, but of a longer packet it keeps only the begin.

    Anybody on the broker may send 256 MB where Home Assistant says that it has started:
    paho asks for all of it at once, and has it three times. A private method, and what
    it fills; the topic and what is acknowledged stand at the begin.
    """

    def _sock_recv(self, bufsize: int) -> bytes:
        data = super()._sock_recv(min(bufsize, _READ_BYTES))
        if len(self._in_packet["packet"]) < _MOST_PACKET_BYTES:
            return data
        # paho counts what it gets; the last byte shows that there was something.
        self._in_packet["to_process"] -= max(len(data) - 1, 0)
        return data[-1:]


class PublishConnection:
    """status: the topic that says "offline" when this connection ends, however it does;
    None: it says nothing of itself.

    configs: what Home Assistant has discovered of this site, by topic, as the broker
    told it; empty unless `finds_configs`.
    """

    def __init__(
        self,
        login: BrokerLogin,
        topics: Topics,
        status: str | None,
        *,
        finds_configs: bool = False,
    ) -> None:
        self._login = login
        self._topics = topics
        self._status = status
        self._finds_configs = finds_configs
        self._client: Client | None = None
        self._answered = threading.Event()
        self._refused = ""
        self._sent: deque[Sent] = deque()
        self._born = self._contested = False
        self.opened = 0  # how many times
        self.configs: dict[str, bytes] = {}

    @property
    def is_open(self) -> bool:
        return self._client is not None and self._client.is_connected()

    @property
    def has_room(self) -> bool:
        while self._sent and self._sent[0].is_published():
            self._sent.popleft()
        return len(self._sent) < _WINDOW

    def open(self) -> None:
        """Connect, and say that we are online.

        Raises:
            OSError: no broker there, or it refuses the login.
            ValueError: an impossible host name.
        """
        self.close()
        self._answered.clear()
        self._refused = ""
        self._client = self._new_client()
        try:
            self._client.connect(self._login.host, self._login.port, _KEEPALIVE_S)
            self._client.loop_start()
            if not self._answered.wait(_CONNECT_S):
                raise TimeoutError("the broker does not answer")
            if self._refused:
                raise ConnectionError(f"refused: {self._refused}")
        except BaseException:
            self._drop()
            raise
        self.opened += 1
        self._say(ONLINE)

    def publish(self, topic: str, payload: bytes, *, retain: bool = True) -> Sent:
        """Queue a message at QoS 1.

        Raises:
            OSError: the connection is lost.
        """
        if self._client is None or not self._client.is_connected():
            raise ConnectionError("the connection is lost")
        sent = self._client.publish(topic, payload, 1, retain)
        if sent.rc:
            raise ConnectionError("the connection is lost")
        self._sent.append(sent)
        return sent

    def is_born_again(self) -> bool:
        """Return whether Home Assistant has started since the last call."""
        born, self._born = self._born, False
        return born

    def stay_online(self) -> None:
        """Say so again if somebody else's end was taken for ours."""
        if self._contested:
            self._contested = False
            self._say(ONLINE)

    def close(self) -> None:
        if self.is_open:
            try:
                if (goodbye := self._say(OFFLINE)) is not None:
                    goodbye.wait_for_publish(_GOODBYE_S)
            except OSError:
                pass  # the broker says it for us
        self._drop()

    def _say(self, status: str) -> Sent | None:
        if self._status is None:
            return None
        return self.publish(self._status, status.encode())

    def _drop(self) -> None:
        client, self._client = self._client, None
        self._sent.clear()
        self._born = self._contested = False
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _new_client(self) -> Client:
        login = self._login
        client = _SparingClient(
            CallbackAPIVersion.VERSION2,
            client_id=f"mvsnap-out-{uuid.uuid4().hex[:12]}",
            reconnect_on_failure=False,
        )
        client.connect_timeout = _CONNECT_S
        if self._status is not None:
            client.will_set(self._status, OFFLINE, 1, True)
        if login.username is not None:
            client.username_pw_set(login.username, login.password)
        if login.tls:
            client.tls_set_context(ssl.create_default_context(cafile=login.ca_file))
        client.on_connect = self._welcomed
        client.on_disconnect = self._ended
        client.on_message = self._received
        return client

    def _welcomed(
        self,
        client: Client,
        userdata: Any,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._refused = str(reason)
        else:
            wanted = [self._topics.birth]
            if self._status is not None:
                wanted.append(self._status)
            if self._finds_configs:
                wanted.append(self._topics.all_configs)
            client.subscribe([(topic, 1) for topic in wanted])
        self._answered.set()

    def _ended(
        self,
        client: Client,
        userdata: Any,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._refused = self._refused or str(reason)
        self._answered.set()

    def _received(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        payload = bytes(message.payload[:_MOST_CONFIG_BYTES])
        if topic == self._topics.birth:
            self._born = self._born or payload == ONLINE.encode()
        elif topic == self._status:
            # Retained: from before we came, and replaced since.
            lost = payload == OFFLINE.encode() and not message.retain
            self._contested = self._contested or lost
        elif not payload:
            self.configs.pop(topic, None)
        elif len(self.configs) < _MOST_CONFIGS and len(topic) <= _MOST_TOPIC_CHARS:
            self.configs[topic] = payload


def why_away(exc: Exception) -> str:
    """Return in words why `open` or `publish` failed; no login is in them."""
    reason = exc.strerror if isinstance(exc, OSError) else None
    return (reason or str(exc) or type(exc).__name__)[:_MOST_REASON_CHARS]
