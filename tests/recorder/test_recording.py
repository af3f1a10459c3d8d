"""A clip while the wall clock is set: on a small computer after each start."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from mvsnap.clock import SystemClock
from mvsnap.recorder import (
    CameraSettings,
    CameraStatus,
    Mode,
    RecorderSettings,
    State,
)
from mvsnap.recorder.clip import Assembled, Assembler, CannotAssemble
from mvsnap.recorder.command import Container
from mvsnap.recorder.recording import Recording
from mvsnap.recorder.request import ClipRequest, Note
from mvsnap.recorder.ring import Ring
from mvsnap.recorder.run import Part, Run, Segment
from mvsnap.recorder.spool import SpooledSegment
from mvsnap.recorder.timeline import Span
from mvsnap.recorder.times import Times
from mvsnap.values import replace
from tests.core.build import NOON

STEP_AT_S = 102.0


class SteppedClock(SystemClock):
    """Moves when somebody waits; its wall clock is set once, by `step_s`."""

    def __init__(self, step_s: float) -> None:
        super().__init__()
        self._step_s = step_s
        self.elapsed_s = 100.0

    def monotonic(self) -> float:
        return self.elapsed_s

    def now(self) -> datetime:
        step_s = self._step_s if self.elapsed_s >= STEP_AT_S else 0.0
        return NOON + timedelta(seconds=self.elapsed_s + step_s)


class FakeRing:
    """A camera that was recorded all the time; its own history, too."""

    why = ""
    first_picture = None

    def __init__(self, clock: SteppedClock, folder: Path) -> None:
        self.camera = CameraSettings("Robot", "rtsp://robot/", post_roll_s=5)
        self.history = self
        self.times = Times(clock)
        self._clock = clock
        path = folder / "0.ts"
        path.write_bytes(b"video")
        run = Run("1", folder, Container.TS)
        self.parts = [Part(run, Segment(0, path, 97.0, 105.0, 5, 0.0))]

    def hold(self) -> Any:
        return threading.Lock()

    def covering(self, begin: float, end: float) -> list[Part]:
        return self.parts

    def pace(self, *_: object) -> None:
        raise AssertionError("the assembler of these tests asks nothing")

    def status(self) -> CameraStatus:
        return CameraStatus(State.RECORDING, State.RECORDING.text, NOON)

    def live(self) -> Run | None:
        return None

    def wait(self, limit_s: float) -> None:
        self._clock.elapsed_s += limit_s


class LateRing(FakeRing):
    """A camera that connects when it is asked to: its first picture is late."""

    def __init__(self, clock: SteppedClock, folder: Path, late_s: float) -> None:
        super().__init__(clock, folder)
        self.camera = replace(self.camera, mode=Mode.ON_DEMAND)
        first = clock.elapsed_s + late_s
        segment = Segment(0, folder / "0.ts", first, 120.0, 5, 0.0)
        self.run = Run("1", folder, Container.MKV, segments=[segment])
        self.run.first_byte, self.run.last_byte = first, 120.0
        self.parts = [Part(self.run, segment)]

    def live(self) -> Run:
        return self.run


class StartingRing(FakeRing):
    """A camera whose first picture arrives while the first trigger waits for it."""

    def __init__(self, clock: SteppedClock, folder: Path, first: float) -> None:
        super().__init__(clock, folder)
        segment = replace(self.parts[0].segment, begin=first, end=first + 20)
        self._later = [replace(self.parts[0], segment=segment)]
        self._first = first
        self.first_picture: float | None = None  # type: ignore[assignment]

    def covering(self, begin: float, end: float) -> list[Part]:
        return self._later if self.first_picture and end > self._first else []

    def status(self) -> CameraStatus:
        is_there = self._clock.elapsed_s > self._first
        state = State.RECORDING if is_there else State.STARTING
        self.first_picture = self._first if is_there else None
        return CameraStatus(state, state.text, NOON)


class FakeAssembler:
    def assemble(
        self, spooled: Sequence[SpooledSegment], want: Span, path: Path, *_: object
    ) -> Assembled:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"clip")
        return Assembled(*want, (want,), "h264")

    def thumbnail(self, *_: object) -> None:
        return None


@pytest.mark.parametrize("step_s", [3600.0, -3600.0, 0.0])
def test_a_step_of_the_clock_makes_a_clip_neither_longer_nor_shorter(
    tmp_path: Path, step_s: float
) -> None:
    clock = SteppedClock(step_s)
    at = clock.now()
    recording = Recording(
        ClipRequest("Robot", "1", at, 3, 5),
        tmp_path / "1",
        cast(Ring, FakeRing(clock, tmp_path)),
        cast(Assembler, FakeAssembler()),
        settings=RecorderSettings(tmp_path, min_free_mb=0),
        stopping=threading.Event(),
    )
    clip = recording.run()
    assert clip.began_at == at - timedelta(seconds=3)
    assert clip.ended_at == at + timedelta(seconds=5)
    assert (clip.pre_roll_s, clip.partial) == (3, False)
    assert clock.elapsed_s == pytest.approx(105.25, abs=0.1)


@pytest.mark.parametrize(
    ("late_s", "note"),
    [
        (0.3, "no pre-roll"),
        (3.2, "no pre-roll: the video starts 3 s after the trigger"),
    ],
)
def test_a_late_beginning_is_mentioned_only_if_there_is_one(
    tmp_path: Path, late_s: float, note: str
) -> None:
    clock = SteppedClock(0.0)
    recording = Recording(
        ClipRequest("Robot", "1", clock.now(), 3, 5),
        tmp_path / "1",
        cast(Ring, LateRing(clock, tmp_path, late_s)),
        cast(Assembler, FakeAssembler()),
        settings=RecorderSettings(tmp_path, min_free_mb=0),
        stopping=threading.Event(),
    )
    assert recording.run().note == note


def test_a_clip_of_a_moment_that_left_the_ring_says_so(tmp_path: Path) -> None:
    clock = SteppedClock(0.0)
    ring = FakeRing(clock, tmp_path)
    ring.parts = []
    recording = Recording(
        ClipRequest("Robot", "1", clock.now() - timedelta(hours=1), 3, 5),
        tmp_path / "1",
        cast(Ring, ring),
        cast(Assembler, FakeAssembler()),
        settings=RecorderSettings(tmp_path, min_free_mb=0),
        stopping=threading.Event(),
    )
    error = recording.run().error
    assert error is not None
    assert error.endswith("the camera was not recorded at that time, or too long ago")


@pytest.mark.parametrize("step_s", [3600.0, -3600.0, 0.0])
def test_a_step_of_the_clock_while_the_first_picture_is_awaited_makes_no_gap(
    tmp_path: Path, step_s: float
) -> None:
    clock = SteppedClock(step_s)
    at = clock.now()
    recording = Recording(
        ClipRequest("Robot", "1", at, 3, 5),
        tmp_path / "1",
        cast(Ring, StartingRing(clock, tmp_path, STEP_AT_S + 2)),
        cast(Assembler, FakeAssembler()),
        settings=RecorderSettings(tmp_path, min_free_mb=0),
        stopping=threading.Event(),
    )
    clip = recording.run()
    assert clip.path is not None
    # Five seconds from the first picture on, which came four after the trigger.
    assert clip.ended_at == at + timedelta(seconds=4 + 5)
    assert clock.elapsed_s == pytest.approx(109.25, abs=0.1)


class Crash(BaseException):
    """The end of the process, as far as a test can have one."""


@pytest.fixture
def again(tmp_path: Path) -> Callable[[], Recording]:
    """The same request each time; the ring has forgotten it the second time."""
    clock = SteppedClock(0.0)
    at = clock.now()
    rings = [FakeRing(clock, tmp_path) for _ in range(3)]
    for later in rings[1:]:
        later.parts = []

    def recording() -> Recording:
        return Recording(
            ClipRequest("Robot", "1", at, 3, 5),
            tmp_path / "1",
            cast(Ring, rings.pop(0)),
            cast(Assembler, FakeAssembler()),
            settings=RecorderSettings(tmp_path, min_free_mb=0),
            stopping=threading.Event(),
        )

    return recording


def test_a_crash_between_the_video_and_its_note_loses_no_clip(
    tmp_path: Path, again: Callable[[], Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Note.write

    def crash(note: Note, *rest: Any) -> None:
        if rest[2] is not None:
            raise Crash
        write(note, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(Note, "write", crash)
        with pytest.raises(Crash):
            again().run()
    second = again()
    assert second.finished() is None
    clip = second.run()
    assert clip.path is not None
    assert again().finished() == clip
    assert names_in(tmp_path / "1") == ["clip.json"]


def test_a_crash_after_the_note_leaves_no_segments_behind(
    tmp_path: Path, again: Callable[[], Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("mvsnap.recorder.recording.forget", lambda _: None)
        clip = again().run()
    assert names_in(tmp_path / "1") == ["1.ts", "clip.json", "pieces"]
    assert again().finished() == clip
    assert names_in(tmp_path / "1") == ["clip.json"]


@pytest.mark.parametrize("disk_full", [True, False])
def test_segments_that_make_no_clip_stay_only_for_another_try(
    tmp_path: Path,
    again: Callable[[], Recording],
    monkeypatch: pytest.MonkeyPatch,
    disk_full: bool,
) -> None:
    def fail(*_: object) -> None:
        raise CannotAssemble("cannot be read", disk_full=disk_full)

    monkeypatch.setattr(FakeAssembler, "assemble", fail)
    assert again().run().retry is disk_full
    assert (tmp_path / "1" / "1.ts").exists() is disk_full


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
