"""MQTT for the tests: publishers, a collector, servers that misbehave."""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from mvsnap.sense.bulk import BulkClient
from mvsnap.sense.receiver import Batch, Broker, Frame, Receiver
from mvsnap.simulator.mqtt.broker import HOST, Mosquitto
from mvsnap.values import replace
from tests.servers.processes import wait_until

_numbers = itertools.count()


class ChangedPaho(BulkClient):
    """As if paho did not read through the private method any more."""

    def _sock_recv(self, bufsize: int) -> bytes:
        raise NotImplementedError("changed")


def at(mosquitto: Mosquitto, topic: str = "/merakimv/+/+", **more: Any) -> Broker:
    """Return an address with a client id of its own."""
    name = f"test-{next(_numbers)}"
    ca_file = mosquitto.ca_file
    tls = ca_file is not None
    address = Broker(HOST, mosquitto.port, name, (topic,), tls=tls, ca_file=ca_file)
    return replace(address, **more)


def started(broker: Broker, **more: Any) -> Receiver:
    """Return a running receiver that tries again quickly."""
    receiver = Receiver(broker, **{"first_wait_s": 0.05, "longest_wait_s": 0.1, **more})
    receiver.start()
    return receiver


@contextlib.contextmanager
def receiving(
    broker: Broker, *, connected: bool = True, **more: Any
) -> Iterator[Receiver]:
    receiver = started(broker, **more)
    try:
        if connected:
            wait_for_text(receiver, "connected to", 10)
        yield receiver
    finally:
        receiver.stop()


def wait_for_text(receiver: Receiver, text: str, limit_s: float = 15) -> None:
    """Wait until the state begins with the text."""

    def said() -> bool:
        return receiver.state.text.startswith(text)

    try:
        wait_until(said, f"state {text!r}", limit_s)
    except AssertionError as exc:
        raise AssertionError(f"{exc}; it is {receiver.state.text!r}") from None


def taken(receiver: Receiver, many: int) -> list[Batch]:
    """Take batches until `many` messages are there."""
    batches: list[Batch] = []

    def enough() -> bool:
        if batch := receiver.receive(0.05):
            batches.append(batch)
        return sum(len(batch.frames) for batch in batches) >= many

    try:
        wait_until(enough, f"{many} messages", 15)
    except AssertionError as exc:
        raise AssertionError(f"{exc}: {frames(batches)[:20]}") from None
    return batches


def frames(batches: Sequence[Batch]) -> list[Frame]:
    return [frame for batch in batches for frame in batch.frames]


def payloads(batches: Sequence[Batch]) -> list[bytes]:
    return [frame[1] for frame in frames(batches)]


def publish(
    mosquitto: Mosquitto,
    topic: str,
    many: Sequence[bytes],
    *,
    qos: int = 0,
    retain: bool = False,
    login: tuple[str, str] | None = None,
) -> None:
    """Publish and return when the broker has them."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(1000)
    if login:
        client.username_pw_set(*login)
    if mosquitto.ca_file:
        context = ssl.create_default_context(cafile=mosquitto.ca_file)
        client.tls_set_context(context)
    ready = threading.Event()
    client.on_connect = lambda *_: ready.set()
    client.connect(HOST, mosquitto.port)
    client.loop_start()
    assert ready.wait(10)
    sent: list[MQTTMessageInfo] = [
        client.publish(topic, payload, qos, retain) for payload in many
    ]
    for info in sent:
        info.wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def leave_a_session(there: Broker, *, qos: int) -> None:
    """Subscribe under the client id of `there` and go."""
    v5 = there.protocol == "5"
    client = Client(
        CallbackAPIVersion.VERSION2,
        there.client_id,
        clean_session=None if v5 else False,
        protocol=MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311,
    )
    ready = threading.Event()
    client.on_connect = lambda *_: ready.set()
    if v5:
        keep = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        keep.SessionExpiryInterval = 60
        client.connect(there.host, there.port, clean_start=False, properties=keep)
    else:
        client.connect(there.host, there.port)
    client.loop_start()
    assert ready.wait(10)
    ready.clear()
    client.on_subscribe = lambda *_: ready.set()
    client.subscribe(there.topics[0], qos)
    assert ready.wait(10)
    client.disconnect()
    client.loop_stop()


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """Say the same to whoever connects, as soon as he speaks; yields the port."""
    listening = socket.create_server((HOST, 0))
    listening.settimeout(0.05)
    over = threading.Event()
    open_: list[socket.socket] = []

    def serve() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                client, _ = listening.accept()
                open_.append(client)
                client.settimeout(5)
                client.recv(1000)
                client.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        over.set()
        thread.join()
        for sock in [listening, *open_]:
            sock.close()
