"""What a camera and a network do to a recording."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mvsnap.recorder import Auth, AuthType, Merge, State
from mvsnap.simulator.server import serve
from mvsnap.simulator.video import FakeVideo
from tests.recorder.build import (
    QUICK,
    camera,
    now,
    recording,
    wait_for_state,
    wait_for_video,
)
from tests.servers.relay import Relay
from tests.servers.rtsp import RtspCamera, pictures

pytestmark = pytest.mark.slow


def test_a_camera_that_goes_away_is_offline_and_comes_back(
    films: Path, steady_camera: RtspCamera, tmp_path: Path
) -> None:
    with (
        Relay(steady_camera.port) as cable,
        recording(
            tmp_path, camera("gate", f"rtsp://127.0.0.1:{cable.port}/h264")
        ) as recorder,
    ):
        wait_for_video(recorder, "gate", 1.5)
        cable.cut()
        wait_for_state(recorder, "gate", State.OFFLINE, 5)
        at = now()
        clip = recorder.record("gate", at, 2, 0.5, "while away")
        assert clip.partial  # it shows what there was
        assert clip.path is not None
        assert clip.gaps[-1].ended_at == pytest.approx(
            at + timedelta(seconds=0.5), abs=timedelta(seconds=0.01)
        )
        later = recorder.record("gate", now() + timedelta(seconds=4), 0.1, 0.1, "none")
        assert later.path is None
        assert "cannot be reached" in (later.error or "")
        cable.mend()
        wait_for_state(recorder, "gate", State.RECORDING)


def test_a_camera_that_sends_nothing_is_stalled_and_asked_again(
    camera_of_our_own: RtspCamera, tmp_path: Path
) -> None:
    source = camera("gate", camera_of_our_own.url())
    with recording(tmp_path, source) as recorder:
        wait_for_state(recorder, "gate", State.RECORDING)
        camera_of_our_own.send(signal.SIGSTOP)
        wait_for_state(recorder, "gate", State.STALLED, 6)
        assert recorder.states()["gate"].stalls == 1
        camera_of_our_own.send(signal.SIGCONT)
        wait_for_state(recorder, "gate", State.RECORDING)


@pytest.fixture
def camera_of_our_own(camera: RtspCamera) -> RtspCamera:
    return camera


HTTP_FAULTS = {
    "wrong password": (FakeVideo(auth="basic"), State.WRONG_PASSWORD),
    "no such address": (FakeVideo(fail_with=404), State.NO_VIDEO),
    "a camera in trouble": (FakeVideo(fail_with=503), State.OFFLINE),
    "connected, but silent": (FakeVideo(frozen=True), State.NO_VIDEO),
}


@pytest.mark.parametrize(
    ("video", "state"), HTTP_FAULTS.values(), ids=HTTP_FAULTS.keys()
)
def test_an_http_camera_says_what_is_wrong(
    video: FakeVideo, state: State, tmp_path: Path
) -> None:
    wrong = Auth(AuthType.BASIC, "viewer", "wrong")
    with serve(video.app()) as url:
        source = camera("gate", f"{url}/video.mjpg", auth=wrong)
        with recording(tmp_path, source) as recorder:
            wait_for_state(recorder, "gate", state)
            assert recorder.states()["gate"].text.startswith(state.text)
        video.close()


def test_a_stalled_http_camera_is_asked_again(tmp_path: Path) -> None:
    video = FakeVideo()
    with serve(video.app()) as url:
        with recording(tmp_path, camera("gate", f"{url}/video.mjpg")) as recorder:
            wait_for_state(recorder, "gate", State.RECORDING)
            video.frozen = True
            wait_for_state(recorder, "gate", State.STALLED, 6)
            video.frozen = False
            wait_for_state(recorder, "gate", State.RECORDING)
        video.close()


def test_a_camera_that_never_answers_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/video.mjpg"
        with recording(tmp_path, camera("gate", url)):
            caller, _ = silent.accept()
            began = time.monotonic()
        assert time.monotonic() - began < 6
        caller.close()


def test_nobody_at_the_address_is_offline(tmp_path: Path) -> None:
    with recording(
        tmp_path,
        camera("rtsp", "rtsp://127.0.0.1:9/live"),
        camera("http", "http://127.0.0.1:9/video"),
    ) as recorder:
        wait_for_state(recorder, "rtsp", State.OFFLINE)
        wait_for_state(recorder, "http", State.OFFLINE)


@pytest.mark.parametrize("kind", ["video/mp2t", "application/octet-stream"])
def test_garbage_is_no_video(tmp_path: Path, kind: str) -> None:
    video = FakeVideo(film=os.urandom(300_000), film_type=kind)
    timing = replace(QUICK, first_byte_s=5)  # it is sent for ten seconds
    with serve(video.app()) as url:
        gate = camera("gate", f"{url}/stream")
        with recording(tmp_path, gate, timing=timing) as recorder:
            wait_for_state(recorder, "gate", State.NO_VIDEO)
        video.close()


def test_without_ffmpeg_it_says_what_to_install(tmp_path: Path) -> None:
    gate = camera("gate", "rtsp://127.0.0.1:9/live")
    with recording(tmp_path, gate, ffmpeg="/nowhere/ffmpeg") as recorder:
        wait_for_state(recorder, "gate", State.NO_FFMPEG)
        assert "apt-get install ffmpeg" in recorder.states()["gate"].text


def test_separate_clips_when_merging_is_not_wanted(
    steady_camera: RtspCamera, tmp_path: Path
) -> None:
    gate = camera("gate", steady_camera.url())
    with (
        recording(tmp_path, gate, merge=Merge.SEPARATE) as recorder,
        ThreadPoolExecutor(2) as pool,
    ):
        wait_for_video(recorder, "gate", 1.5)
        at = now()
        both = [
            pool.submit(recorder.record, "gate", at, 1, 0.5, name)
            for name in ("one", "two")
        ]
        one, two = (future.result() for future in both)
    assert None not in (one.path, two.path)
    assert one.path != two.path


@pytest.mark.parametrize("kind", ["video/mp2t", "application/octet-stream"])
def test_any_http_stream_is_recorded(films: Path, tmp_path: Path, kind: str) -> None:
    film = tmp_path / "film.ts"
    made = ["ffmpeg", "-v", "error", "-r", "15", "-i", str(films / "camera.h264")]
    copied = [*made, "-t", "12", "-c", "copy", str(film)]
    subprocess.run(copied, check=True, timeout=30, stdin=subprocess.DEVNULL)
    video = FakeVideo(film=film.read_bytes(), film_type=kind)
    with serve(video.app()) as url:
        with recording(tmp_path / "data", camera("gate", f"{url}/stream")) as recorder:
            wait_for_video(recorder, "gate", 4)
            clip = recorder.record("gate", now(), 1, 1, "event")
        video.close()
    assert clip.error is None
    assert clip.path is not None
    numbers = [number for _, number in pictures(clip.path)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
