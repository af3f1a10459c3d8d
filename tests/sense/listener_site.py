"""A listener between a real mosquitto and a real store; jobs are only noted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mvsnap.camera_organizations import CameraOrganizations
from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.domain import (
    FULL_FRAME,
    Event,
    EventKind,
    Job,
    JobId,
    Serial,
    ZoneId,
)
from mvsnap.errors import OverShare, QueueFull
from mvsnap.metrics import Metrics
from mvsnap.sense.listener import ListenerLoop
from mvsnap.sense.stores import Stores
from mvsnap.simulator.meraki.counts import CountsPublisher
from mvsnap.simulator.mqtt.broker import Mosquitto
from mvsnap.store import database
from mvsnap.store.events import EventFilter, Store
from mvsnap.store.sense import SenseStore
from mvsnap.store.site import SiteStore
from tests.closing import at_end_of_test
from tests.core.build import GATE
from tests.servers.processes import wait_until

MAC = "38:84:79:00:C3:BA"
Row = tuple[Serial, ZoneId, int, int]


class Office:
    """Notes which jobs were submitted; may be full."""

    def __init__(self) -> None:
        self.jobs: dict[JobId, Job] = {}
        self.is_full = False
        self.is_over: Callable[[Job], bool] = lambda _: False
        self.asked = 0

    def submit(self, job: Job) -> None:
        self.asked += 1
        if self.is_full:
            raise QueueFull("full")
        if self.is_over(job):
            raise OverShare("enough")
        self.jobs[job.id] = job

    def known(self, job_id: JobId) -> Job | None:
        return self.jobs.get(job_id)


class Site:
    """One data_dir with its settings; listeners come and go."""

    def __init__(self, folder: Path, mosquitto: Mosquitto, **sense: Any) -> None:
        plain = {"enabled": True, "port": mosquitto.port, "people": 3, "dwell_s": 10}
        self.settings = Settings.model_validate(
            {
                "data_dir": folder,
                "meraki": {"cameras": [GATE]},
                "webex": {"bot_token": "token", "room": "Alarms"},
                "sense": plain | {"dropout_s": 2, "cooldown_s": 0} | sense,
            }
        )
        self.mosquitto = mosquitto
        engine = database.open_database(database.sqlite_url(folder / "mvsnap.db"))
        database.upgrade(engine)
        db = database.Database(engine)
        self.store, self.sense, self.site = Store(db), SenseStore(db), SiteStore(db)
        self.office = Office()
        at_end_of_test(self.store.close)

    @contextmanager
    def listening(self, *, connected: bool = True) -> Iterator[ListenerLoop]:
        clock = SystemClock()
        stores = Stores(self.store, self.sense, self.site)
        organizations = CameraOrganizations(self.settings, clock)
        loop = ListenerLoop(
            self.settings, stores, self.office, clock, Metrics(), organizations
        )
        loop.start()
        try:
            if connected:
                wait_until(lambda: self.is_connected, "connected")
            yield loop
        finally:
            clock.stop()
            loop.stop()

    @property
    def is_connected(self) -> bool:
        return any(listener.connected for listener in self.sense.listeners())

    @contextmanager
    def publisher(self, qos: int = 0) -> Iterator[CountsPublisher]:
        login = self.settings.sense
        password = login.password.get_secret_value() if login.password else None
        with CountsPublisher(
            "127.0.0.1",
            self.mosquitto.port,
            username=login.username,
            password=password,
            ca_file=self.mosquitto.ca_file,
            qos=qos,
        ) as made:
            yield made

    def publish(self, rows: list[Row], qos: int = 0) -> None:
        with self.publisher(qos) as publisher:
            publisher.publish_replay(rows)

    def events(self, *kinds: EventKind) -> list[Event]:
        return self.store.events(EventFilter(kinds=kinds or None), 100)

    def wait_for_events(self, number: int) -> None:
        wait_until(lambda: len(self.events()) >= number, f"{number} events", 30)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, mosquitto: Mosquitto) -> Site:
    return Site(tmp_path, mosquitto)


def crowd(begin_s: int, end_s: int, people: int = 4) -> list[Row]:
    """Return a count each second; second 0 was half a minute ago."""
    began_ms = round(time.time() * 1000) - 30_000
    seconds = range(begin_s, end_s + 1)
    return [(GATE, FULL_FRAME, began_ms + 1000 * s, people) for s in seconds]


def now() -> datetime:
    return datetime.now(UTC)


def state_of(site: Site) -> str:
    return " ".join(listener.state for listener in site.sense.listeners())
