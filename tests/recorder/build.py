"""Recorders for the tests, and how to read what they made."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mvsnap.clock import SystemClock
from mvsnap.recorder import (
    CameraSettings,
    ClipResult,
    Recorder,
    RecorderSettings,
    State,
    Timing,
)
from tests.recorder.truth import assert_true, numbers_per_s, seconds_per_picture
from tests.servers.processes import Program, running, wait_until
from tests.servers.rtsp import FPS, PICTURES, pictures

# As in life, but no test waits for minutes.
QUICK = Timing(
    first_byte_s=10,
    stall_s=2,
    backoff_s=(0.2, 0.4, 0.8),
    wrong_password_s=600,  # longer than any module of tests
    no_video_s=1,
    late_s=2,
    connect_s=10,
)
PICTURE_S = 1 / FPS
OWNER = Path(__file__).with_name("owner.py")


def camera(name: str, url: str, **more: Any) -> CameraSettings:
    return CameraSettings(name, url, **{"pre_roll_s": 3, "post_roll_s": 2, **more})


class SetClock(SystemClock):
    """The machine's clock, as somebody (or NTP) sets it: `set_s` ahead."""

    def __init__(self, set_s: float = 0) -> None:
        super().__init__()
        self.set_s = set_s

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.set_s)


class CheckedRecorder(Recorder):
    """Compares every clip with the clock that is drawn into its pictures."""

    def __init__(self, settings: RecorderSettings, clock: SystemClock) -> None:
        super().__init__(settings, clock)
        self._wall = clock
        self._cameras = {camera.name: camera for camera in settings.cameras}

    def record(self, camera: str, *args: Any, **more: Any) -> ClipResult:
        at = more.get("at") or args[0]
        own_s = abs((at - self._wall.now()).total_seconds())
        # By this clock, unless it was set since.
        is_own = own_s < min(30, abs((at - now()).total_seconds()) + 0.5)
        clock_s = self._wall.set_s if is_own and isinstance(self._wall, SetClock) else 0
        clip = super().record(camera, *args, **more)
        own, asked_s = self._cameras[camera], (*args[1:2], more.get("pre_roll_s"))[0]
        fps = numbers_per_s(own.url)
        if fps is not None and clip.path is not None:
            pre_roll_s = own.pre_roll_s if asked_s is None else asked_s
            since = at - timedelta(seconds=pre_roll_s)
            every_s = seconds_per_picture(own.url, fps)
            assert_true(
                clip,
                fps,
                since,
                every_s=every_s,
                is_stamped=own.url.startswith("rtsp"),
                clock_s=clock_s,
            )
        return clip


@contextmanager
def recording(
    folder: Path, *cameras: CameraSettings, **more: Any
) -> Iterator[Recorder]:
    """Run a recorder for the length of the block; each of its clips is checked."""
    clock = more.pop("clock", None) or SystemClock()
    with_defaults = {
        "timing": QUICK,
        "min_free_mb": 1,
        "memory_dir": folder / "memory",
        **more,
    }
    folder.mkdir(exist_ok=True)
    settings = RecorderSettings(folder, cameras, **with_defaults)
    recorder = CheckedRecorder(settings, clock)
    recorder.start()
    try:
        yield recorder
    finally:
        recorder.stop()


def wait_for_state(
    recorder: Recorder, name: str, state: State, limit_s: float = 20
) -> None:
    wait_until(
        lambda: recorder.states()[name].state is state,
        f"{name} is {state}: {recorder.states()[name]}",
        limit_s,
    )


def wait_for_video(recorder: Recorder, name: str, held_s: float) -> None:
    """Wait until the ring holds so much."""
    wait_until(
        lambda: recorder.states()[name].held_s >= held_s, f"{held_s} s of {name}", 30
    )


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def owner(folder: Path, url: str) -> Iterator[tuple[Program, datetime]]:
    """Run a service that records a clip; yield it with the time of its trigger."""
    with running([sys.executable, OWNER, str(folder), url], cwd=Path.cwd()) as program:
        said: list[str] = []

        def triggered() -> bool:
            said[:] = re.findall(r"triggered at (\S+)\n", program.output())
            return bool(said)

        program.wait_for(triggered, "it records a trigger", 60)
        yield program, datetime.fromisoformat(said[0])


@contextmanager
def in_background(
    call: Callable[[], ClipResult],
) -> Iterator[Future[ClipResult]]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(call)


@dataclass(frozen=True)
class Seen:
    """What a clip shows, by its own pictures; seconds relative to a moment."""

    first_s: float
    last_s: float
    steps: tuple[int, ...]  # from each picture's number to the next one's
    # For each picture but the first two, when the clip began if it is in its place.
    begins_s: tuple[float, ...]

    @property
    def drift_s(self) -> float:
        """Return the most that a picture is away from its place on the time line."""
        return max(self.begins_s) - min(self.begins_s)

    @property
    def is_seamless(self) -> bool:
        return set(self.steps) == {1}


def seen(clip: ClipResult, at: datetime, fps: float = FPS) -> Seen:
    """Decode a clip and say when its pictures were shown by the camera."""
    assert clip.path is not None, clip
    return seen_in(clip.path, at, fps)


def seen_in(path: Path, at: datetime, fps: float = FPS) -> Seen:
    found = pictures(path)
    moment = at.timestamp()
    shown = [_shown_s(number, moment, fps) for _, number in found]
    # The first two of a connection share their moment.
    begins = tuple(s - t for (t, _), s in zip(found[2:], shown[2:], strict=True))
    steps = [
        (b - a) % PICTURES for (_, a), (_, b) in zip(found, found[1:], strict=False)
    ]
    return Seen(shown[0], shown[-1], tuple(steps), begins)


def _shown_s(number: int, moment: float, fps: float) -> float:
    loop_s = PICTURES / fps
    return (number / fps - moment + loop_s / 2) % loop_s - loop_s / 2


def ffmpegs(folder: Path) -> list[int]:
    """Return the ffmpeg processes that write below a folder."""
    return [pid for pid, line in lines() if "ffmpeg" in line and str(folder) in line]


def lines() -> Sequence[tuple[int, str]]:
    """Return the process list: (pid, command line) of every process."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                line = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            found.append((int(folder.name), line.replace(b"\0", b" ").decode()))
    return found
