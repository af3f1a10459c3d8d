"""What a camera and a network do to a recording."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from mvsnap.recorder import Auth, AuthType, Merge, State
from mvsnap.simulator.server import serve
from mvsnap.simulator.video import FakeVideo
from mvsnap.values import replace
from tests.recorder.build import (
    QUICK,
    camera,
    now,
    recording,
    wait_for_state,
    wait_for_video,
)
from tests.servers.relay import Relay
from tests.servers.rtsp import RtspCamera, film, pictures

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
        wait_for_state(recorder, "gate", State.STALLED)
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
            wait_for_state(recorder, "gate", State.STALLED)
            video.frozen = False
            wait_for_state(recorder, "gate", State.RECORDING)
        video.close()


def test_a_camera_that_never_answers_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/video.mjpg"
        with recording(tmp_path, camera("gate", url)):
            caller, _ = silent.accept()
            began = time.monotonic()
        assert time.monotonic() - began < 9  # the camera would have ten seconds
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


# Content-Type, codec, container and how often it connects: MPEG-TS cannot hold MJPEG,
# which is only seen in the stream.
FILMS = {
    "named": ("video/mp2t", "h264", "mpegts", 1),
    "unnamed": ("application/octet-stream", "h264", "mpegts", 1),
    "misnamed": ("video/h264", "h264", "mpegts", 1),
    "flv": ("application/octet-stream", "h264", "flv", 1),
    "mjpeg in avi": ("video/x-motion-jpeg", "mjpeg", "avi", 2),
    "mjpeg in mkv": ("application/octet-stream", "mjpeg", "matroska", 2),
}


def packed(films: Path, codec: str, container: str) -> bytes:
    made = ["ffmpeg", "-v", "error", "-r", "15", "-i", str(film(films, codec))]
    copied = [*made, "-t", "33", "-c", "copy", "-f", container, "pipe:1"]
    run = subprocess.run(
        copied, check=True, timeout=30, stdin=subprocess.DEVNULL, capture_output=True
    )
    return run.stdout


def test_any_http_stream_is_recorded(
    films: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    videos = {
        name: FakeVideo(film=packed(films, codec, container), film_type=kind, film_s=30)
        for name, (kind, codec, container, _) in FILMS.items()
    }
    with ExitStack() as stack:
        cameras = [
            camera(
                name,
                f"{stack.enter_context(serve(video.app()))}/stream",
                framerate=5 if name == "flv" else None,
            )
            for name, video in videos.items()
        ]
        # Six films, served by this very process, may wait for each other.
        patient = replace(QUICK, stall_s=8)
        made = recording(tmp_path / "data", *cameras, timing=patient)
        recorder = stack.enter_context(made)
        pool = stack.enter_context(ThreadPoolExecutor(len(cameras)))
        for name in FILMS:
            wait_for_video(recorder, name, 2.5)
        at = now()
        asked = {name: pool.submit(recorder.record, name, at, 1, 1) for name in FILMS}
        clips = {name: future.result() for name, future in asked.items()}
        connects = {name: recorder.states()[name].connects for name in FILMS}
        for video in videos.values():
            video.close()
    assert caplog.text.count("camera flv: framerate has no effect") == 1
    assert caplog.text.count("framerate") == 1
    assert connects == {name: times for name, (*_, times) in FILMS.items()}
    for name, clip in clips.items():
        assert clip.path is not None, name
        numbers = [number for _, number in pictures(clip.path)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), name
