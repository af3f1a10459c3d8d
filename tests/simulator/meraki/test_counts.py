"""What simulated cameras publish: as text, and over a real mosquitto."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from mvsnap.domain import FULL_FRAME, ZoneId
from mvsnap.simulator.meraki.cameras import SimulatedCamera, new_camera, zones
from mvsnap.simulator.meraki.counts import (
    CountsPublisher,
    Crowd,
    Message,
    camera_says,
    count,
    parse_crowd,
    passers_by,
    people_at,
    sensor_says,
    zone_ids,
)
from mvsnap.simulator.mqtt.broker import HOST, Mosquitto
from mvsnap.simulator.ports import free_port
from tests.servers.processes import running, wait_until

CAMERA = new_camera(1)
SERIAL = CAMERA.serial
ENTRANCE = ZoneId("20410000000000101")
COUNTS = f"/merakimv/{SERIAL}/0"
TS = 1572567835359
SCRIPT = (
    Crowd(SERIAL, ENTRANCE, 10, 20, 5),
    Crowd(SERIAL, ENTRANCE, 15, 30, 2),
    Crowd(SERIAL, FULL_FRAME, 0, 1, 9),
)


FIRE = [{"name": "fireAlarm"}]
WRITTEN: dict[str, tuple[Message, str, str]] = {
    "the full frame, as captured": (
        count(SERIAL, FULL_FRAME, TS),
        "0",
        '{"ts":1572567835359, "counts":{"person":0}}',
    ),
    "a zone": (
        count(SERIAL, ENTRANCE, TS, 3),
        "20410000000000101",
        '{"ts":1572567835359, "counts":{"person":3}}',
    ),
    "vehicles only": (
        count(SERIAL, FULL_FRAME, TS, None, 2),
        "0",
        '{"ts":1572567835359, "counts":{"vehicle":2}}',
    ),
    "both": (
        count(SERIAL, FULL_FRAME, TS, 1, 2),
        "0",
        '{"ts":1572567835359, "counts":{"vehicle":2,"person":1}}',
    ),
    "a bare number, firmware of 2018": (camera_says(SERIAL, "0", 3), "0", "3"),
    "light": (camera_says(SERIAL, "light", {"lux": 33.2}), "light", '{"lux":33.2}'),
    "a sound": (
        camera_says(SERIAL, "audio_detections", FIRE),
        "audio_detections",
        '[{"name":"fireAlarm"}]',
    ),
}


@pytest.mark.parametrize(
    ("message", "leaf", "payload"), WRITTEN.values(), ids=WRITTEN.keys()
)
def test_a_message_is_written_as_a_camera_does(
    message: Message, leaf: str, payload: str
) -> None:
    assert message == (f"/merakimv/Q2SM-0000-0001/{leaf}", payload)


def test_a_sensor_has_no_slash_in_front_and_writes_its_time_as_text() -> None:
    at = datetime(2026, 1, 28, 13, tzinfo=timezone(timedelta(hours=1)))
    assert sensor_says("N_1", "AA:BB:CC:DD:EE:FF", "door", at, open=True) == (
        "meraki/v1/mt/N_1/ble/AA:BB:CC:DD:EE:FF/door",
        '{"open":true,"ts":"2026-01-28T12:00:00Z"}',
    )


@pytest.mark.parametrize(
    ("zone_id", "t_s", "people"),
    [
        pytest.param(ENTRANCE, 9.9, 0, id="before it begins"),
        pytest.param(ENTRANCE, 10, 5, id="as it begins"),
        pytest.param(ENTRANCE, 15, 2, id="the later one of two"),
        pytest.param(ENTRANCE, 29.9, 2, id="just before it ends"),
        pytest.param(ENTRANCE, 30, 0, id="as it ends"),
        pytest.param(FULL_FRAME, 12, 0, id="another zone"),
    ],
)
def test_a_crowd_is_seen_from_its_begin_until_before_its_end(
    zone_id: ZoneId, t_s: float, people: int
) -> None:
    assert people_at(SCRIPT, SERIAL, zone_id, t_s) == people


def test_what_is_usual_is_seen_without_a_crowd_only() -> None:
    empty = (Crowd(SERIAL, ENTRANCE, 0, 1, 0),)
    assert people_at(empty, SERIAL, ENTRANCE, 0.5, 1) == 0
    assert people_at(empty, SERIAL, ENTRANCE, 1.5, 1) == 1


def test_passers_by_are_few_and_the_same_for_the_same_seed() -> None:
    def day(seed: int) -> list[int]:
        return [passers_by(seed, SERIAL, ENTRANCE, float(t)) for t in range(4000)]

    people = day(1)
    assert people == day(1) != day(2)
    assert {sum(people[t : t + 4]) for t in range(0, 4000, 4)} == {0, 4}
    assert 200 < sum(people) < 800


def test_zones_are_called_as_the_simulated_dashboard_calls_them() -> None:
    assert zone_ids(CAMERA, 1) == [zone["id"] for zone in zones(CAMERA)]
    assert zone_ids(CAMERA, 2) == ["0", ENTRANCE, "20410000000000102"]


def test_a_crowd_of_the_command_line_is_read() -> None:
    assert parse_crowd(f"{SERIAL}:0:5:10:20.5") == Crowd(
        SERIAL, FULL_FRAME, 10, 20.5, 5
    )


@dataclass
class Heard:
    """What a subscriber got, in order of arrival."""

    messages: list[MQTTMessage] = field(default_factory=list)

    def topics(self) -> set[str]:
        return {message.topic for message in list(self.messages)}

    def people(self, topic: str) -> list[int]:
        return [
            json.loads(message.payload)["counts"]["person"]
            for message in list(self.messages)
            if message.topic == topic
        ]


@contextmanager
def listening(at: Mosquitto, topic: str = "#") -> Iterator[Heard]:
    heard, granted = Heard(), threading.Event()

    def subscribed(*_: Any) -> None:
        granted.set()

    def note(_client: Client, _data: Any, message: MQTTMessage) -> None:
        heard.messages.append(message)

    client = Client(CallbackAPIVersion.VERSION2)
    client.on_subscribe = subscribed
    client.on_message = note
    client.connect(HOST, at.port)
    client.loop_start()
    client.subscribe(topic, qos=1)
    try:
        assert granted.wait(10)
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("broker")) as started:
        yield started


Publish = Callable[..., CountsPublisher]


@pytest.fixture
def publish(mosquitto: Mosquitto) -> Iterator[Publish]:
    """Return a function that starts a publisher without passers-by."""
    started: list[CountsPublisher] = []

    def start(*cameras: int | SimulatedCamera, **options: Any) -> CountsPublisher:
        wanted = [new_camera(c) if isinstance(c, int) else c for c in cameras]
        options = {"seed": None} | options
        publisher = CountsPublisher(HOST, mosquitto.port, wanted, **options)
        publisher.start()
        started.append(publisher)
        return publisher

    yield start
    for publisher in started:
        publisher.stop()


def test_every_zone_of_every_camera_says_zero_without_end(
    mosquitto: Mosquitto, publish: Publish
) -> None:
    with listening(mosquitto) as heard:
        publish(1, 2, zones=2, rate_per_s=20)
        wait_until(lambda: len(heard.messages) >= 30, "five rounds", 30)
    assert heard.topics() == {
        f"/merakimv/{camera.serial}/{zone_id}"
        for camera in (new_camera(1), new_camera(2))
        for zone_id in zone_ids(camera, 2)
    }
    first = heard.messages[0]
    assert (first.qos, first.retain) == (0, False)
    assert set(heard.people(COUNTS)) == {0}
    assert abs(json.loads(first.payload)["ts"] / 1000 - time.time()) < 10


def test_the_rate_is_kept(mosquitto: Mosquitto, publish: Publish) -> None:
    with listening(mosquitto) as heard:
        begun = time.monotonic()
        publish(*range(1, 101), zones=1, rate_per_s=5)
        wait_until(lambda: len(heard.messages) >= 1500, "1.5 s of 1000/s", 30)
        assert time.monotonic() - begun > 1.2
    each = [len(heard.people(f"/merakimv/{new_camera(n).serial}/0")) for n in (1, 100)]
    assert all(6 <= n <= 20 for n in each)


def test_a_scripted_crowd_comes_and_goes(
    mosquitto: Mosquitto, publish: Publish
) -> None:
    script = [Crowd(SERIAL, FULL_FRAME, 1, 2.5, 4)]
    with listening(mosquitto, COUNTS) as heard:
        publish(1, script=script, rate_per_s=20)
        wait_until(lambda: 4 in heard.people(COUNTS), "the crowd", 30)
        wait_until(lambda: heard.people(COUNTS)[-1] == 0, "its end", 30)
    people = heard.people(COUNTS)
    assert (people[0], set(people)) == (0, {0, 4})


def test_a_crowd_appears_on_demand(mosquitto: Mosquitto, publish: Publish) -> None:
    with listening(mosquitto, COUNTS) as heard:
        publisher = publish(1, rate_per_s=20)
        publisher.crowd_now(SERIAL, FULL_FRAME, 6, for_s=60)
        wait_until(lambda: 6 in heard.people(COUNTS), "the crowd", 30)
        publisher.crowd_now(SERIAL, FULL_FRAME, 0, for_s=60)
        wait_until(lambda: heard.people(COUNTS)[-1] == 0, "its end", 30)
        with pytest.raises(ValueError, match="No counts of zone 7"):
            publisher.crowd_now(SERIAL, ZoneId("7"), 6, for_s=60)


def test_a_silent_camera_publishes_nothing_and_the_others_continue(
    mosquitto: Mosquitto, publish: Publish
) -> None:
    with listening(mosquitto) as heard:

        def last_ten() -> list[bool]:
            return [SERIAL in message.topic for message in heard.messages[-10:]]

        cameras = [new_camera(1), new_camera(2)]
        publisher = publish(*cameras, rate_per_s=20)
        wait_until(lambda: any(last_ten()), "it is heard", 30)
        publisher.silent.add(SERIAL)
        wait_until(lambda: last_ten() == [False] * 10, "only the other camera", 30)
        publisher.silent.clear()
        wait_until(lambda: any(last_ten()), "it is back", 30)
        cameras[0].status = "offline"
        wait_until(lambda: last_ten() == [False] * 10, "not while offline", 30)


@pytest.mark.parametrize("qos", [0, 1])
def test_a_replay_arrives_whole_in_its_order_and_with_its_times(
    mosquitto: Mosquitto, publish: Publish, qos: int
) -> None:
    rows = [(SERIAL, FULL_FRAME, TS + n * 285, n % 7) for n in range(5000)]
    with listening(mosquitto) as heard:
        publish(qos=qos).publish_replay(rows)
        wait_until(lambda: len(heard.messages) >= len(rows), "all", 30)
    assert [json.loads(m.payload)["ts"] for m in heard.messages] == [r[2] for r in rows]
    assert heard.people(COUNTS) == [row[3] for row in rows]
    assert {message.qos for message in heard.messages} == {qos}


def test_counts_may_be_acknowledged(mosquitto: Mosquitto, publish: Publish) -> None:
    with listening(mosquitto) as heard:
        publish(1, qos=1, rate_per_s=50)
        wait_until(lambda: len(heard.messages) >= 50, "half a second of counts", 30)
    assert {message.qos for message in heard.messages} == {1}


def test_a_retained_message_meets_whoever_comes_later(
    mosquitto: Mosquitto, publish: Publish
) -> None:
    at = datetime(2026, 1, 28, 12, tzinfo=UTC)
    pressed = sensor_says("N_1", "AA:BB", "buttonReleased", at, action="shortPress")
    publisher = publish(qos=1)
    publisher.publish([pressed], retain=True)
    with listening(mosquitto, pressed[0]) as heard:
        wait_until(lambda: len(heard.messages) == 1, "the retained one", 30)
        publisher.publish([pressed])
        wait_until(lambda: len(heard.messages) == 2, "the live one", 30)
    publisher.publish([(pressed[0], "")], retain=True)
    assert [message.retain for message in heard.messages] == [True, False]


def test_it_continues_after_a_broker_outage(tmp_path: Path) -> None:
    with (
        Mosquitto(tmp_path) as started,
        CountsPublisher(HOST, started.port, [CAMERA], rate_per_s=20) as publisher,
    ):
        started.kill()
        with pytest.raises(ConnectionError):
            publisher.publish([count(SERIAL, FULL_FRAME, TS)] * 3)
        started.start()
        with listening(started) as heard:
            wait_until(lambda: len(heard.messages) >= 5, "counts again", 30)


def test_a_login_over_tls(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, username="mv", password="secret", tls=True) as started:
        with CountsPublisher(
            HOST,
            started.port,
            username="mv",
            password="secret",
            ca_file=started.ca_file,
            qos=1,
        ) as publisher:
            publisher.publish([count(SERIAL, FULL_FRAME, TS)])
        wrong = CountsPublisher(
            HOST, started.port, username="mv", password="x", ca_file=started.ca_file
        )
        with pytest.raises(ConnectionError, match="Not authorized"):
            wrong.start()


def test_a_missing_broker_is_reported_at_once() -> None:
    with pytest.raises(ConnectionRefusedError):
        CountsPublisher(HOST, free_port(), [CAMERA]).start()


def test_stop_ends_its_threads(mosquitto: Mosquitto) -> None:
    before = set(threading.enumerate())  # those of others may end meanwhile
    publisher = CountsPublisher(HOST, mosquitto.port, [CAMERA])
    publisher.stop()
    with CountsPublisher(HOST, mosquitto.port, [CAMERA]):
        assert len(set(threading.enumerate()) - before) == 2
    assert set(threading.enumerate()) <= before


def test_a_crowd_in_an_unknown_zone_is_refused() -> None:
    script = [Crowd(SERIAL, ZoneId("7"), 0, 1, 4)]
    with pytest.raises(ValueError, match="No counts of zone 7 of Q2SM-0000-0001"):
        CountsPublisher(HOST, 1, [CAMERA], script=script)


def test_the_command_loads_a_broker_until_ctrl_c(mosquitto: Mosquitto) -> None:
    options = {
        "--port": mosquitto.port,
        "--cameras": 10,
        "--zones": 2,
        "--rate": 10,
        "--every": 0.5,
        "--crowd": f"{SERIAL}:0:3:0:600",
    }
    args = [str(word) for option in options.items() for word in option]
    with (
        listening(mosquitto, COUNTS) as heard,
        running(
            [sys.executable, "-m", "mvsnap.simulator.meraki.counts", *args]
        ) as program,
    ):
        program.wait_for_output("messages/s")
        wait_until(lambda: 3 in heard.people(COUNTS), "the crowd", 30)
        assert program.stop(signal.SIGINT) == 0
    assert 0 < int(program.output().split()[0]) <= 600


def test_the_command_reports_that_there_is_no_broker() -> None:
    port = str(free_port())
    with running(
        [sys.executable, "-m", "mvsnap.simulator.meraki.counts", "--port", port]
    ) as program:
        program.wait_for_output(f"127.0.0.1:{port}: [Errno 111]")
        wait_until(lambda: program.exit_code == 1, "the end", 30)
