"""A service whose clock is wrong, or set while it runs, goes on and loses nothing.

All sites go through the same steps side by side, each with a clock of its own.
"""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from mvsnap.config.model import Settings
from mvsnap.domain import EventId
from mvsnap.runtime import Parts
from mvsnap.simulator.faults import Fault
from mvsnap.simulator.meraki.counts import CountsPublisher, zone_ids
from mvsnap.simulator.mqtt.broker import Mosquitto
from mvsnap.values import replace
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
LIVING = {"Processes", "Recording cameras", "MV Sense"}
DEAD = "silent|no heartbeat|no process|not running|unknown"
# One start at a time: each keeps a core busy.
TURN = threading.Lock()
# A start takes no longer.
START_S = 60.0


class Over(Exception):
    """Another site has failed, and says why."""


@dataclass(frozen=True)
class Story:
    """How far the clock is ahead at the start, and what it is set to, one by one.

    Each step with what `/readyz` says of the clock after it.
    """

    name: str
    first_s: float
    steps: tuple[tuple[float, str], ...]


def since_1970() -> float:
    return -time.time()


STORIES = [
    Story(
        "set while it runs",
        0,
        (
            (-HOUR_S, "set back by 1 h since the start"),
            (0, "ok"),
            (25 * HOUR_S, "set ahead by 25 h since"),
        ),
    ),
    Story("a year ahead, then NTP", YEAR_S, ((0, "set back by 365 days since"),)),
    Story("1970, then NTP", since_1970(), ((0, r"set ahead by [\d,]+ days since"),)),
]


@dataclass
class Site:
    """One service on its own clock."""

    story: Story
    clouds: Clouds
    clock: FakeClock
    counts: CountsPublisher
    gateway: Gateway
    old: set[EventId]
    over: threading.Event
    began_s: float = field(default_factory=time.time)

    def press(self, prefix: str) -> str:
        def is_accepted() -> bool:
            answer = self.gateway.snapshot(prefix=prefix, wait_s="0")
            return answer.status_code in {200, 202}

        # A busy disk may refuse one; a PLC then presses again, too.
        self.until(is_accepted, f"{prefix} is accepted")
        return prefix

    def alarm(self, name: str) -> str:
        text = f"Robot {name} stopped"

        def is_accepted() -> bool:
            answer = Gateway.session().post(
                f"{self.gateway.url}/webhook/{TOKEN}",
                json={"id": name, "text": text},
                timeout=90,
            )
            return answer.status_code == 202

        self.until(is_accepted, f"{text} is accepted")
        return text

    def is_told(self, text: str) -> bool:
        """Whether message or thread have a file, or name the video."""
        sent = list(self.clouds.webex.messages)
        firsts = {m.id for m in sent if text in m.markdown and m.parent_id is None}
        all_of_it = [m for m in sent if m.id in firsts or m.parent_id in firsts]
        # An alarm just after the step may be in the video of the one just before it.
        is_same = any("Same video as the previous" in m.markdown for m in all_of_it)
        return is_same or any(m.files for m in all_of_it)

    def events(self, **given: str) -> list[dict[str, Any]]:
        """Return all of them: on a slow machine the schedule makes hundreds."""
        found: list[dict[str, Any]] = []
        page = dict(given, limit="500")
        while True:
            answer = self.asked("/api/v1.0/events", **page)
            found += answer["events"]
            if answer["after"] is None:
                return found
            page["after"] = answer["after"]

    def asked(self, path: str, **given: str) -> dict[str, Any]:
        """Return the answer; a busy disk may keep it away, which is said by 503."""
        found: dict[str, Any] = {}

        def is_answered() -> bool:
            answer = self.gateway.get(path, **given)
            found.update(answer.json())
            return answer.status_code != 503

        self.until(is_answered, f"{path} is answered")
        return found

    def ready(self) -> dict[str, Any]:
        """Return what `/readyz` says of each part, not that the disk is busy."""
        found: dict[str, Any] = {}

        def is_known() -> bool:
            found.update(self.gateway.get("/readyz").json()["parts"])
            return not any("the database" in how for how in found.values())

        self.until(is_known, "the database is not busy")
        return found

    def gather(self) -> None:
        """Let people come, once those before have gone: else it is the same crowd."""

        def is_empty() -> bool:
            return len(self.events(kind="end")) == self.crowds()

        self.until(is_empty, "the crowd before is over")
        camera = next(iter(self.clouds.dashboard.cameras.values()))
        self.counts.crowd_now(camera.serial, zone_ids(camera, 1)[1], 5, 2)

    def crowds(self) -> int:
        return len(self.events(kind="crowd"))

    def runs(self) -> int:
        """Return how many pictures of the schedule were taken."""
        return sum("Rounds" in m.markdown for m in list(self.clouds.webex.messages))

    def go_through(self) -> None:
        self.begin()
        for number, (ahead_s, says) in enumerate(self.story.steps, start=1):
            self.step(number, ahead_s, says)
        self.check()

    def begin(self) -> None:
        began = datetime.fromtimestamp(self.began_s + self.story.first_s, UTC)
        # From its first line on: the step comes later.
        assert self.gateway.output().strip().startswith(f"{began:%Y-%m-}")
        text = self.press("Early-")
        # What is published before, nobody hears.
        self.until(lambda: "connected to" in self.gateway.output(), "it listens")
        self.gather()
        wait_for_ring(self.gateway, 1, held_s=PRE_ROLL_S)
        self.wait_for(text)
        self.until(lambda: self.crowds() == 1, "a crowd")

    def step(self, number: int, ahead_s: float, says: str) -> None:
        """Set the clock while messages wait, and go on as before."""
        self.clouds.webex.faults.add(Fault("503-html", "POST .*/messages", times=-1))
        told = [self.press(f"Waiting-{number}-"), self.alarm(f"before {number}")]
        self.clock.set(ahead_s)
        # Not only another text than before: 1970 goes on, minute by minute.
        self.until(lambda: re.search(says, self.ready()["clock"]) is not None, says)
        self.check_health(says)
        told += [self.press(f"Late-{number}-"), self.alarm(f"after {number}")]
        crowds, runs = self.crowds(), self.runs()
        self.gather()
        self.clouds.webex.faults.clear()
        for text in told:
            self.wait_for(text)
        self.until(lambda: self.crowds() == crowds + 1, "another crowd")
        self.until(lambda: self.runs() > runs, "the schedule goes on")

    def check_health(self, says: str) -> None:
        """What lives is said to live at once, not with its next sign of life."""
        ready = self.ready()
        assert re.search(says, ready.pop("clock")), says
        del ready["services"]  # Webex fails
        cleaning = ready.pop("cleaning")
        assert cleaning == "ok" or "held" in cleaning or "Clips" in cleaning, cleaning
        assert {part for part, how in ready.items() if how != "ok"} == set(), ready
        rows = self.asked("/api/v1.0/status")["rows"]
        told = [one["text"] for one in rows if one["group"] in LIVING]
        assert len(told) >= 3
        assert [text for text in told if re.search(DEAD, text)] == []

    def wait_for(self, text: str) -> None:
        self.until(lambda: self.is_told(text), text)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        def true_or_over() -> bool:
            return self.over.is_set() or condition()

        try:
            wait_until(true_or_over, f"{self.story.name}: {what}", 60)
        except (AssertionError, requests.RequestException) as exc:
            raise AssertionError(f"{exc}\n{self.gateway.output()}") from None
        if self.over.is_set():
            raise Over

    def check(self) -> None:
        found = self.events()
        gone = self.old - {one["id"] for one in found}
        assert not gone, f"{self.story.name}: {len(gone)} gone\n{self.gateway.output()}"
        assert re.search(r"\d removed", self.gateway.output()) is None
        assert "gave up" not in self.gateway.output()
        lasted_s = time.time() - self.began_s
        assert self.runs() <= (lasted_s + START_S) / EVERY_S
        took_s = map(float, re.findall(r" after (-?[\d.]+) s", self.gateway.output()))
        assert all(0 <= one_s < lasted_s + START_S for one_s in took_s)
        settings_s = {self.story.first_s, *(ahead_s for ahead_s, _ in self.story.steps)}
        for one in found:
            if one["id"] not in self.old:
                at_s = datetime.fromisoformat(one["occurred_at"]).timestamp()
                ages = [time.time() + ahead_s - at_s for ahead_s in settings_s]
                assert any(-1 < age < lasted_s + START_S for age in ages), one


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
def camera(films: Path) -> Iterator[RtspCamera]:
    with rtsp_camera(films) as made:
        yield made


def tell(
    story: Story,
    folder: Path,
    old: set[EventId],
    camera: RtspCamera,
    over: threading.Event,
) -> None:
    clock = FakeClock(folder / "clock", story.first_s)
    of = Installation(env=environment() | clock.environment(str(ROOT)))
    with clouds() as made, Mosquitto(folder / "mqtt") as mqtt:
        cameras = list(made.dashboard.cameras.values())
        publisher = CountsPublisher("127.0.0.1", mqtt.port, cameras, seed=None)
        given, roles = settings(made, camera, mqtt.port), "web,worker,sense,record"
        with publisher as counts, ExitStack() as stack:
            with TURN:
                running = gateway(folder, given, roles=roles, of=of)
                service = stack.enter_context(running)
            Site(story, made, clock, counts, service, old, over).go_through()


def test_a_step_loses_nothing(
    seeded: tuple[Path, set[EventId]],
    camera: RtspCamera,
    tmp_path: Path,
) -> None:
    (folder, old), over = seeded, threading.Event()
    with ThreadPoolExecutor(len(STORIES)) as pool:
        try:
            told = []
            for number, story in enumerate(STORIES):
                shutil.copytree(folder, own := tmp_path / str(number))
                told.append(pool.submit(tell, story, own, old, camera, over))
            wait(told, return_when=FIRST_EXCEPTION)
        finally:
            over.set()  # after a failure or a time-out all of them end their services
    ends = [one.exception() for one in told]
    if wrong := [exc for exc in ends if exc is not None and not isinstance(exc, Over)]:
        raise BaseExceptionGroup("the clock was set", wrong)
