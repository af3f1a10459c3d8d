"""History: the segments of a camera that still exist, in memory and by name.

The segments of a run are in a folder of its own, with an index next to them. After a
crash the next service reads the folders and continues; after the machine was restarted
it cannot: nobody knows how long that took.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mvsnap.recorder import files
from mvsnap.recorder.command import Container
from mvsnap.recorder.model import Format
from mvsnap.recorder.run import Part, Run, Segment
from mvsnap.recorder.times import Instant, Times
from mvsnap.values import asdict, replace

_INDEX = "index"
_ABOUT = "about.json"
_SEEN_S = 1.2  # the longest until a connection sees that its file has grown


class History:
    """All runs of one camera. Any thread may read; the camera's own thread writes."""

    def __init__(self, folder: Path, times: Times) -> None:
        """folder: the camera's own, within that of all rings; both are private."""
        self._folder = folder
        self._times = times
        self._runs: list[Run] = []
        self._changed = threading.Condition()
        self._make_folder()
        self._load()

    def begin(self, container: Container) -> Run:
        """Make room for a connection, even if somebody has cleaned the memory.

        Raises:
            OSError: there is no space for it.
        """
        self._make_folder()
        self._forget_lost()
        run_id = f"{self._times.now() * 1000:015.0f}"  # in their order, by name
        folder = self._folder / run_id
        folder.mkdir(mode=0o700)
        run = Run(run_id, folder, container)
        try:
            self.describe(run)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        with self._changed:
            self._runs.append(run)
        return run

    def describe(self, run: Run) -> None:
        """Write down what a run is, for a reader after a crash."""
        about = {
            "boot": self._times.boot,
            "container": run.container,
            "first": run.first_byte,
            **asdict(run.format),
        }
        part = run.folder / "about.part"
        part.write_text(json.dumps(about), encoding="utf-8")
        part.replace(run.folder / _ABOUT)

    def close_segment(
        self, run: Run, number: int, begin: float, end: float, start_s: float
    ) -> None:
        path = run.folder / f"{number:09d}.{run.container}"
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            return
        line = f"{number} {begin:.6f} {end:.6f} {start_s:.6f}\n"
        with (run.folder / _INDEX).open("a", encoding="utf-8") as index:
            index.write(line)
        segment = Segment(number, path, begin, end, size, start_s)
        with self._changed:
            run.add(segment)
            self._changed.notify_all()

    def move(self, run: Run, zero: float) -> None:
        """Correct when all of a run was: second 0 of its stream was then."""
        with self._changed:
            is_first = run.closed is None
            has_moved = run.move(zero)
        if has_moved and is_first:
            self.describe(run)

    def end(self, run: Run, *, keeps_open: bool = True) -> None:
        """The connection has ended; keep what there is of the open segment.

        keeps_open: False if that is not on the time line of the others.

        A run without segments is deleted: a camera may be away for weeks.
        """
        opened = run.opened() if keeps_open else None
        if run.container is Container.TS and opened is not None:
            last = written_until(opened.path, run, self._times)
            if last is not None:
                number, begin, start_s = opened.number, opened.begin, opened.start_s
                self.close_segment(run, number, begin, max(begin, last), start_s)
        with self._changed:
            run.is_live = False
            is_empty = not run.segments
            if is_empty:
                self._runs = [other for other in self._runs if other is not run]
            self._changed.notify_all()
        if is_empty:
            shutil.rmtree(run.folder, ignore_errors=True)

    def wait(self, limit_s: float) -> None:
        """Return when something has changed, or after `limit_s`."""
        with self._changed:
            self._changed.wait(limit_s)

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def covering(self, begin: float, end: float) -> list[Part]:
        """Return the closed segments that show any of this time, in order."""
        with self._changed:
            return [
                Part(run, segment)
                for run in self._runs
                for segment in run.segments
                if segment.end > begin and segment.begin < end
            ]

    def live(self) -> Run | None:
        with self._changed:
            run = self._runs[-1] if self._runs else None
        return run if run is not None and run.is_live else None

    def held_s(self) -> float:
        with self._changed:
            return sum(part.end - part.begin for part in self._all())

    def bytes(self) -> int:
        with self._changed:
            return sum(part.size for part in self._all())

    def lengths_s(self) -> list[float]:
        with self._changed:
            return [part.end - part.begin for part in self._all()]

    def longest_s(self) -> float | None:
        """The longest segment of the newest run: its keyframe interval, rounded up."""
        with self._changed:
            last = self._runs[-1].segments if self._runs else []
            return max((part.end - part.begin for part in last), default=None)

    def prune(self, before: float, limit_bytes: float) -> None:
        """Delete segments that ended `before`, and the oldest above `limit_bytes`."""
        with self._changed:
            left = sum(part.size for part in self._all())
            gone: list[Path] = []
            for run in self._runs:
                while run.segments:
                    oldest = run.segments[0]
                    if oldest.end >= before and left <= limit_bytes:
                        break
                    left -= oldest.size
                    gone.append(run.segments.pop(0).path)
            dead = [r for r in self._runs if not r.is_live and not r.segments]
            self._runs = [run for run in self._runs if run not in dead]
        for path in gone:
            path.unlink(missing_ok=True)
        for run in dead:
            shutil.rmtree(run.folder, ignore_errors=True)

    def halve(self) -> None:
        """Make room in a full memory: delete the older half."""
        self.prune(float("-inf"), self.bytes() / 2)

    def clear(self) -> None:
        with self._changed:
            self._runs.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make_folder(self) -> None:
        for folder in (self._folder.parent, self._folder):
            files.own_folder(folder)

    def _forget_lost(self) -> None:
        """Forget segments whose files are missing: a logout may clean the memory."""
        with self._changed:
            for run in self._runs:
                run.segments = [s for s in run.segments if s.path.exists()]
            self._runs = [r for r in self._runs if r.is_live or r.segments]

    def _all(self) -> Iterator[Segment]:
        return (segment for run in self._runs for segment in run.segments)

    def _load(self) -> None:
        """Adopt the folders left by a killed service."""
        for folder in sorted(p for p in self._folder.iterdir() if p.is_dir()):
            run = self._read(folder)
            if run is None or not run.segments:
                shutil.rmtree(folder, ignore_errors=True)
            else:
                self._runs.append(run)

    def _read(self, folder: Path) -> Run | None:
        try:
            about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
            boot, first = about.pop("boot"), about.pop("first")
            container = Container(about.pop("container"))
            run = Run(folder.name, folder, container, Format(**about), is_live=False)
            run.first_byte = None if first is None else float(first)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        for number, begin, end, start_s in _lines(folder / _INDEX):
            path = folder / f"{number:09d}.{container}"
            run.closed = Segment(number, path, begin, end, 0, start_s)
            if path.exists():
                run.add(replace(run.closed, size=path.stat().st_size))
        with suppress(OSError):  # a full memory: what was closed is there
            self._adopt_open(run)
        last = run.segments[-1].end if run.segments else 0.0
        return run if self._times.is_ours(Instant(boot, last)) else None

    def _adopt_open(self, run: Run) -> None:
        """Adopt the segment that was being written when the service was killed."""
        opened = run.opened()
        if run.container is not Container.TS or opened is None:
            return
        size, since_s = _written_after(opened.path, run.folder)
        if size:
            end = min(opened.begin + max(0.0, since_s), self._times.now())
            number, begin, start_s = opened.number, opened.begin, opened.start_s
            self.close_segment(run, number, begin, end, start_s)


def written_until(path: Path, run: Run, times: Times) -> float | None:
    """Return when the last byte of a run's file was written; None if there is none.

    The file system goes by the wall clock, which may have been set since.
    """
    try:
        stat = os.stat(path)
    except FileNotFoundError:
        return None
    if not stat.st_size:
        return None
    at = times.of_epoch(stat.st_mtime)
    earliest = at if run.last_byte is None else run.last_byte - _SEEN_S
    return min(max(at, earliest), times.now())


def _written_after(path: Path, folder: Path) -> tuple[int, float]:
    """Return a file's size, and for how long it was written after the index was.

    Both times are by the same clock, whatever it says today.
    """
    try:
        stat = path.stat()
    except FileNotFoundError:
        return 0, 0.0
    index = folder / _INDEX
    before = (index if index.exists() else folder / _ABOUT).stat()
    return stat.st_size, stat.st_mtime - before.st_mtime


def _lines(path: Path) -> Iterator[tuple[int, float, float, float]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return
    for line in text.splitlines():
        words = line.split()
        try:
            yield int(words[0]), float(words[1]), float(words[2]), float(words[3])
        except (ValueError, IndexError):  # cut off by the crash
            return
