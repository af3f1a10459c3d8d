"""A service whose clock is wrong, or set while it runs, goes on and loses nothing.

All sites go through the same steps side by side, each with a clock of its own.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.config.model import Settings
from mvsnap.domain import EventId
from mvsnap.runtime import Parts
from mvsnap.simulator.faults import Fault
from mvsnap.simulator.meraki.counts import CountsPublisher, zone_ids
from mvsnap.simulator.mqtt.broker import Mosquitto, broker
from tests.core.build import NOON, event
from tests.gateway import (
    ROOT,
    Clouds,
    Gateway,
    Installation,
    clouds,
    environment,
    gateway,
)
from tests.servers.fake_clock import FakeClock
from tests.servers.processes import wait_until
from tests.servers.rtsp import RtspCamera, rtsp_camera
from tests.store.recordings import Recordings
from tests.test_clip_flow import wait_for_ring

TOKEN = "a-token-of-the-robots"
PRE_ROLL_S, POST_ROLL_S = 1.0, 1.0
EVERY_S = 3
HOUR_S, DAY_S = 3600.0, 86400.0
YEAR_S = 365 * DAY_S
# Of events, clips and jobs from before, one a day.
OLD = 25
# A start takes no longer.
START_S = 60.0


@dataclass(frozen=True)
class Step:
    """How far the clock is ahead at the start, and what it is set to later.

    says: what `/readyz` says of the clock, or of the cleaning, after that.
    """

    name: str
    first_s: float
    then_s: float
    says: str


def since_1970() -> float:
    return -time.time()


STEPS = [
    Step("an hour back", 0, -HOUR_S, "set back by 1:00:00 since the start"),
    Step("an hour ahead", 0, HOUR_S, "set ahead by 1:00:00 since the start"),
    Step("25 hours ahead", 0, 25 * HOUR_S, "set ahead by 1 day, 1:00:00 since"),
    Step("a year ahead, then NTP", YEAR_S, 0, "set back by 365 days, 0:00:00 since"),
    Step("1970, then NTP", since_1970(), 0, r"set ahead by \d+ days, .* since"),
]


@dataclass
class Site:
    """One service on its own clock."""

    step: Step
    clouds: Clouds
    clock: FakeClock
    counts: CountsPublisher
    gateway: Gateway
    old: set[EventId]
    began_s: float = field(default_factory=time.time)
    readiness: dict[str, Any] = field(default_factory=dict)

    def press(self, prefix: str) -> str:
        answer = self.gateway.snapshot(prefix=prefix, wait_s="0")
        assert answer.status_code in {200, 202}, answer.text
        return prefix

    def alarm(self, number: int) -> str:
        answer = Gateway.session().post(
            f"{self.gateway.url}/webhook/{TOKEN}",
            json={"id": number, "text": f"Robot {number} stopped"},
            timeout=30,
        )
        assert answer.status_code == 202, answer.text
        return f"Robot {number} stopped"

    def is_told(self, text: str, files: int = 1) -> bool:
        """Whether message and thread about this have so many files."""
        sent = list(self.clouds.webex.messages)
        firsts = {m.id for m in sent if text in m.markdown and m.parent_id is None}
        all_of_it = [m for m in sent if m.id in firsts or m.parent_id in firsts]
        return sum(len(m.files) for m in all_of_it) >= files

    def events(self, **given: str) -> list[dict[str, Any]]:
        found = self.gateway.get("/api/v1.0/events", limit="200", **given).json()
        return list(found["events"])

    def ready(self) -> dict[str, Any]:
        return dict(self.gateway.get("/readyz").json()["parts"])

    def gather(self) -> None:
        camera = next(iter(self.clouds.dashboard.cameras.values()))
        self.counts.crowd_now(camera.serial, zone_ids(camera, 1)[1], 5, 2)

    def act_before(self) -> None:
        self.press("Early-")
        self.gather()
        wait_for_ring(self.gateway, 1, held_s=PRE_ROLL_S)
        self.wait_for("Early-")
        wait_until(lambda: len(self.events(kind="crowd")) == 1, "a crowd")
        if self.step.first_s > 0:
            wait_until(lambda: "Clips" in self.ready()["cleaning"], "a cleaning")
        self.clouds.webex.faults.add(Fault("503-html", "POST .*/messages", times=-1))
        self.press("Waiting-")
        self.alarm(1)

    def step_on(self) -> None:
        self.readiness = self.ready()
        self.clock.set(self.step.then_s)
        self.stepped_s = time.time()
        wait_until(lambda: self.ready() != self.readiness, "the step is seen")

    def act_after(self) -> None:
        self.press("Late-")
        self.alarm(2)
        self.gather()
        self.clouds.webex.faults.clear()
        for text in ("Waiting-", "Late-", "Robot 1 stopped", "Robot 2 stopped"):
            self.wait_for(text)
        wait_until(lambda: len(self.events(kind="crowd")) == 2, "another crowd")
        runs = self.runs()
        wait_until(lambda: self.runs() >= runs + 1, "the schedule goes on")

    def wait_for(self, text: str) -> None:
        try:
            wait_until(lambda: self.is_told(text), text, 40)
        except AssertionError as exc:
            raise AssertionError(f"{exc}\n{self.gateway.output()}") from None

    def check(self, folder: Path) -> None:
        found, ready = self.events(), self.ready()
        assert re.search(self.step.says, ready["clock"]), ready
        assert ready["store"] == ready["worker"] == "ok"
        assert self.old - {one["id"] for one in found} == set()
        assert "removed" not in self.gateway.output()
        assert "gave up" not in self.gateway.output()
        lasted_s = time.time() - self.began_s
        assert self.runs() <= (lasted_s + START_S) / EVERY_S
        settings_s = {self.step.first_s, self.step.then_s}
        for one in found:
            if one["id"] not in self.old:
                at_s = datetime.fromisoformat(one["occurred_at"]).timestamp()
                ages = [time.time() + ahead_s - at_s for ahead_s in settings_s]
                assert any(-1 < age < lasted_s + START_S for age in ages), one

    def runs(self) -> int:
        """Return how many pictures of the schedule were taken."""
        return sum("Rounds" in m.markdown for m in list(self.clouds.webex.messages))


def seed(folder: Path) -> set[EventId]:
    """Store what a site has from the days before: pictures and clips."""
    parts = Parts(Settings.model_validate({"data_dir": folder / "data"}))
    recordings, now, ids = Recordings(parts.db), parts.clock.now(), set()
    for day in range(OLD):
        at = now - timedelta(days=day, minutes=10)
        made = event(occurred_at=at, recorded_at=at)
        path = parts.files.save_snapshot(made.id, at, b"a picture")
        parts.store.add_event(replace(made, snapshot_path=path))
        hour = (at - NOON) // timedelta(hours=1)
        video = parts.settings.data_dir / "videos" / f"{hour}.mp4"
        video.parent.mkdir(exist_ok=True)
        video.write_bytes(b"a video")
        clip = recordings.clip(hour)
        ids |= {made.id, clip.id}
    parts.store.close()
    return ids


def settings(made: Clouds, camera: RtspCamera, port: int) -> dict[str, Any]:
    robot = {"url": camera.url(), "pre_roll_s": PRE_ROLL_S, "post_roll_s": POST_ROLL_S}
    tokens = [{"name": "robots", "token": TOKEN, "actions": ["clip"]}]
    rounds = {"cron": f"*/{EVERY_S} * * * * *", "prefix": "Rounds "}
    return made.settings(
        recorder={"cameras": {"Robot": robot}, "min_free_mb": 1},
        webhooks={"tokens": tokens},
        schedules=[rounds | {"cameras": made.serials[2:3]}],
        sense={"enabled": True, "port": port, "people": 3, "dwell_s": 0}
        | {"dropout_s": 1, "cooldown_s": 0},
    )


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[EventId]]:
    folder = tmp_path_factory.mktemp("seeded")
    return folder, seed(folder)


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspCamera]:
    with rtsp_camera(tmp_path_factory.mktemp("films")) as made:
        yield made


@pytest.fixture(scope="module")
def mqtt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with broker(tmp_path_factory.mktemp("broker")) as made:
        yield made


@pytest.fixture(params=STEPS, ids=lambda step: step.name)
def site(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    seeded: tuple[Path, set[EventId]],
    camera: RtspCamera,
    mqtt: Mosquitto,
) -> Iterator[Site]:
    folder, old = seeded
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    clock = FakeClock(tmp_path / "clock", request.param.first_s)
    of = Installation(env=environment() | clock.environment(str(ROOT)))
    with clouds() as made:
        cameras = list(made.dashboard.cameras.values())
        publisher = CountsPublisher("127.0.0.1", mqtt.port, cameras, seed=None)
        given, roles = settings(made, camera, mqtt.port), "web,worker,sense,record"
        with (
            publisher as counts,
            gateway(tmp_path, given, roles=roles, of=of) as running,
        ):
            yield Site(request.param, made, clock, counts, running, old)


def test_a_step_loses_nothing(site: Site, tmp_path: Path) -> None:
    site.act_before()
    site.step_on()
    site.act_after()
    site.check(tmp_path)
