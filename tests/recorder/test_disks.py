"""What a full disk, or a full memory, does to a recording."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mvsnap.recorder import State
from tests.recorder.build import (
    camera,
    now,
    recording,
    wait_for_state,
    wait_for_video,
)
from tests.servers.processes import wait_until
from tests.servers.rtsp import RtspCamera

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 kB, full after seconds of video."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    words = ["-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    subprocess.run(["mount", *words], check=True, timeout=10)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=10)


def test_a_full_memory_costs_the_oldest_seconds_and_not_the_camera(
    steady_camera: RtspCamera,
    tmp_path: Path,
    small_disk: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = camera("gate", steady_camera.url())
    found = full = 0

    def records_again() -> bool:
        nonlocal found, full
        # That it is full is a state for a moment only.
        full = caplog.text.count(f"camera gate: {State.DISK_FULL.text}")
        status = recorder.states()["gate"]
        found = status.connects
        return status.state is State.RECORDING and 0 < full < found

    with recording(tmp_path / "data", gate, memory_dir=small_disk) as recorder:
        wait_until(records_again, "it records again", 40)
    assert found == full + 1  # each time the first try finds room


def test_a_disk_that_fills_up_in_mid_clip_is_a_reason_and_leaves_no_half_file(
    steady_camera: RtspCamera, tmp_path: Path, small_disk: Path
) -> None:
    gate = camera("gate", steady_camera.url())
    more = {"memory_dir": tmp_path / "memory", "min_free_mb": 0}
    with recording(small_disk, gate, **more) as recorder:
        wait_for_video(recorder, "gate", 1.5)
        (small_disk / "other").write_bytes(bytes(290_000))
        at = now()
        clip = recorder.record("gate", at, 2, 3, "event")
        assert (clip.path, clip.error, clip.retry) == (None, "the disk is full", True)
        assert not list(small_disk.rglob("*.part"))
        (small_disk / "other").unlink()
        again = recorder.record("gate", at, 2, 1, "event", received_at=at)
        assert again.path is not None, again


def test_on_a_full_disk_the_ring_goes_on_and_the_clip_may_be_asked_for_again(
    steady_camera: RtspCamera, tmp_path: Path
) -> None:
    gate = camera("gate", steady_camera.url())
    with recording(tmp_path, gate, min_free_mb=1e9) as recorder:
        wait_for_state(recorder, "gate", State.DISK_FULL)
        wait_for_video(recorder, "gate", 1.5)
        clip = recorder.record("gate", now(), 1, 0, "full")
        assert (clip.path, clip.error, clip.retry) == (None, "the disk is full", True)
    with recording(tmp_path, gate) as recorder:
        at = clip.at
        assert recorder.record("gate", at, 1, 0, "full", received_at=at).path
