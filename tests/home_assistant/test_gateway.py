"""A real gateway publishes to a real mosquitto, and dies."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mvsnap.domain import Serial, ZoneId
from mvsnap.simulator.meraki.counts import zone_ids
from mvsnap.simulator.mqtt.broker import Mosquitto
from tests.gateway import Clouds, Gateway, clouds, gateway
from tests.home_assistant.subscriber import Subscriber
from tests.servers.processes import wait_until

GONE = "homeassistant/sensor/mvsnap/Q2AA-AAAA-AAAA_1_people/config"
LISTENERS = "mvsnap/listeners/"
GONE_STATE = "mvsnap/zones/Q2AA-AAAA-AAAA/1"


@dataclass
class Home:
    clouds: Clouds
    gateway: Gateway
    seen: Subscriber
    serial: Serial
    zone_id: ZoneId

    @property
    def zone(self) -> str:
        return f"mvsnap/zones/{self.serial}/{self.zone_id}"

    def count(self, people: int) -> None:
        body = {"ts": round(time.time() * 1000), "counts": {"person": people}}
        topic = f"/merakimv/{self.serial}/{self.zone_id}"
        self.seen.publish(topic, json.dumps(body))

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(each) for each in self.seen.payloads("mvsnap/events")]

    def is_quiet(self) -> bool:
        """Whether all that is stored was published, and the last one as such."""
        stored = self.gateway.get("/api/v1.0/events", limit="500").json()["events"]
        came = [event["id"] for event in self.events()]
        last = self.seen.json("mvsnap/last_event").get("id")
        return {event["id"] for event in stored} == {*came} and last == came[-1]

    def wait_for_zone(self, people: int, *, crowd: bool) -> None:
        wanted = {"people": people, "occupied": people > 0, "crowd": crowd}

        def is_so() -> bool:
            self.count(people)
            return self.seen.json(self.zone) == wanted

        wait_until(is_so, f"{wanted}", 30)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder: Path = tmp_path_factory.mktemp("home")
    with Mosquitto(folder / "broker") as mqtt, clouds(cameras=1) as made:
        seen = Subscriber(mqtt.port)
        seen.publish(GONE, json.dumps({"state_topic": GONE_STATE}), retain=True)
        sense = {"enabled": True, "port": mqtt.port, "people": 3, "dwell_s": 0.2}
        settings = made.settings(
            sense=sense | {"dropout_s": 0.2, "cooldown_s": 0},
            home_assistant={"enabled": True},
        )
        camera = next(iter(made.dashboard.cameras.values()))
        with gateway(folder, settings, roles="web,worker,sense") as running:
            zone_id = ZoneId(zone_ids(camera, 1)[1])
            yield Home(made, running, seen, camera.serial, zone_id)
        seen.stop()


def test_occupancy_and_crowds_of_a_zone(home: Home) -> None:
    home.wait_for_zone(1, crowd=False)
    home.wait_for_zone(4, crowd=True)
    home.wait_for_zone(0, crowd=False)
    at_once = home.seen.payloads(home.zone)
    assert len(at_once) < 12, "at most one in a second"


def test_an_event_comes_once_with_its_id_and_without_addresses(home: Home) -> None:
    answer = home.gateway.snapshot(mvSerial=home.serial, prefix="Front door").json()
    job_id = answer["job"]["id"]

    def of_job() -> list[dict[str, Any]]:
        return [event for event in home.events() if event["job_id"] == job_id]

    wait_until(lambda: bool(of_job()), "the event", 30)
    # Behind it may come those of a crowd that is over; the last one is a state, which
    # follows them.
    wait_until(home.is_quiet, "all events, and the last one", 30)
    (event,) = of_job()
    assert event["event_type"] == "snapshot"
    assert event["serial"] == home.serial
    assert event["trigger"] == "http"
    stored = home.gateway.get(f"/api/v1.0/events/{event['id']}").json()
    assert stored["id"] == event["id"]
    everything = b"".join(home.seen.last.values())
    assert b"http://" not in everything
    assert b"https://" not in everything


def test_the_last_picture_is_a_small_jpeg(home: Home) -> None:
    home.gateway.snapshot(mvSerial=home.serial)
    topic = f"mvsnap/cameras/{home.serial}/picture"
    wait_until(lambda: topic in home.seen.last, "a picture", 30)
    picture = Image.open(io.BytesIO(home.seen.last[topic]))
    assert picture.format == "JPEG"
    assert max(picture.size) <= 480
    assert len(home.seen.last[topic]) < 200_000
    (config,) = [c for c in home.seen.configs().values() if "image_topic" in c]
    assert config["image_topic"] == topic
    assert config["content_type"] == "image/jpeg"


def test_health_of_the_services_and_the_queue(home: Home) -> None:
    home.gateway.snapshot(mvSerial=home.serial)

    def works() -> bool:
        found = home.seen.json("mvsnap/health").get("services", {})
        return all(found.get(name) is True for name in ("meraki", "webex", "broker"))

    wait_until(works, "all work", 20)
    assert home.seen.json("mvsnap/health")["jobs_waiting"] >= 0


def test_what_is_gone_is_removed(home: Home) -> None:
    wait_until(lambda: home.seen.last[GONE] == b"", "removed", 20)
    wait_until(lambda: home.seen.last.get(GONE_STATE) == b"", "its state")


def test_home_assistant_starts_and_is_described_everything_again(home: Home) -> None:
    home.wait_for_zone(0, crowd=False)
    wait_until(lambda: len(home.seen.configs()) >= 8, "entities", 30)
    before = len(home.seen.seen)
    configs = set(home.seen.configs())
    home.seen.publish("homeassistant/status", "online")

    def again() -> set[str]:
        return {one.topic for one in tuple(home.seen.seen[before:])}

    wait_until(lambda: configs <= again(), "all of them", 30)


def test_after_a_kill_it_is_offline_and_after_a_start_nothing_comes_twice(
    home: Home,
) -> None:
    statuses = ["mvsnap/status"] + [
        topic for topic in tuple(home.seen.last) if topic.startswith(LISTENERS)
    ]
    assert len(statuses) == 2
    assert {home.seen.text(topic) for topic in statuses} == {"online"}
    wait_until(home.is_quiet, "all events came", 30)
    events = home.events()
    home.gateway.kill_after(0.5)
    for topic in statuses:
        wait_until(lambda t=topic: home.seen.text(t) == "offline", topic, 10)  # type: ignore[misc]
    home.gateway.start()
    wait_until(lambda: home.seen.text("mvsnap/status") == "online", "back", 30)
    home.gateway.snapshot(mvSerial=home.serial)
    wait_until(lambda: len(home.events()) > len(events), "news", 30)
    wait_until(home.is_quiet, "no more news", 30)
    assert len(home.events()) == len(events) + 1
