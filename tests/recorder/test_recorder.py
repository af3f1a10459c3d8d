"""The single lock of a data_dir, without any camera."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvsnap.clock import SystemClock
from mvsnap.recorder import Mode, Recorder, RecorderSettings, State
from tests.recorder.build import camera


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
