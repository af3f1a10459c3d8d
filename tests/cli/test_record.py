"""`record` at a real RTSP camera: by the service that runs, and alone."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mvsnap.clip_model import ClipState
from mvsnap.simulator.ports import free_port
from mvsnap.store import database
from mvsnap.store.clips import ClipFilter, ClipStore
from tests import gateway as gateways
from tests.cli.run import mvsnap
from tests.gateway import (
    Clouds,
    Gateway,
    environment,
    gateway,
    write_config,
)
from tests.recorder.build import lines
from tests.servers.processes import Program, WarmProgram, wait_until
from tests.servers.rtsp import FPS, GOP, PASSWORD, RtspCamera, pictures, rtsp_camera
from tests.servers.warm import can_be_warm

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def camera(films: Path) -> Iterator[RtspCamera]:
    with rtsp_camera(films) as made:
        yield made


def settings(clouds: Clouds, camera: RtspCamera, **more: Any) -> dict[str, Any]:
    one = {"url": camera.url(), "pre_roll_s": 3, "post_roll_s": 2}
    dark = {"url": f"rtsp://127.0.0.1:{free_port()}/x"}
    locked = {"url": camera.url("sec"), "auth": {"username": "x", "password": PASSWORD}}
    cameras = {"Robot": one, "Dark hall": dark, "Vault": locked}
    return clouds.settings(recorder={"cameras": cameras, "min_free_mb": 1}) | more


@pytest.fixture
def clouds() -> Iterator[Clouds]:
    with gateways.clouds() as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, clouds: Clouds, camera: RtspCamera) -> Path:
    write_config(tmp_path, settings(clouds, camera))
    return tmp_path


def begun(args: list[str], folder: Path) -> Program:
    env = environment()
    if can_be_warm(env):
        return WarmProgram(args, cwd=folder, env=env)
    return Program([sys.executable, "-m", "mvsnap", *args], cwd=folder, env=env)


def states(site: Path) -> list[ClipState]:
    engine = database.open_database(database.sqlite_url(site / "data" / "mvsnap.db"))
    found = ClipStore(database.Database(engine)).clips(ClipFilter(), 9)
    engine.dispose()
    return [clip.state for clip in found]


def test_alone_it_records_from_now_on_and_keeps_the_clip(
    site: Path, clouds: Clouds
) -> None:
    (site / "x").mkdir()
    args = ("record", "robot", "--pre-roll", "5", "--duration", "3")
    said = mvsnap(site, *args, "--out", "x/clip.mp4")
    assert said.code == 0, said.out + said.err
    (clip,) = (site / "data" / "videos").rglob("*.mp4")
    assert str(clip.relative_to(site)) in said.out
    assert (site / "x/clip.mp4").read_bytes() == clip.read_bytes()
    assert 3 * FPS <= len(pictures(clip)) <= 4 * FPS
    for words in ("no pre-roll", "no pre-roll", "size"):
        assert words in said.out
    assert "without pre-roll" in said.err
    assert "--pre-roll 5 is ignored" in said.err
    assert states(site) == [ClipState.READY]
    assert clouds.webex.messages == []
    assert clip.with_suffix(".jpg").exists()
    assert "clip" in mvsnap(site, "events", "--csv").out
    again = mvsnap(site, "record", "Robot", "--out", "x/clip.mp4")
    assert (again.code, "--force" in again.err) == (2, True)


def test_alone_it_posts_to_a_room_that_is_named(site: Path, clouds: Clouds) -> None:
    args = ("record", "Robot", "--duration", "1", "--room")
    said = mvsnap(site, *args, "Site A - Alarms")
    assert said.code == 0, said.out + said.err
    assert [bool(m.files) for m in clouds.webex.messages] == [True]
    wrong = mvsnap(site, *args, "No such room")
    assert (wrong.code, "Not posted to No such room" in wrong.err) == (1, True)


@pytest.mark.parametrize(
    ("name", "words"),
    [("Dark hall", "cannot be reached"), ("Vault", "rejects the user name")],
)
def test_a_camera_problem_is_reported(site: Path, name: str, words: str) -> None:
    said = mvsnap(site, "record", name, "--duration", "2")
    assert said.code == 1
    assert words in said.out
    assert PASSWORD not in said.out + said.err
    assert states(site) == [ClipState.FAILED]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["Rabot"], "Did you mean Robot?"),
        (["xyz"], "Dark hall, Robot, Vault"),
        (["Robot", "--duration", "0"], "--duration"),
        (["Robot", "--duration", "nan"], "recorder.max_clip_s"),
        (["Robot", "--duration", "600"], "recorder.max_clip_s"),
        (["Robot", "--pre-roll", "-1"], "--pre-roll"),
        (["Robot", "--out", "nowhere/c.mp4"], "no such folder: nowhere"),
        ([], "CAMERA"),
    ],
)
def test_wrong_use_is_2_and_records_nothing(
    site: Path, args: list[str], words: str
) -> None:
    said = mvsnap(site, "record", *args)
    assert (said.code, words in said.err) == (2, True), said.err
    assert not (site / "data" / "videos").exists()


def test_without_cameras_it_says_where_to_put_them(
    tmp_path: Path, clouds: Clouds, camera: RtspCamera
) -> None:
    write_config(tmp_path, settings(clouds, camera, recorder={}))
    said = mvsnap(tmp_path, "record", "Robot")
    assert (said.code, "recorder.cameras is empty" in said.err) == (1, True)


def test_ctrl_c_leaves_no_ffmpeg_and_nothing_to_record_later(site: Path) -> None:
    args = ["record", "Robot", "--duration", "60"]
    running = begun(args, site)
    try:
        running.wait_for(
            lambda: any_spool(site) and bool(ffmpegs_of(running.pid)), "it records", 90
        )
    finally:
        # `timeout` sends several, and the terminal to the whole group.
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            os.killpg(running.pid, each)
        code = running.stop(signal.SIGINT)
    # Once Python is past its own end, a signal ends the process by itself.
    assert code in (1, -signal.SIGINT), running.output()
    assert "Aborted!" in running.output()
    assert "Traceback" not in running.output()
    assert [p for p in (site / "data/recordings").iterdir() if p.is_dir()] == []
    assert states(site) == []
    wait_until(lambda: ffmpegs_of(running.pid) == [], "no ffmpeg is left", 30)


def test_debug_shows_the_words_of_ffmpeg_without_the_password(
    site: Path, clouds: Clouds, camera: RtspCamera
) -> None:
    plain = ("record", "Vault", "--duration", "1")
    recorder = settings(clouds, camera)["recorder"] | {"debug_info": True}
    write_config(site / "other", settings(clouds, camera, recorder=recorder))
    for said in (mvsnap(site, *plain, "--debug"), mvsnap(site / "other", *plain)):
        assert said.code == 1
        assert "DEBUG mvsnap.recorder.ffmpeg: ring-Vault: " in said.err
        assert "401 Unauthorized" in said.err
        assert PASSWORD not in said.out + said.err


def any_spool(site: Path) -> bool:
    return bool(list((site / "data").glob("recordings/*/pieces")))


def ffmpegs_of(pid: int) -> list[int]:
    """Return the ffmpeg processes that a process has started."""
    found = []
    for child, line in lines():
        stat = Path(f"/proc/{child}/stat")
        if "ffmpeg" in line and stat.exists():
            parent = stat.read_text().rpartition(")")[2].split()[1]
            found += [child] if int(parent) == pid else []
    return found


def test_the_service_that_runs_records_it_with_the_time_before(
    tmp_path: Path, clouds: Clouds, camera: RtspCamera
) -> None:
    with gateway(tmp_path, settings(clouds, camera)) as running:
        wait_for_ring(running)
        said = mvsnap(tmp_path, "record", "Robot", "--duration", "2", "--out", "c.mp4")
        assert said.code == 0, said.out + said.err
        found = running.get("/api/v1.0/events", kind="clip").json()["events"]
    (before,) = re.findall(r"s, ([\d.]+) s before", said.out)
    assert 3 <= float(before) <= 5.5
    assert len(pictures(tmp_path / "c.mp4")) >= 5 * FPS
    assert [each["trigger"]["kind"] for each in found] == ["command"]
    assert clouds.webex.messages == []


def test_a_service_that_does_not_know_the_camera_is_not_said_to_be_down(
    tmp_path: Path, clouds: Clouds, camera: RtspCamera
) -> None:
    with gateway(tmp_path, settings(clouds, camera, recorder={})):
        write_config(tmp_path, settings(clouds, camera))  # read at its next start
        said = mvsnap(tmp_path, "record", "Robot", "--duration", "1")
    assert said.code == 0, said.out + said.err
    assert "The running service does not record Robot (a new camera needs a" in said.err
    assert "not running" not in said.err


def test_ctrl_c_leaves_it_to_the_service_that_runs(
    tmp_path: Path, clouds: Clouds, camera: RtspCamera
) -> None:
    with gateway(tmp_path, settings(clouds, camera)) as running:
        wait_for_ring(running)
        args = ["record", "Robot", "--duration", "5"]
        command = begun(args, tmp_path)
        try:
            wait_until(lambda: states(tmp_path) != [], "it is asked for", 40)
        finally:
            code = command.stop(signal.SIGINT)
        assert code == 1, command.output()
        assert "The service keeps recording: see /clips" in command.output()
        assert "Aborted" not in command.output()
        done = [ClipState.READY]
        wait_until(lambda: states(tmp_path) == done, "the clip is ready", 40)


def wait_for_ring(running: Gateway) -> None:
    """Wait until the ring of Robot holds its pre-roll."""

    def held() -> bool:
        said = running.get("/metrics").text
        return 'mvsnap_recorder_camera_up{camera="Robot"} 1.0' in said

    wait_until(held, "Robot is recorded", 40)
    threading.Event().wait(3 + GOP / FPS)  # nothing to poll for: time has to pass
