"""What the end of a process costs: of ffmpeg, of the service, of the machine."""

from __future__ import annotations

import os
import re
import shutil
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.recorder import RecorderStopped, State
from mvsnap.recorder.files import digest
from mvsnap.recorder.request import ClipRequest, Note
from mvsnap.simulator.server import serve
from mvsnap.simulator.video import FakeVideo
from tests.recorder.build import (
    PICTURE_S,
    camera,
    ffmpegs,
    now,
    owner,
    recording,
    seen,
    wait_for_video,
)
from tests.servers.no_threads import no_more_threads
from tests.servers.processes import wait_until
from tests.servers.rtsp import RtspCamera, pictures

pytestmark = pytest.mark.slow


def test_after_ffmpeg_is_killed_the_clip_keeps_its_gap_on_the_time_line(
    steady_camera: RtspCamera, tmp_path: Path
) -> None:
    with recording(tmp_path, camera("gate", steady_camera.url())) as recorder:
        wait_for_video(recorder, "gate", 3.5)
        at = now()
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(recorder.record, "gate", at, 3, 6, "cut")
            [pid] = ffmpegs(tmp_path)
            os.kill(pid, signal.SIGKILL)
            clip = asked.result(30)
    shown = seen(clip, at)
    assert clip.partial
    [gap] = clip.gaps
    lost_s = (max(shown.steps) - 1) * PICTURE_S
    assert (gap.ended_at - gap.began_at).total_seconds() == pytest.approx(
        lost_s, abs=0.3
    )
    assert sorted(shown.steps)[-2] == 1  # one gap, and nothing missing beside it
    assert shown.first_s <= -3 + PICTURE_S
    assert shown.last_s >= 6 - 2 * PICTURE_S
    assert shown.drift_s < 0.25


def test_stopping_ends_who_waits_and_every_ffmpeg_at_once(
    steady_camera: RtspCamera, tmp_path: Path
) -> None:
    gate = camera("gate", steady_camera.url())
    with ThreadPoolExecutor(1) as pool:
        with recording(tmp_path, gate) as recorder:
            wait_for_video(recorder, "gate", 1.5)
            asked = pool.submit(recorder.record, "gate", now(), 1, 60, "long")
            assert ffmpegs(tmp_path)
        assert not ffmpegs(tmp_path)
        with pytest.raises(RecorderStopped):
            asked.result(5)


def test_stopping_needs_no_thread(steady_camera: RtspCamera, tmp_path: Path) -> None:
    cameras = [camera(name, steady_camera.url()) for name in ("gate", "yard")]
    with recording(tmp_path, *cameras) as recorder:
        for one in cameras:
            wait_for_video(recorder, one.name, 1.5)
        with no_more_threads():
            recorder.stop()
        assert not ffmpegs(tmp_path)
        assert {s.state for s in recorder.states().values()} == {State.STOPPED}


def test_after_kill_9_no_ffmpeg_is_left_and_the_clip_is_finished(
    steady_camera: RtspCamera, tmp_path: Path
) -> None:
    with owner(tmp_path, steady_camera.url()) as (killed, at):
        killed.wait_for(lambda: now() > at + timedelta(seconds=1), "it records")
        assert ffmpegs(tmp_path)
        os.kill(killed.pid, signal.SIGKILL)
        killed_at = now()
        wait_until(lambda: not ffmpegs(tmp_path), "no ffmpeg is left")
    with recording(tmp_path, camera("gate", steady_camera.url())) as recorder:
        clip = recorder.record("gate", at, 3, 6, "event", received_at=at)
    shown = seen(clip, at)
    assert shown.first_s <= -3 + PICTURE_S  # the whole pre-roll
    assert shown.last_s >= 6 - 2 * PICTURE_S
    [gap] = clip.gaps
    assert abs((gap.began_at - killed_at).total_seconds()) < 0.5
    assert (max(shown.steps) - 1) * PICTURE_S == pytest.approx(
        (gap.ended_at - gap.began_at).total_seconds(), abs=0.3
    )


def test_a_trigger_before_the_first_picture_gets_a_clip_that_begins_with_it(
    tmp_path: Path,
) -> None:
    video = FakeVideo(frozen=True)
    with serve(video.app()) as url, ThreadPoolExecutor(2) as pool:
        gate = camera("gate", f"{url}/video.mjpg", post_roll_s=1)
        with recording(tmp_path, gate) as recorder:
            at = now()
            first = pool.submit(recorder.record, "gate", at, name="first")
            second = pool.submit(
                recorder.record, "gate", at + timedelta(seconds=0.1), name="second"
            )
            wait_until(lambda: now() > at + timedelta(seconds=2), "both are over")
            video.frozen = False
            clips = first.result(30), second.result(30)
        video.close()
    for clip in clips:
        shown = seen(clip, clip.at, video.fps)
        assert shown.first_s >= 1.8, "nothing was to be seen before"
        said = re.match(r"the video starts (\d+) s after", clip.note or "")
        assert said is not None
        assert int(said[1]) == pytest.approx(shown.first_s, abs=1)
        assert shown.last_s - shown.first_s >= 1 - 2 / video.fps
        assert clip.partial


def test_after_a_power_cut_the_clip_is_made_of_what_was_on_the_disk(
    steady_camera: RtspCamera, tmp_path: Path
) -> None:
    with owner(tmp_path, steady_camera.url()) as (killed, at):
        killed.wait_for(lambda: now() > at + timedelta(seconds=2.5), "it records")
        os.kill(killed.pid, signal.SIGKILL)
        wait_until(lambda: not ffmpegs(tmp_path), "no ffmpeg is left")
    for file in (tmp_path / "memory").rglob("*.*"):
        file.unlink()
    with recording(tmp_path, camera("gate", "rtsp://127.0.0.1:9/")) as recorder:
        clip = recorder.record("gate", at, 3, 4, "event", received_at=at)
    shown = seen(clip, at)
    assert shown.first_s <= -3 + PICTURE_S
    assert shown.last_s >= 2.5 - 2 - 1  # a keyframe interval and a second
    assert shown.is_seamless
    assert clip.partial
    assert clip.path is not None
    assert pictures(clip.path)


@pytest.mark.parametrize("finished", [False, True], ids=["in mid clip", "at its end"])
def test_alarms_that_share_a_clip_have_it_after_a_power_cut_whoever_comes_first(
    steady_camera: RtspCamera,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    finished: bool,
) -> None:
    gate = camera("gate", steady_camera.url())
    with ThreadPoolExecutor(2) as pool:
        with monkeypatch.context() as patched, recording(tmp_path, gate) as recorder:
            wait_for_video(recorder, "gate", 3.5)
            # Time for the second to come, on a busy machine.
            at, length_s = now(), 2 if finished else 4
            second_at = at + timedelta(seconds=0.3)
            if finished:
                patched.setattr(Note, "write", without_results_of("second"))
            stands = threading.Event()
            first = pool.submit(
                recorder.record, "gate", at, 3, length_s, "first", begun=stands.set
            )
            assert stands.wait(30)
            second = pool.submit(recorder.record, "gate", second_at, 2.5, 1, "second")
            folders = tmp_path / "recordings"
            shares = folders / digest("gate", "second") / "clip.json"
            saved = folders / digest("gate", "first") / "pieces"
            wait_until(shares.exists, "the second shares it")
            wait_until(lambda: finished or saved.exists(), "the first has saved some")
            wait_until(lambda: first.done() or not finished, "the first is finished")
            wait_until(lambda: second.done() or not finished, "and nobody tells it")
        assert isinstance(second.exception(10), RecorderStopped | Crash)
    shutil.rmtree(tmp_path / "memory")
    with recording(tmp_path, camera("gate", "rtsp://127.0.0.1:9/")) as recorder:
        later = recorder.record("gate", second_at, 2.5, 1, "second", received_at=at)
        begun = recorder.record("gate", at, 3, length_s, "first", received_at=at)
    assert later.shared
    assert later.path is not None
    assert begun.path == later.path


class Crash(BaseException):
    """The end of the process, as far as a test can have one."""


def without_results_of(name: str) -> Callable[..., None]:
    """Return a `Note.write` that never reaches the result of a request."""
    write = Note.write

    def crashing(note: Note, request: ClipRequest, *rest: Any) -> None:
        if request.name == name and rest[1] is not None:
            raise Crash
        write(note, request, *rest)

    return crashing
