"""Spool: the segments of one clip, safe on disk while it is being recorded."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from mvsnap.durable_file import append
from mvsnap.recorder.command import Container
from mvsnap.recorder.history import written_until
from mvsnap.recorder.model import Format
from mvsnap.recorder.run import Opened, Part, Run
from mvsnap.recorder.times import Instant, Times
from mvsnap.values import asdict

_INDEX = "pieces"


class SpooledSegment(Struct, frozen=True):
    """A segment in the spool.

    path: the file that contains it; place: where, in bytes, if others are in it, too.
    """

    run: str
    number: int
    path: Path
    container: Container
    format: Format
    begin: float  # monotonic seconds
    end: float
    start_s: float  # in the stream's own time
    place: tuple[int, int] | None = None


class Spool:
    """Owned by one thread. Reopened after a crash it finds what it has.

    is_ours: False if that was before the machine was restarted. Nothing may be added
        then: the times of its segments are those of the earlier boot.
    """

    def __init__(self, folder: Path, times: Times) -> None:
        self._folder = folder
        self._times = times
        self.spooled: list[SpooledSegment] = []
        self.is_ours = True
        folder.mkdir(parents=True, exist_ok=True)
        self._load()

    def copy(self, parts: list[Part]) -> None:
        """Copy the segments that are not here yet; returns when they are on disk.

        A segment that has left the ring meanwhile, or cannot be read, is a gap.
        """
        known = {(spooled.run, spooled.number) for spooled in self.spooled}
        for part in parts:
            segment = part.segment
            if (part.run.id, segment.number) in known:
                continue
            try:
                content = segment.path.read_bytes()
            except OSError:
                continue
            span = segment.begin, segment.end
            self._add(part.run, segment.number, content, span, segment.start_s)

    def add_open(self, run: Run, opened: Opened) -> None:
        """Copy the segment that is still being written, as far as it is."""
        if opened.number in {s.number for s in self.spooled if s.run == run.id}:
            return
        end = written_until(opened.path, run, self._times)
        try:
            content = opened.path.read_bytes()
        except OSError:
            return
        if end is None or run.container is not Container.TS:
            return
        span = opened.begin, max(opened.begin, end)
        self._add(run, opened.number, content, span, opened.start_s, is_open=True)

    def _add(
        self,
        run: Run,
        number: int,
        content: bytes,
        span: tuple[float, float],
        start_s: float,
        *,
        is_open: bool = False,
    ) -> None:
        path = self._path(run.id, number, run.container)
        size = path.stat().st_size if path.exists() else 0
        append(path, content)
        line = {
            "run": run.id,
            "number": number,
            "container": run.container,
            "size": size + len(content),
            "boot": self._times.boot,
            "begin": span[0],
            "end": span[1],
            "start_s": start_s,
            **asdict(run.format),
        }
        if not is_open:  # after a crash it is copied once more, longer
            append(self._folder / _INDEX, json.dumps(line).encode() + b"\n")
        place = _place(run.container, size, size + len(content))
        self.spooled.append(
            SpooledSegment(
                run.id, number, path, run.container, run.format, *span, start_s, place
            )
        )

    def _path(self, run: str, number: int, container: Container) -> Path:
        """TS can be joined byte by byte, Matroska cannot."""
        name = run if container is Container.TS else f"{run}-{number}"
        return self._folder / f"{name}.{container}"

    def _load(self) -> None:
        sizes: dict[Path, int] = {}
        for line in self._lines():
            run, number = str(line["run"]), int(line["number"])
            container = Container(line["container"])
            path = self._path(run, number, container)
            place = _place(container, sizes.get(path, 0), int(line["size"]))
            sizes[path] = int(line["size"])
            form = Format(line["codec"], line["width"], line["height"], line["fps"])
            begin, end = float(line["begin"]), float(line["end"])
            self.is_ours &= self._times.is_ours(Instant(line["boot"], end))
            self.spooled.append(
                SpooledSegment(
                    run,
                    number,
                    path,
                    container,
                    form,
                    begin,
                    end,
                    line["start_s"],
                    place,
                )
            )
        for path in (*self._folder.glob("*.ts"), *self._folder.glob("*.mkv")):
            if path not in sizes:
                path.unlink()
            elif path.stat().st_size > sizes[path]:
                os.truncate(path, sizes[path])  # what the crash cut off

    def _lines(self) -> Iterator[dict[str, Any]]:
        index = self._folder / _INDEX
        good = 0
        for line in (
            index.read_bytes().splitlines(keepends=True) if index.exists() else ()
        ):
            try:
                found = json.loads(line)
                found["boot"]  # by an earlier version there was none
            except (ValueError, KeyError, TypeError):  # cut off by the crash
                os.truncate(index, good)
                return
            yield found
            good += len(line)


def _place(container: Container, begin: int, end: int) -> tuple[int, int] | None:
    return (begin, end) if container is Container.TS else None


def forget(folder: Path) -> None:
    """Delete the segments of a clip: its outcome is stored."""
    for path in (folder / _INDEX, *folder.glob("*.ts"), *folder.glob("*.mkv")):
        path.unlink(missing_ok=True)
