"""A camera that is connected only while a clip of it is recorded."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from mvsnap.clock import SystemClock
from mvsnap.recorder import Mode, Recorder, RecorderSettings, State, StreamSource, ring
from mvsnap.recorder.sources import source_of
from mvsnap.simulator.server import serve
from mvsnap.simulator.video import FakeVideo
from mvsnap.values import replace
from tests.recorder.build import (
    QUICK,
    camera,
    ffmpegs,
    in_background,
    now,
    recording,
    wait_for_video,
)
from tests.servers.no_threads import no_more_threads
from tests.servers.processes import wait_until

pytestmark = pytest.mark.slow


class SlowWay:
    """The way to a camera; the first who asks for it waits until it is `open`."""

    def __init__(self, source: StreamSource) -> None:
        self._source = source
        self.asked = 0
        self.given = 0
        self.open = threading.Event()

    def __call__(self) -> StreamSource:
        self.asked += 1
        if self.asked == 1:
            self.open.wait(30)
        self.given += 1
        return self._source


def test_a_connection_that_comes_too_late_disturbs_no_other_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring.Ring._end, "__defaults__", (0.2,))
    video = FakeVideo()
    with serve(video.app()) as url:
        gate = camera("gate", f"{url}/video.mjpg", mode=Mode.ON_DEMAND, post_roll_s=1)
        way = SlowWay(source_of(gate))
        settings = RecorderSettings(
            tmp_path / "data",
            (gate,),
            memory_dir=tmp_path / "memory",
            min_free_mb=0,
            timing=replace(QUICK, connect_s=1),
        )
        recorder = Recorder(settings, SystemClock(), {"gate": way})
        settings.data_dir.mkdir()
        recorder.start()
        late = recorder.record("gate", now(), name="late")
        assert late.error == "no video was recorded: no picture within 1 s"
        # The next one may take its time, on a busy machine.
        recorder._settings = replace(settings, timing=QUICK)
        with in_background(lambda: recorder.record("gate", now(), name="next")) as clip:
            wait_until(
                lambda: recorder.states()["gate"].state is State.RECORDING, "it records"
            )
            way.open.set()
            wait_until(lambda: way.given == 2, "the late one has its way, too")
            assert clip.result(20).path is not None
        wait_until(lambda: not ffmpegs(tmp_path), "nobody is connected")
        assert recorder.states()["gate"].state is State.IDLE
        assert video.asked == ["/video.mjpg"]
        recorder.stop()
        video.close()


def test_a_stream_that_no_thread_can_feed_leaves_no_ffmpeg_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, video = threading.Thread.start, FakeVideo()

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "feed":  # the camera's own threads may begin
            raise RuntimeError("can't start new thread")
        begin(thread)

    with serve(video.app()) as url, monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        gate = camera("gate", f"{url}/video.mjpg")
        with recording(tmp_path / "data", gate, timing=QUICK) as recorder:
            wait_until(
                lambda: recorder.states()["gate"].connects >= 4, "it tries again"
            )
            assert len(ffmpegs(tmp_path)) <= 1
            patched.undo()
            wait_for_video(recorder, "gate", 1)
            assert len(ffmpegs(tmp_path)) == 1
    video.close()


def test_a_camera_is_connected_once_threads_can_begin_again(tmp_path: Path) -> None:
    video = FakeVideo()
    with serve(video.app()) as url:
        gate = camera("gate", f"{url}/video.mjpg", mode=Mode.ON_DEMAND, post_roll_s=1)
        settings = RecorderSettings(
            tmp_path / "data",
            (gate,),
            memory_dir=tmp_path / "memory",
            min_free_mb=0,
            timing=QUICK,
        )
        settings.data_dir.mkdir()
        recorder = Recorder(settings, SystemClock())
        recorder.start()
        with no_more_threads(), pytest.raises(RuntimeError, match="thread"):
            recorder.record("gate", now(), name="one")
        assert recorder.record("gate", now(), name="two").path is not None
        recorder.stop()
    video.close()
