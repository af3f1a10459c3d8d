"""What stays of a camera's connections, in memory and on the disk."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from mvsnap.clock import SystemClock
from mvsnap.recorder import State
from mvsnap.recorder.command import Container
from mvsnap.recorder.history import History
from mvsnap.recorder.run import Run
from mvsnap.recorder.times import Times
from mvsnap.values import replace
from tests.recorder.build import QUICK, camera, now, recording, wait_for_video
from tests.servers.processes import wait_until
from tests.servers.rtsp import RtspCamera

TIMES = Times(SystemClock())
NOBODY = "rtsp://127.0.0.1:9/live"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """The folder of a camera in that of all rings."""
    return tmp_path / "memory" / "gate"


def segment(history: History, run: Run, ended_s_ago: float = 0) -> None:
    """Let the next segment of a run be there, one second long."""
    run.open_path.write_bytes(b"video")
    number = 0 if run.closed is None else run.closed.number + 1
    end = TIMES.now() - ended_s_ago
    history.close_segment(run, number, end - 1, end, number)


def test_a_connection_without_video_leaves_nothing(gate: Path) -> None:
    history = History(gate, TIMES)
    run = history.begin(Container.TS)
    history.end(run)
    assert list(gate.iterdir()) == []
    assert history.live() is None


def test_a_connection_with_video_stays_until_it_is_too_old(gate: Path) -> None:
    history = History(gate, TIMES)
    run = history.begin(Container.TS)
    segment(history, run)
    history.end(run)
    assert list(gate.iterdir()) == [run.folder]
    assert history.held_s() == pytest.approx(1, abs=0.01)
    history.prune(TIMES.now() + 1, 1e6)
    assert list(gate.iterdir()) == []


def test_a_camera_that_stays_away_fills_no_memory(gate: Path) -> None:
    timing = replace(QUICK, backoff_s=(0.05,))
    away = camera("gate", NOBODY, pre_roll_s=0)
    left = History(gate, TIMES)
    segment(left, left.begin(Container.TS), ended_s_ago=60)
    data = gate.parents[1]
    with recording(data, away, timing=timing, max_event_age_s=5) as recorder:
        wait_until(lambda: recorder.states()["gate"].connects > 5, "it tries again", 20)
        assert recorder.states()["gate"].held_s == 0
    assert list(gate.iterdir()) == []


def test_without_ffmpeg_nothing_piles_up_either(gate: Path) -> None:
    timing = replace(QUICK, no_video_s=0.05)
    data = gate.parents[1]
    with recording(
        data, camera("gate", NOBODY), timing=timing, ffmpeg="/nowhere/ffmpeg"
    ) as recorder:
        wait_until(
            lambda: recorder.states()["gate"].state is State.NO_FFMPEG, "it says so", 5
        )
    assert list(gate.iterdir()) == []


def test_a_memory_that_somebody_cleaned_is_made_again(gate: Path) -> None:
    history = History(gate, TIMES)
    first = history.begin(Container.TS)
    segment(history, first)
    shutil.rmtree(gate.parent)
    history.end(first)
    second = history.begin(Container.TS)
    assert history.held_s() == 0
    segment(history, second)
    assert [part.run for part in history.covering(0, TIMES.now())] == [second]
    made = (gate.parent, gate, second.folder)
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in made] == [0o700] * 3


def test_a_link_in_place_of_the_memory_is_not_followed(gate: Path) -> None:
    history = History(gate, TIMES)
    shutil.rmtree(gate.parent)
    elsewhere = gate.parents[1] / "elsewhere"
    elsewhere.mkdir()
    gate.parent.symlink_to(elsewhere)
    with pytest.raises(PermissionError):
        history.begin(Container.TS)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.slow
def test_a_camera_records_on_after_its_memory_was_cleaned(
    steady_camera: RtspCamera, gate: Path
) -> None:
    data = gate.parents[1]
    with recording(data, camera("gate", steady_camera.url())) as recorder:
        wait_for_video(recorder, "gate", 1.5)
        shutil.rmtree(gate.parent)
        wait_until(lambda: recorder.states()["gate"].connects > 1, "again", 20)
        wait_for_video(recorder, "gate", 1.5)
        clip = recorder.record("gate", now(), 1, 0.5, "event")
    assert clip.path is not None
    assert not clip.partial
