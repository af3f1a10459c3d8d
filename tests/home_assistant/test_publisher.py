"""A broker that is away, slow or comes back, and several processes."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage

from mvsnap.clock import SystemClock
from mvsnap.home_assistant.connection import BrokerLogin, PublishConnection
from mvsnap.home_assistant.publisher import Publisher
from mvsnap.home_assistant.states import RetainedStates
from mvsnap.home_assistant.topics import Topics
from mvsnap.simulator.mqtt.broker import Mosquitto
from mvsnap.simulator.ports import free_port
from tests.home_assistant.subscriber import Subscriber
from tests.sense.mqtt import answering, publish
from tests.servers.processes import wait_until

TOPICS = Topics("mvsnap", "homeassistant")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


def connection(port: int) -> PublishConnection:
    return PublishConnection(BrokerLogin("127.0.0.1", port), TOPICS, TOPICS.status)


class Counter(Publisher):
    """Publishes a number that grows each time."""

    def __init__(self, port: int, clock: SystemClock) -> None:
        super().__init__("counter", connection(port), TOPICS, clock)
        self._numbers = itertools.count()
        self.looked = 0

    def wants_to_publish(self) -> bool:
        return True

    def look(self) -> None:
        self.looked = next(self._numbers)
        self.states.set("mvsnap/number", str(self.looked))

    def send(self) -> None:
        return


class Heard(PublishConnection):
    """Notes what arrives, by its topic and length."""

    def __init__(self, port: int) -> None:
        login = BrokerLogin("127.0.0.1", port)
        super().__init__(login, TOPICS, TOPICS.status, finds_configs=True)
        self.messages: list[tuple[str, int]] = []

    def _received(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        super()._received(client, userdata, message)
        self.messages.append((message.topic, len(message.payload)))


def test_what_anybody_may_publish_there_takes_little_memory(
    mosquitto: Mosquitto,
) -> None:
    config = f"homeassistant/sensor/mvsnap/{'x' * 60_000}/config"
    heard = Heard(mosquitto.port)
    heard.open()
    try:
        for qos in (0, 1):
            publish(mosquitto, TOPICS.birth, [b"x" * 30_000_000], qos=qos)
        publish(mosquitto, config, [b"{}"], retain=True)
        publish(mosquitto, TOPICS.birth, [b"online"], qos=1)
        wait_until(heard.is_born_again, "what comes behind it is understood", 30)
    finally:
        heard.close()
    assert [topic for topic, _ in heard.messages if topic != TOPICS.status] == [
        *[TOPICS.birth] * 2,
        config,
        TOPICS.birth,
    ]
    assert max(length for _, length in heard.messages) < 1_000_000
    assert heard.configs == {}


def test_a_broker_that_comes_later_gets_the_newest_state(tmp_path: Path) -> None:
    port = free_port()
    clock = SystemClock()
    counter = Counter(port, clock)
    counter.loop.start()
    try:
        wait_until(lambda: bool(counter._failing), "the broker is away", 30)
        with Mosquitto(tmp_path / "broker", port=port):
            seen = Subscriber(port)
            wait_until(lambda: seen.text("mvsnap/status") == "online", "online", 20)
            wait_until(lambda: seen.text("mvsnap/number") != "", "a state")
            clock.stop()
            counter.loop.stop()
            wait_until(lambda: seen.text("mvsnap/status") == "offline", "ended")
            seen.stop()
    finally:
        clock.stop()
        counter.loop.stop()


def test_a_frozen_broker_holds_nobody_and_gets_few_messages(
    mosquitto: Mosquitto,
) -> None:
    out = connection(mosquitto.port)
    out.open()
    states = RetainedStates()
    assert mosquitto.pid is not None
    os.kill(mosquitto.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        for number in range(1000):
            states.set(f"mvsnap/{number % 50}", str(number))
            states.flush(out)
        assert time.monotonic() - began < 10
        assert not out.has_room
        assert len(out._sent) <= 20
    finally:
        os.kill(mosquitto.pid, signal.SIGCONT)
    seen = Subscriber(mosquitto.port)

    def all_newest() -> bool:
        states.flush(out)
        return all(seen.text(f"mvsnap/{n}") == str(950 + n) for n in range(50))

    wait_until(all_newest, "the newest states", 30)
    out.close()
    seen.stop()


def test_who_else_says_that_we_are_offline_is_corrected(mosquitto: Mosquitto) -> None:
    out, seen = connection(mosquitto.port), Subscriber(mosquitto.port)
    out.open()
    wait_until(lambda: seen.text("mvsnap/status") == "online", "online")
    seen.publish("mvsnap/status", "offline", retain=True)

    def corrected() -> bool:
        out.stay_online()
        return seen.payloads("mvsnap/status")[-2:] == [b"offline", b"online"]

    wait_until(corrected, "online again")
    out.close()
    seen.stop()


def test_pictures_wait_for_everything_else_and_are_tried_again(
    mosquitto: Mosquitto,
) -> None:
    out, seen = connection(mosquitto.port), Subscriber(mosquitto.port)
    out.open()
    states, there = RetainedStates(), threading.Event()

    def picture() -> bytes:
        if not there.is_set():
            raise OSError("not here yet")
        return b"jpeg"

    states.set_slow("mvsnap/picture", "1", picture)
    states.set("mvsnap/a", "1")
    states.flush(out)
    wait_until(lambda: seen.text("mvsnap/a") == "1", "the state")
    there.set()
    states.flush(out)
    wait_until(lambda: seen.text("mvsnap/picture") == "jpeg", "the picture")
    states.clear("mvsnap/picture")
    states.flush(out)
    wait_until(lambda: seen.text("mvsnap/picture") == "", "it is removed")
    out.close()
    seen.stop()


def test_a_refused_login_is_an_error() -> None:
    with answering(b"\x20\x02\x00\x05") as port:
        out = connection(port)
        with pytest.raises(OSError, match="refused: Not authorized"):
            out.open()
        assert not out.is_open
