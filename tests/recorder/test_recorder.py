"""The single lock of a data_dir, without any camera."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from mvsnap.clock import SystemClock
from mvsnap.errors import NotFound
from mvsnap.recorder import (
    Mode,
    Recorder,
    RecorderSettings,
    RecorderStopped,
    State,
)
from tests.recorder.build import (
    camera,
    ffmpegs,
    in_background,
    now,
    recording,
    wait_for_video,
)
from tests.servers.no_threads import no_more_threads
from tests.servers.processes import wait_until
from tests.servers.rtsp import RtspCamera


def test_a_failed_start_releases_the_lock(tmp_path: Path) -> None:
    gate = camera("gate", "rtsp://127.0.0.1/", mode=Mode.ON_DEMAND)
    memory = tmp_path / "memory"
    settings = RecorderSettings(tmp_path, (gate,), memory_dir=memory, min_free_mb=0)
    recorder = Recorder(settings, SystemClock())
    memory.mkdir()
    (memory / "gate").write_text("in the way")
    with pytest.raises(OSError, match="gate"):
        recorder.start()
    (memory / "gate").unlink()
    recorder.start()
    assert recorder.states()["gate"].state is State.IDLE
    recorder.stop()


def test_a_camera_whose_thread_cannot_begin_is_connected_later(
    tmp_path: Path,
) -> None:
    gate = camera("gate", "rtsp://127.0.0.1:9/")
    memory = tmp_path / "memory"
    settings = RecorderSettings(tmp_path, (gate,), memory_dir=memory, min_free_mb=0)
    recorder = Recorder(settings, SystemClock())
    recorder.start(())
    try:
        with no_more_threads(), pytest.raises(RuntimeError):
            recorder.keep(["gate"])
        recorder.keep(["gate"])
        wait_until(lambda: recorder.states()["gate"].connects > 0, "it is connected")
    finally:
        recorder.stop()


def test_only_cameras_that_are_ours_are_recorded(tmp_path: Path) -> None:
    cameras = [
        camera(name, "rtsp://127.0.0.1:9/", mode=Mode.ON_DEMAND)
        for name in ("door", "gate")
    ]
    memory = tmp_path / "memory"
    settings = RecorderSettings(
        tmp_path, tuple(cameras), memory_dir=memory, min_free_mb=0
    )
    recorder = Recorder(settings, SystemClock())
    recorder.start(())
    assert recorder.states() == {}
    recorder.keep(["door"])
    recorder.keep(["gate"])
    assert list(recorder.states()) == ["gate"]
    assert [folder.name.partition("-")[0] for folder in memory.iterdir()] == ["gate"]
    with pytest.raises(RecorderStopped, match="another recorder"):
        recorder.record("door", now())
    with pytest.raises(NotFound):
        recorder.record("yard", now())
    recorder.stop()


def test_a_camera_that_another_recorder_gets_is_kept_until_its_clip_is_whole(
    steady_camera: RtspCamera, tmp_path: Path
) -> None:
    gate = camera("gate", steady_camera.url())
    with (
        recording(tmp_path, gate) as recorder,
        ExitStack() as stack,
    ):
        wait_for_video(recorder, "gate", 1)
        begun = threading.Event()
        clip = stack.enter_context(
            in_background(lambda: recorder.record("gate", now(), 0, 3, begun=begun.set))
        )
        assert begun.wait(30)
        recorder.keep(())
        assert "gate" in recorder.states()
        assert clip.result(30).error is None
        recorder.keep(())
        assert recorder.states() == {}
        assert ffmpegs(tmp_path) == []
