"""Clocks that are set, cameras that fall silent: a clip says what it shows.

Each clip is also compared with the clock drawn into its pictures, by the recorder of
the tests.
"""

from __future__ import annotations

import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mvsnap.recorder import ClipResult, State
from mvsnap.simulator.server import serve
from mvsnap.simulator.video import FakeVideo
from mvsnap.texts.wordings import ENDS_EARLY
from mvsnap.values import replace
from tests.recorder.build import (
    PICTURE_S,
    QUICK,
    SetClock,
    camera,
    ffmpegs,
    now,
    owner,
    recording,
    seen,
    wait_for_state,
    wait_for_video,
)
from tests.servers.processes import wait_until
from tests.servers.relay import ClockRelay, LateRelay
from tests.servers.rtsp import GOP, RtspCamera, film

pytestmark = pytest.mark.slow
GOP_S = GOP * PICTURE_S
SINCE_1970_S = -now().timestamp()
YEAR_S = 366 * 86400.0


class Killed:
    """A service that was killed three seconds after an alarm, with what it left."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        with owner(folder, url) as (killed, self.at):
            over = self.at + timedelta(seconds=3)
            killed.wait_for(lambda: now() > over, "it records")
            os.kill(killed.pid, signal.SIGKILL)
            wait_until(lambda: not ffmpegs(folder), "no ffmpeg is left")

    def resumed(
        self, folder: Path, set_s: float, lost: tuple[str, ...] = ()
    ) -> ClipResult:
        """Return the clip, finished by a service whose clock is off."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns(*lost))
        clock = SetClock(set_s)
        with recording(folder, camera("gate", self.url), clock=clock) as recorder:
            return recorder.record("gate", self.at, 3, 6, "event", received_at=self.at)


@pytest.fixture(scope="module")
def killed(
    steady_camera: RtspCamera, tmp_path_factory: pytest.TempPathFactory
) -> Killed:
    return Killed(steady_camera.url(), tmp_path_factory.mktemp("killed") / "data")


@pytest.mark.parametrize(
    ("set_s", "memory"),
    [
        *((-60, "lost"), (-60, "kept"), (3600, "lost")),
        *((SINCE_1970_S, "lost"), (YEAR_S, "lost")),
    ],
    ids=["behind", "behind, ring on a disk", "ahead", "1970", "a year ahead"],
)
def test_after_a_power_cut_only_what_was_saved_is_shown_whatever_the_clock_says(
    killed: Killed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    set_s: float,
    memory: str,
) -> None:
    monkeypatch.setattr("mvsnap.recorder.times.boot_id", lambda: "the next boot")
    lost = ("memory",) if memory == "lost" else ()
    clip = killed.resumed(tmp_path / "data", set_s, lost)
    shown = seen(clip, killed.at)
    assert shown.first_s <= -3 + PICTURE_S
    assert 3 - GOP_S - 0.5 <= shown.last_s <= 3.2
    [gap] = clip.gaps
    assert gap.ended_at == killed.at + timedelta(seconds=6)
    assert clip.partial
    assert "the machine was restarted" in (clip.note or "")


@pytest.mark.parametrize("set_s", [-60, 60, SINCE_1970_S], ids=["-60", "60", "1970"])
def test_a_service_that_starts_again_goes_on_whatever_the_clock_says(
    killed: Killed, tmp_path: Path, set_s: float
) -> None:
    clip = killed.resumed(tmp_path / "data", set_s)
    shown = seen(clip, killed.at)
    assert shown.first_s <= -3 + PICTURE_S
    assert shown.last_s >= 3 - GOP_S - 0.5
    assert clip.gaps
    assert clip.gaps[-1].ended_at <= killed.at + timedelta(seconds=6)
    assert clip.note is None


def test_an_alarm_of_before_the_power_cut_that_nothing_is_saved_of_gets_no_clip(
    steady_camera: RtspCamera, tmp_path: Path
) -> None:
    gate = camera("gate", steady_camera.url())
    with recording(tmp_path, gate, clock=SetClock(-60)) as recorder:
        wait_for_video(recorder, "gate", 1)
        at = now()  # a minute later, by its clock
        clip = recorder.record("gate", at, 1, 1, "event", received_at=at)
    assert clip.path is None
    assert "its clock set back after the trigger" in (clip.error or "")


@pytest.mark.parametrize("set_s", [3600, -3600, -4])
def test_a_clock_that_is_set_between_two_alarms_moves_no_picture(
    steady_camera: RtspCamera, tmp_path: Path, set_s: float
) -> None:
    clock = SetClock()
    with (
        recording(tmp_path, camera("gate", steady_camera.url()), clock=clock) as gate,
        ThreadPoolExecutor(2) as pool,
    ):
        wait_for_video(gate, "gate", 3.5)
        first_at = clock.now()
        first = pool.submit(gate.record, "gate", first_at, 3, 3, "first")
        wait_until(lambda: now() > first_at + timedelta(seconds=1), "a second later")
        clock.set_s = set_s
        second_at = clock.now()
        second = pool.submit(gate.record, "gate", second_at, 2, 3, "second")
        clips = first.result(30), second.result(30)
    assert clips[1].path == clips[0].path
    for clip, asked_s in zip(clips, (3, 2), strict=True):
        assert not clip.gaps
        assert asked_s - 0.1 < clip.pre_roll_s < asked_s + GOP_S + 1.5


@pytest.mark.parametrize(
    "set_s",
    [3600, -3600, 40, -40, -4, SINCE_1970_S],
    ids=["3600", "-3600", "40", "-40", "-4", "1970"],
)
def test_a_clock_that_is_set_between_alarm_and_clip_moves_no_picture(
    steady_camera: RtspCamera, tmp_path: Path, set_s: float
) -> None:
    clock = SetClock()
    gate = camera("gate", steady_camera.url())
    with recording(tmp_path, gate, clock=clock) as recorder:
        wait_for_video(recorder, "gate", 3.5)
        at = now()
        clock.set_s = set_s
        clip = recorder.record("gate", at, 2, 1, "event", received_at=at)
    shown = seen(clip, at)
    assert shown.first_s <= -2 + PICTURE_S
    assert 1 - 2 * PICTURE_S <= shown.last_s <= 1 + GOP_S
    assert not clip.partial
    assert clip.at == at


@pytest.fixture(scope="module")
def set_cameras(
    steady_camera: RtspCamera, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, ClipResult]:
    """Clips of cameras whose clocks were set two seconds before the alarm."""
    steps = {"forward": 3600.0, "back": -3600.0, "little": 20.0, "single": 3600.0}
    steps |= {"least": 1.5, "back a little": -1.5}
    with ExitStack() as stack:
        relays = {n: stack.enter_context(ClockRelay(steady_camera.port)) for n in steps}
        jpeg = stack.enter_context(ClockRelay(steady_camera.port))
        cameras = [
            camera(name, f"rtsp://127.0.0.1:{relay.port}/h264")
            for name, relay in relays.items()
        ]
        cameras.append(camera("jpeg", f"rtsp://127.0.0.1:{jpeg.port}/mjpeg"))
        folder = tmp_path_factory.mktemp("set")
        recorder = stack.enter_context(recording(folder, *cameras))
        for one in cameras:
            wait_for_video(recorder, one.name, 15)  # it is sure of their times
        relays["single"].single = True
        for name, relay in relays.items():
            relay.set_s = steps[name]
        jpeg.set_s = -3600
        at = now() + timedelta(seconds=2)
        with ThreadPoolExecutor(len(cameras)) as pool:
            asked = {
                one.name: pool.submit(recorder.record, one.name, at, 4, 4)
                for one in cameras
            }
            clips = {name: future.result(60) for name, future in asked.items()}
        for one in cameras:
            assert recorder.states()[one.name].held_s < 60
        return clips


@pytest.mark.parametrize("name", ["forward", "back", "single", "back a little"])
def test_the_clock_of_a_camera_may_be_set(
    set_cameras: dict[str, ClipResult], name: str
) -> None:
    clip = set_cameras[name]
    shown = seen(clip, clip.at)
    assert shown.first_s <= -4 + PICTURE_S
    assert shown.last_s >= 4 - 2 * PICTURE_S
    assert not clip.gaps
    assert shown.drift_s < 0.2


@pytest.mark.parametrize("name", ["little", "least", "jpeg"])
def test_a_camera_is_connected_again_when_its_clock_cannot_be_followed(
    set_cameras: dict[str, ClipResult], name: str
) -> None:
    clip = set_cameras[name]
    shown = seen(clip, clip.at)
    assert shown.first_s <= -4 + PICTURE_S
    assert shown.last_s >= 4 - 2 * PICTURE_S
    lost_s = sum((g.ended_at - g.began_at).total_seconds() for g in clip.gaps)
    assert 0 < lost_s < 6.5


def test_a_silence_is_a_gap_also_within_a_connection(
    camera_of_our_own: RtspCamera, tmp_path: Path
) -> None:
    video, busy = FakeVideo(), FakeVideo()
    timing = replace(QUICK, stall_s=10)
    with serve(video.app()) as url, serve(busy.app()) as busy_url:
        few = [
            camera("thinned", f"{url}/video.mjpg", framerate=1),
            camera("polled", f"{busy_url}/picture.jpg", framerate=1),
        ]
        cameras = [
            camera("rtsp", camera_of_our_own.url()),
            camera("mjpeg", f"{url}/video.mjpg"),
            camera("stills", f"{url}/picture.jpg", framerate=5),
        ]
        with (
            recording(tmp_path, *cameras, *few, timing=timing) as recorder,
            ThreadPoolExecutor(5) as pool,
        ):
            for one in (*cameras, *few):
                wait_for_video(recorder, one.name, 4)
            at = now()
            camera_of_our_own.send(signal.SIGUSR1)
            video.frozen, busy.fail_with = True, 503
            asked = [
                pool.submit(recorder.record, one.name, at, 2, 6) for one in cameras
            ]
            # One picture is all that they show, before three seconds of silence.
            lone = [pool.submit(recorder.record, one.name, at, 0, 3) for one in few]
            wait_until(lambda: now() > at + timedelta(seconds=3.5), "silence", 30)
            camera_of_our_own.send(signal.SIGUSR2)
            video.frozen, busy.fail_with = False, None
            rtsp, mjpeg, stills = (future.result(30) for future in asked)
            silent = [future.result(30) for future in lone]
        video.close()
        busy.close()
    for clip in silent:
        [gap] = clip.gaps
        assert clip.partial
        assert gap.ended_at == at + timedelta(seconds=3)
        assert (gap.began_at - at).total_seconds() < 1.2
    for clip in (rtsp, mjpeg):
        [gap] = clip.gaps
        assert abs((gap.began_at - at).total_seconds()) < 0.7
        assert 2.5 < (gap.ended_at - gap.began_at).total_seconds() < 6
    assert not stills.gaps  # its single pictures went on


def test_a_clip_that_ends_before_its_alarm_says_so(tmp_path: Path) -> None:
    video = FakeVideo()
    with serve(video.app()) as url:
        gate = camera("gate", f"{url}/video.mjpg", pre_roll_s=8)
        with recording(tmp_path, gate) as recorder:
            wait_for_video(recorder, "gate", 6)
            video.frozen = True
            silent_at = now()
            silence = silent_at + timedelta(seconds=4)
            wait_until(lambda: now() > silence, "it is silent", 30)
            at = now()
            clip = recorder.record("gate", at, 7, 1, "event")
        video.close()
    assert clip.ended_at is not None
    early_s = (at - clip.ended_at).total_seconds()
    assert early_s > 2
    assert clip.note == ENDS_EARLY(early_s=round(early_s))


@pytest.fixture
def camera_of_our_own(camera: RtspCamera) -> RtspCamera:
    return camera


@pytest.mark.parametrize("kind", ["rtsp", "mjpeg"])
@pytest.mark.parametrize("content", [b"", bytes(50_000), b"garbage" * 9000])
def test_a_segment_that_cannot_be_read_is_a_gap_and_the_rest_is_shown(
    steady_camera: RtspCamera, tmp_path: Path, kind: str, content: bytes
) -> None:
    video = FakeVideo()
    with serve(video.app()) as url:
        address = steady_camera.url() if kind == "rtsp" else f"{url}/video.mjpg"
        with recording(tmp_path, camera("gate", address)) as recorder:
            wait_for_video(recorder, "gate", 7)
            at = now()
            segment = closed_segments(tmp_path)[-1]
            segment.write_bytes(content)
            clip = recorder.record("gate", at, 4, 2, "event")
        video.close()
    assert clip.error is None
    [gap] = clip.gaps
    shown = seen(clip, at, 15 if kind == "rtsp" else video.fps)
    assert shown.first_s <= -4 + 0.2
    assert shown.last_s >= 2 - 0.3
    assert 0.3 < (gap.ended_at - gap.began_at).total_seconds() < GOP_S + 1


def closed_segments(folder: Path) -> list[Path]:
    [index] = (folder / "memory").rglob("index")
    [about] = (folder / "memory").rglob("about.json")
    kind = "ts" if '"ts"' in about.read_text() else "mkv"
    numbers = [int(line.split()[0]) for line in index.read_text().splitlines()]
    return [index.with_name(f"{number:09d}.{kind}") for number in numbers]


def test_few_pictures_are_recorded(steady_camera: RtspCamera, tmp_path: Path) -> None:
    slow = {"every2": None, "every4": 0.25, "uneven": None}
    cameras = [
        camera(name, steady_camera.url(name), framerate=rate)
        for name, rate in slow.items()
    ]
    timing = replace(QUICK, first_byte_s=3, late_s=5)
    with (
        recording(tmp_path, *cameras, timing=timing) as recorder,
        ThreadPoolExecutor(len(slow)) as pool,
    ):
        wait_until(
            lambda: all(recorder.states()[name].held_s >= 8 for name in slow),
            "both are recorded",
            60,
        )
        assert [recorder.states()[name].connects for name in slow] == [1, 1, 1]
        at = now()
        asked = [pool.submit(recorder.record, name, at, 4, 5) for name in slow]
        clips = [future.result(60) for future in asked]
    for name, clip in zip(slow, clips, strict=True):
        assert clip.error is None
        assert not clip.gaps or name == "uneven"
        assert clip.pre_roll_s >= 3.9


def test_the_first_pictures_of_a_connection_are_in_their_place(
    steady_camera: RtspCamera, tmp_path: Path
) -> None:
    rates = {"h264": None, "every2": None, "every4": 0.25, "uneven": 0.25}
    # ffmpeg has read so much before it writes the first picture.
    least_s = {"h264": 0.4, "every2": 13, "every4": 7.5, "uneven": 3.5}
    cameras = [
        camera(name, steady_camera.url(name), framerate=rate)
        for name, rate in rates.items()
    ]
    timing = replace(QUICK, first_byte_s=3, late_s=5, stall_s=15)
    with (
        recording(tmp_path, *cameras, timing=timing) as recorder,
        ThreadPoolExecutor(len(rates)) as pool,
    ):

        def first_clip(name: str) -> ClipResult:
            wait_for_state(recorder, name, State.RECORDING, 60)
            return recorder.record(name, now(), 20, 1)  # compares it with its pictures

        clips = dict(zip(rates, pool.map(first_clip, rates), strict=True))
    for name, clip in clips.items():
        assert clip.error is None, name
        assert clip.pre_roll_s > least_s[name], name


def test_pictures_that_come_late_are_waited_for(
    steady_camera: RtspCamera, tmp_path: Path
) -> None:
    patient = replace(QUICK, stall_s=5, late_s=6)
    with LateRelay(steady_camera.port) as relay:
        gate = camera("gate", f"rtsp://127.0.0.1:{relay.port}/h264")
        with recording(tmp_path, gate, timing=patient) as recorder:
            wait_for_video(recorder, "gate", 3.5)
            relay.late_s = 1.5
            at = now()
            clip = recorder.record("gate", at, 2, 2)
    assert seen(clip, at).last_s >= 2 - 1.5 * PICTURE_S
    assert not clip.partial


@pytest.mark.parametrize("is_lost", [False, True], ids=["stopped", "killed"])
def test_what_follows_a_silence_is_placed_before_its_segment_is_complete(
    camera_of_our_own: RtspCamera, tmp_path: Path, is_lost: bool
) -> None:
    gate = camera("gate", camera_of_our_own.url())
    patient = replace(QUICK, stall_s=10)
    with recording(tmp_path, gate, timing=patient) as recorder:
        wait_for_video(recorder, "gate", 1.5)
        camera_of_our_own.send(signal.SIGUSR1)
        silence = now() + timedelta(seconds=1.5)
        wait_until(lambda: now() > silence, "it is silent", 30)
        camera_of_our_own.send(signal.SIGUSR2)
        # It goes on with a keyframe, at a multiple of their interval.
        again_s = (now().timestamp() // GOP_S + 1) * GOP_S
        at = datetime.fromtimestamp(again_s + 0.8, UTC)
        if is_lost:
            wait_until(lambda: now() > at + timedelta(seconds=0.6), "video", 30)
            [pid] = ffmpegs(tmp_path)
            os.kill(pid, signal.SIGKILL)
        clip = recorder.record("gate", at, 0.4, 0.2)  # compares it with its pictures
    assert not clip.gaps
    assert clip.began_at is not None
    assert clip.began_at.timestamp() - again_s == pytest.approx(0, abs=0.3)


def test_a_keyframe_that_is_far_away_moves_no_picture(
    films: Path, tmp_path: Path
) -> None:
    """A camera that saves bytes sends none for minutes while nothing moves."""
    aud = b"\0\0\0\1\x09"
    units = [aud + u for u in film(films, "h264").read_bytes().split(aud)[1:]]
    often = units[: 3 * GOP]
    video = FakeVideo(film=b"".join([*often, *units[1:GOP] * 20]), film_s=27)
    video.film_type = "video/h264"
    gate = camera("gate", "", pre_roll_s=0.5)
    with serve(video.app()) as url:
        gate = replace(gate, url=f"{url}/stream")
        with recording(tmp_path, gate, max_event_age_s=0.5) as recorder:
            wait_for_video(recorder, "gate", 3)
            wait_until(
                lambda: not recorder.states()["gate"].held_s,
                "all complete segments are too old",
                30,
            )
            at = now()
            clip = recorder.record("gate", at, 0.5, 0.5)
        video.close()
    assert clip.error is None
    assert clip.ended_at is not None
    assert (clip.ended_at - at).total_seconds() == pytest.approx(0.5, abs=0.5)


def test_a_keyframe_is_waited_for(films: Path, tmp_path: Path) -> None:
    aud = b"\0\0\0\1\x09"
    units = [aud + u for u in film(films, "h264").read_bytes().split(aud)[1:]]
    head = units[0][: units[0].index(b"\0\0\1\x65")]  # what describes the stream
    late = [head, *units[1:GOP] * 2, *units[GOP : 4 * GOP]]
    video = FakeVideo(film=b"".join(late), film_type="video/h264")
    timing = replace(QUICK, first_byte_s=1.5)
    with serve(video.app()) as url:
        gate = camera("gate", f"{url}/stream")
        with recording(tmp_path, gate, timing=timing) as recorder:
            wait_until(
                lambda: recorder.states()["gate"].text == "waiting for a keyframe",
                "it says what it waits for",
                10,
            )
            wait_for_state(recorder, "gate", State.RECORDING)
            assert recorder.states()["gate"].connects == 1
        video.close()
