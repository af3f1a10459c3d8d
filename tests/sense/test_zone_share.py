"""Several listeners on one PostgreSQL and one mosquitto share the zones."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, select

from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.core.sense_messages import decode_counts
from mvsnap.domain import FULL_FRAME, EventKind, Presence, Serial
from mvsnap.sense import eligibility
from mvsnap.sense.buffer import Batch
from mvsnap.sense.events import moment
from mvsnap.sense.listener import ListenerLoop
from mvsnap.sense.receiver import Receiver
from mvsnap.sense.zone_share import BUCKETS, ZoneShare
from mvsnap.simulator.meraki.cameras import new_camera
from mvsnap.simulator.meraki.counts import (
    CountsPublisher,
    Crowd,
    Message,
    camera_says,
    sensor_says,
)
from mvsnap.simulator.mqtt.broker import Mosquitto
from mvsnap.store import database
from mvsnap.store.events import EventFilter, Store
from mvsnap.store.sense import Findings, SenseStore
from mvsnap.store.sharing.claims import Claims
from mvsnap.store.sharing.tables import zone_buckets
from tests.sense.mqtt import at, receiving
from tests.sense.one_listener import SharedOffice, make_listener
from tests.servers.processes import Program, wait_until
from tests.servers.relay import Relay

CAMERAS = [new_camera(number) for number in range(1, 25)]
LEASE_S = 1.5


class Town:
    """Listeners with folders of their own; what they store and tell."""

    def __init__(self, folder: Path, mosquitto: Mosquitto, url: str) -> None:
        self._folder = folder
        self.url = url
        self._port = mosquitto.port
        self.mosquitto = mosquitto
        engine = database.open_database(url)
        database.upgrade(engine)
        self.db = database.Database(engine)
        self.store, self.sense = Store(self.db), SenseStore(self.db)
        self.office = SharedOffice(folder / "jobs")

    def settings(self, name: str, **sense: Any) -> dict[str, Any]:
        rule = {"people": 3, "dwell_s": 1, "dropout_s": 1, "cooldown_s": 0}
        return {
            "data_dir": str(self._folder / name),
            "meraki": {"cameras": [CAMERAS[0].serial]},
            "webex": {"bot_token": "token", "room": "Alarms"},
            "sense": {"enabled": True, "port": self._port} | rule | sense,
        }

    def listener(self, name: str, url: str = "") -> Program:
        given = {
            "settings": self.settings(name),
            "database_url": url or self.url,
            "jobs": str(self._folder / "jobs"),
            "lease_s": LEASE_S,
        }
        module = "tests.sense.one_listener"
        return Program([sys.executable, "-m", module, json.dumps(given)])

    @contextmanager
    def listening(self, name: str, **sense: Any) -> Iterator[ListenerLoop]:
        """Listen in this process; at the end it lets go."""
        clock = SystemClock()
        settings = Settings.model_validate(self.settings(name, **sense))
        settings.data_dir.mkdir()
        loop = make_listener(settings, self.db, self.office, clock, LEASE_S)
        loop.start()
        try:
            yield loop
        finally:
            clock.stop()
            loop.stop()

    def shares(self) -> Counter[str]:
        """Return how many buckets each process has."""
        with self.db.reading() as connection:
            rows = connection.execute(select(zone_buckets.c.holder)).scalars()
            return Counter(rows)

    def wait_for_shares(self, many: int) -> None:
        def shared() -> bool:
            shares = self.shares()
            even = min(shares.values(), default=0) >= len(BUCKETS) // many - 1
            return len(shares) == many and even

        wait_until(shared, f"{many} listeners share", 30)

    def events(self, kind: EventKind) -> Counter[str]:
        found = self.store.events(EventFilter(kinds=(kind,)), 500)
        return Counter(event.serial for event in found)

    def presences(self) -> list[Presence]:
        now = datetime.now(UTC)
        hour = timedelta(hours=1)
        return self.sense.presences(now - hour, now + hour)

    def hears(self) -> bool:
        return any(one.connected for one in self.sense.listeners())

    def told(self, what: str) -> Counter[str]:
        """Return how often each camera's crowds were told; "Crowd:" or "Crowd over"."""
        jobs = [job for job in self.office.jobs() if job.prefix.startswith(what)]
        events = self.store.events(EventFilter(), 500)
        serials = {event.id: event.serial for event in events}
        return Counter(serials[job.about] for job in jobs if job.about is not None)


@pytest.fixture
def town(tmp_path: Path, postgres_url: str) -> Iterator[Town]:
    with Mosquitto(tmp_path / "broker") as mosquitto:
        made = Town(tmp_path, mosquitto, postgres_url)
        yield made
        made.store.close()


def serials(script: list[Crowd]) -> Counter[str]:
    return Counter(crowd.serial for crowd in script)


@pytest.mark.slow
def test_crowds_are_posted_once_while_listeners_are_killed_frozen_and_cut_off(
    town: Town,
) -> None:
    long = [Crowd(c.serial, FULL_FRAME, 1.0, 12.0, 4) for c in CAMERAS[:8]]
    short = [
        Crowd(c.serial, FULL_FRAME, 1.0 + number * 0.4, 4.0 + number * 0.4, 5)
        for number, c in enumerate(CAMERAS[8:])
    ]
    script = long + short
    publisher = CountsPublisher(
        "127.0.0.1", town.mosquitto.port, CAMERAS, zones=0, script=script, seed=None
    )
    with ExitStack() as stack:
        published = stack.enter_context(receiving(at(town.mosquitto, "/merakimv/#")))
        relay = stack.enter_context(Relay(make_url(town.url).port or 0))
        through = make_url(town.url).set(port=relay.port)
        url = through.render_as_string(hide_password=False)
        first, second = town.listener("a"), town.listener("b")
        third = town.listener("c", url)
        for program in (first, second, third):
            stack.callback(program.stop, signal.SIGKILL)
        town.wait_for_shares(3)
        stack.enter_context(publisher)
        seconds = 3.5 * len(CAMERAS)
        wait_until(lambda: publisher.sent > 3 * seconds, "crowds")
        os.kill(first.pid, signal.SIGKILL)
        wait_until(lambda: publisher.sent > 5 * seconds, "more crowds")
        os.kill(second.pid, signal.SIGSTOP)
        town_waits = publisher.sent + 2.5 * LEASE_S * seconds
        wait_until(lambda: publisher.sent > town_waits, "others take over")
        os.kill(second.pid, signal.SIGCONT)
        wait_until(lambda: publisher.sent > 9.2 * seconds, "the second listens again")
        relay.cut()
        expected = serials(script)
        wait_until(lambda: town.told("Crowd over") == expected, "all are told", 60)
        wait_until(lambda: len(town.presences()) >= len(script), "presences", 20)
    assert town.events(EventKind.CROWD) == expected
    assert town.events(EventKind.END) == expected
    assert town.told("Crowd:") == expected
    assert Counter(town.presences()) == Counter(seen(published))


def seen(receiver: Receiver) -> list[Presence]:
    """Return the presences in all that was published: one of each camera."""
    spans: dict[str, list[tuple[int, int]]] = {}
    while batch := receiver.receive(0.1):
        for topic, payload, _, _ in batch.frames:
            found = decode_counts(payload)
            if found is not None and found[1]:
                spans.setdefault(topic.decode().split("/")[2], []).append(found)
    return [
        Presence(
            Serial(serial),
            FULL_FRAME,
            moment(counts[0][0]),
            moment(counts[-1][0]),
            max(people for _, people in counts),
        )
        for serial, counts in spans.items()
    ]


TRIGGERS = [
    {"topic": f"meraki/v1/mt/+/ble/+/{metric}", "title": metric, "match": match}
    for metric, match in (("door", {"open": True}), ("buttonReleased", {}))
]


def test_what_sensors_and_lines_said_is_known_to_who_takes_over(town: Town) -> None:
    """Doors stay open, a press counts once, a line keeps its cool-down."""
    macs = [f"38:84:79:00:00:{number:02X}" for number in range(6)]
    began = datetime.now(UTC).replace(microsecond=0)

    def say(seconds: int, metric: str, **values: Any) -> list[Message]:
        at = began + timedelta(seconds=seconds)
        return [sensor_says("N_1", mac, metric, at, **values) for mac in macs]

    def cross(number: int) -> list[Message]:
        ts_ms = round(time.time() * 1000)
        body = {"event": "crossing_in", "type": "person", "object_id": number}
        body |= {"ts": ts_ms, "label": "Gate"}
        return [camera_says(c.serial, "crossing/1", body) for c in CAMERAS[:6]]

    def jobs() -> Counter[str]:
        return Counter(job.prefix for job in town.office.jobs())

    told = {"door": 6, "buttonReleased": 6, "Line crossed by a person": 6}
    rules = {"triggers": TRIGGERS, "crossings": [{}], "topic": "/merakimv/#"}
    with (
        CountsPublisher("127.0.0.1", town.mosquitto.port) as publisher,
        town.listening("b", **rules),
    ):
        with town.listening("a", **rules):
            town.wait_for_shares(2)
            press = say(0, "buttonReleased", action="shortPress")
            publisher.publish([*say(0, "door", open=True), *press, *cross(1)])
            wait_until(lambda: jobs() == told, "all are told")
        wait_until(lambda: len(town.shares()) == 1, "one has it all")
        publisher.publish([*press, *say(5, "door", open=True), *cross(2)])
        press = say(6, "buttonReleased", action="longPress")
        publisher.publish(press)
        told["buttonReleased"] = 12
        wait_until(lambda: jobs() == told, "presses are told")
    assert jobs() == told


class StandingClock(SystemClock):
    """Its lease lasts as long as the test needs, on a busy machine, too."""

    elapsed_s = 100.0

    def monotonic(self) -> float:
        return self.elapsed_s


def test_one_that_froze_writes_nothing_over_its_successor(town: Town) -> None:
    clock = StandingClock()
    frozen = ZoneShare(town.db, clock, lease_s=0.3)
    successor = ZoneShare(town.db, SystemClock())
    frozen.begin("a")
    assert frozen.renew().new == BUCKETS
    frozen.take(BUCKETS)
    frozen.resume(BUCKETS)
    key = CAMERAS[0].serial, FULL_FRAME
    now = datetime.now(UTC)
    assert town.sense.save(Findings(states={key: {"by": "a"}}), now, frozen.fence(0.0))
    clock.elapsed_s += 0.4
    assert frozen.is_over
    claims = Claims(town.db, "zones", "", SystemClock())
    wait_until(lambda: not claims.holders(), "its lease is over")
    successor.begin("b")
    assert successor.renew().new == BUCKETS
    assert successor.take(BUCKETS).keys() == BUCKETS
    late = Findings(states={key: {"by": "a, late"}})
    assert not town.sense.save(late, now, frozen.fence(None))
    assert town.sense.states(now - timedelta(minutes=1)) == {key: {"by": "a"}}
    assert frozen.renew().lost == BUCKETS


def test_what_came_after_a_freeze_is_known_if_the_successor_dies_unsaved(
    town: Town,
) -> None:
    clock = StandingClock()
    frozen = ZoneShare(town.db, clock, lease_s=0.3)
    successor = ZoneShare(town.db, SystemClock())
    frozen.begin("a")
    frozen.take(frozen.renew().new)
    frozen.resume(BUCKETS)
    frames = [(f"/merakimv/{CAMERAS[0].serial}/0".encode(), b"{}", False, 0)]
    assert frozen.ours(Batch(frames, 1, 1)) == frames
    clock.elapsed_s += 0.4
    frozen.ours(Batch(frames, 1, 2))
    claims = Claims(town.db, "zones", "", SystemClock())
    wait_until(lambda: not claims.holders(), "its lease is over")
    successor.begin("b")
    successor.take(successor.renew().new)
    frozen.forget(frozen.renew().lost)
    successor.leave()
    spans = [one for span in frozen.missed(BUCKETS, {}) for one in span]
    assert [(one.received_at_ns, one.frames) for one in spans] == [(2, frames)]


def test_what_is_taken_over_is_saved_at_once(town: Town) -> None:
    other = ZoneShare(town.db, StandingClock())
    other.begin("b")
    other.take(other.renew().new)
    other.resume(BUCKETS)
    key = CAMERAS[0].serial, FULL_FRAME
    body = {"ts": round(time.time() * 1000), "counts": {"person": 2}}
    with (
        CountsPublisher("127.0.0.1", town.mosquitto.port) as publisher,
        town.listening("a") as loop,
    ):
        wait_until(town.hears, "it listens")
        for what in ("save", "checkpoint"):
            loop._every[what].put_off(3600)
        publisher.publish([camera_says(*key, body)])
        assert loop._share is not None
        recent = loop._share._recent
        wait_until(lambda: bool(recent._open or recent._bytes), "it is received")
        other.leave()
        day_ago = datetime.now(UTC) - timedelta(days=1)
        wait_until(lambda: key in town.sense.states(day_ago), "it is saved")


def test_a_restart_does_not_wait_for_the_lease_of_the_process_before(
    town: Town,
) -> None:
    killed, next_one = (ZoneShare(town.db, SystemClock()) for _ in range(2))
    killed.begin("a")
    killed.renew()
    next_one.begin("a")
    assert next_one.renew().new == BUCKETS


def test_one_without_its_broker_leaves_the_zones_to_the_others(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eligibility, "_DISCONNECTED_S", 0.5)
    with (
        Relay(town.mosquitto.port) as relay,
        town.listening("a", port=relay.port),
        town.listening("b"),
    ):
        town.wait_for_shares(2)
        relay.cut()
        wait_until(lambda: len(town.shares()) == 1, "one has it all")
        relay.mend()
        town.wait_for_shares(2)
        relay.cut()
        town.mosquitto.kill()
        wait_until(lambda: not town.hears(), "nobody hears anything")
        # Nobody is better off: one that has zones keeps them.
        holders = Claims(town.db, "zones", "", SystemClock()).holders
        wait_until(lambda: len(holders()) == len(BUCKETS), "all are held")
