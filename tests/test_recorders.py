"""Recorders on machines of their own share the cameras: real processes, PostgreSQL."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mvsnap.clip_model import NO_RECORDER, Clip, ClipState
from mvsnap.clock import SystemClock
from mvsnap.domain import CameraName
from mvsnap.jobs.executors import installation
from mvsnap.store import database
from mvsnap.store.clips import ClipFilter, ClipStore
from mvsnap.store.sharing.claims import CAMERAS, Claims
from tests.gateway import (
    THIS,
    Clouds,
    Gateway,
    Installation,
    clouds,
    environment,
    gateway,
)
from tests.servers.postgres import PostgresServer
from tests.servers.processes import wait_until
from tests.servers.rtsp import RtspCamera, rtsp_camera
from tests.servers.warm import can_be_warm

# Longer than a busy machine holds up a process; the clips, than it takes to see them
# begin and to lose their recorder.
LEASE_S = 3.0
POST_ROLL_S = 7.0
TOKEN = "a-token-of-the-robots"
NAMES = [f"Robot {number}" for number in range(1, 5)]
# Where it cannot start warm, it is a Python that says so before the imports.
SHORT = f"from mvsnap.store.sharing import claims; claims.LEASE_S = {LEASE_S}; "
RUN = "from mvsnap.cli import main; main()"
ENV = environment(TESTS_LEASE_S=str(LEASE_S))
COLD = (sys.executable, "-c", SHORT + RUN)
QUICKER = Installation(THIS if can_be_warm(ENV) else COLD, ENV)


@dataclass
class Crew:
    """A machine that answers and works, and two that record; each has its folder."""

    made: Clouds
    desk: Gateway
    recorders: dict[str, Gateway]
    clips: ClipStore
    claims: Claims

    def cameras(self, recorder_id: str) -> list[str]:
        holders = self.claims.holders().items()
        return sorted(name for name, holder in holders if holder == recorder_id)

    def balanced(self) -> None:
        """Start who was stopped; wait until each has two cameras, and records them."""
        for recorder in self.recorders.values():
            if recorder._program is None:
                recorder.start()
        wait_until(self._is_balanced, "they share the cameras", 40)

    def _is_balanced(self) -> bool:
        shares = Counter(self.claims.holders().values())
        return shares == dict.fromkeys(self.recorders, 2) and self.are_recorded()

    def are_recorded(self) -> bool:
        states = self.clips.recorder_cameras()
        return [states[n].state for n in states] == ["recording"] * len(NAMES)

    def alarm(self, camera: str) -> None:
        answer = Gateway.session().post(
            f"{self.desk.url}/webhook/{TOKEN}", json={"line": camera}, timeout=30
        )
        assert answer.status_code == 202, answer.text

    def clip(self, camera: str) -> Clip:
        """Return the newest clip of this camera, when it has begun."""
        wanted = ClipFilter(cameras=(CameraName(camera),))
        found: list[Clip] = []

        def is_begun() -> bool:
            found[:] = self.clips.clips(wanted, 1)
            return bool(found) and found[0].state is ClipState.RECORDING

        wait_until(is_begun, f"a clip of {camera} is recorded", 20)
        return found[0]

    def ended(self, clip: Clip) -> Clip:
        wait_until(lambda: self._now(clip).state in OVER, "the clip ends", 30)
        return self._now(clip)

    def _now(self, clip: Clip) -> Clip:
        found = self.clips.clip(clip.id)
        assert found is not None
        return found


OVER = (ClipState.READY, ClipState.FAILED)


def settings(made: Clouds, camera: RtspCamera, url: str) -> dict[str, Any]:
    one = {"url": camera.url(), "pre_roll_s": 2, "post_roll_s": POST_ROLL_S}
    tokens = [{"name": "robots", "token": TOKEN, "actions": ["clip"]}]
    rules = [{"name": n, "match": {"line": n}, "cameras": [n]} for n in NAMES]
    return made.settings(
        recorder={"cameras": dict.fromkeys(NAMES, one), "min_free_mb": 1},
        webhooks={"tokens": tokens, "rules": rules},
        database_url=url,
    )


@pytest.fixture(scope="module")
def crew(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: PostgresServer,
    films: Path,
) -> Iterator[Crew]:
    postgres_server.execute("CREATE DATABASE recorders")
    url = postgres_server.url("recorders")
    with ExitStack() as stack:
        camera = stack.enter_context(rtsp_camera(films))
        made = stack.enter_context(clouds())
        given = settings(made, camera, url)

        def machine(roles: str) -> tuple[str, Gateway]:
            folder = tmp_path_factory.mktemp("machine")
            running = gateway(folder, given, roles=roles, of=QUICKER)
            started = stack.enter_context(running)
            return installation(folder / "data"), started

        _, desk = machine("web,worker")
        recorders = dict(machine("record") for _ in range(2))
        engine = database.open_database(url)
        stack.callback(engine.dispose)
        db = database.Database(engine)
        claims = Claims(db, CAMERAS, "nobody", SystemClock())
        yield Crew(made, desk, recorders, ClipStore(db), claims)
    postgres_server.execute("DROP DATABASE recorders WITH (FORCE)")


@pytest.fixture
def pair(crew: Crew) -> tuple[str, str]:
    """The ids of both recorders, when each has two cameras."""
    crew.balanced()
    first, second = crew.recorders
    return first, second


def test_a_worker_without_the_role_records_nothing_and_says_so(
    crew: Crew, pair: tuple[str, str]
) -> None:
    assert "this process records no clips" in crew.desk.output()
    states = crew.clips.recorder_cameras()
    assert {state.machine for state in states.values()} == {
        one.rpartition("-")[0] for one in pair
    }


def test_the_clip_of_a_recorder_that_dies_is_finished_by_another(
    crew: Crew, pair: tuple[str, str]
) -> None:
    first, second = pair
    camera = crew.cameras(first)[0]
    crew.alarm(camera)
    begun = crew.clip(camera)
    os.kill(crew.recorders[first].pid, signal.SIGKILL)
    clip = crew.ended(begun)
    assert clip.lost_by == first
    assert clip.partial
    said = f"{clip.note} {clip.error}"
    assert f"its recorder {first.rpartition('-')[0]} died" in said
    messages = crew.made.webex.messages
    wait_until(
        lambda: any("died" in message.markdown for message in list(messages)),
        "the room hears that the recorder died",
        20,
    )
    if clip.state is ClipState.READY:
        assert clip.gaps[0].began_at <= clip.at <= clip.gaps[0].ended_at
    assert crew.cameras(second) == NAMES
    wait_until(crew.are_recorded, "the other one records all cameras", 20)
    crew.recorders[first].stop()


def test_a_frozen_recorder_loses_its_cameras_and_finishes_no_clip_twice(
    crew: Crew, pair: tuple[str, str]
) -> None:
    first, second = pair
    camera = crew.cameras(first)[0]
    crew.alarm(camera)
    begun = crew.clip(camera)
    frozen = crew.recorders[first].pid
    os.kill(frozen, signal.SIGSTOP)
    try:
        clip = crew.ended(begun)
        assert clip.lost_by == first
        assert crew.cameras(second) == NAMES
    finally:
        os.kill(frozen, signal.SIGCONT)
    thawed = crew.recorders[first]
    wait_until(lambda: "another recorder has it" in thawed.output(), "it sees that", 20)
    assert crew.clips.clip(begun.id) == clip


def test_a_stop_hands_the_cameras_on_at_once_and_a_camera_of_nobody_says_so(
    crew: Crew, pair: tuple[str, str]
) -> None:
    # Of the one that was frozen, a thread may still be busy with its last clip.
    other, leaving = pair
    crew.recorders[leaving].stop()
    # It let go by itself: nobody waits for the end of its lease.
    assert leaving not in crew.claims.known()
    wait_until(lambda: crew.cameras(other) == NAMES, "all are the other's")
    crew.recorders[other].stop()

    def states() -> Mapping[str, str]:
        found = crew.clips.recorder_cameras()
        return {name: camera.state for name, camera in found.items()}

    wait_until(
        lambda: states() == dict.fromkeys(NAMES, NO_RECORDER), "nobody has them", 20
    )
    parts = crew.desk.get("/readyz").json()["parts"]
    assert parts["recorder"] == "4 no recorder"
