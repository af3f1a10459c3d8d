"""Spool: the segments of one clip, safe on disk while it is being recorded."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mvsnap.durable_file import append
from mvsnap.recorder.command import Container
from mvsnap.recorder.history import Part, Run, written_until
from mvsnap.recorder.model import Format
from mvsnap.recorder.times import Times

_INDEX = "pieces"


@dataclass(frozen=True, slots=True)
class SpooledSegment:
    """A segment in the spool; `path` contains it, with others of its run if TS."""

    run: str
    number: int
    path: Path
    container: Container
    format: Format
    begin: float  # monotonic seconds
    end: float
    start_s: float  # in the stream's own time


class Spool:
    """Owned by one thread. Reopened after a crash it finds what it has."""

    def __init__(self, folder: Path, times: Times) -> None:
        self._folder = folder
        self._times = times
        self.spooled: list[SpooledSegment] = []
        folder.mkdir(parents=True, exist_ok=True)
        self._load()

    def copy(self, parts: list[Part]) -> None:
        """Copy the segments that are not here yet; returns when they are on disk.

        A segment that has left the ring meanwhile is a gap.
        """
        known = {(spooled.run, spooled.number) for spooled in self.spooled}
        for part in parts:
            segment = part.segment
            if (part.run.id, segment.number) in known:
                continue
            try:
                content = segment.path.read_bytes()
            except FileNotFoundError:
                continue
            span = segment.begin, segment.end
            self._add(part.run, segment.number, content, span, segment.start_s)

    def add_open(self, run: Run) -> None:
        """Copy the segment that is still being written, as far as it is."""
        begin, number, path = run.open_begin, run.next_number, run.open_path
        end = written_until(path, self._times)
        if begin is None or end is None or run.container is not Container.TS:
            return
        if any(
            (spooled.run, spooled.number) == (run.id, number)
            for spooled in self.spooled
        ):
            return
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return
        span = min(begin, end), end
        self._add(run, number, content, span, run.open_start_s, is_open=True)

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
            "begin": self._times.epoch(span[0]),
            "end": self._times.epoch(span[1]),
            "start_s": start_s,
            **asdict(run.format),
        }
        if not is_open:  # after a crash it is copied once more, longer
            append(self._folder / _INDEX, json.dumps(line).encode() + b"\n")
        self.spooled.append(
            SpooledSegment(
                run.id, number, path, run.container, run.format, *span, start_s
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
            sizes[path] = int(line["size"])
            form = Format(line["codec"], line["width"], line["height"], line["fps"])
            begin = self._times.of_epoch(line["begin"])
            end = self._times.of_epoch(line["end"])
            self.spooled.append(
                SpooledSegment(
                    run, number, path, container, form, begin, end, line["start_s"]
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
                yield json.loads(line)
            except ValueError:  # cut off by the crash
                os.truncate(index, good)
                return
            good += len(line)


def forget(folder: Path) -> None:
    """Delete the segments of a clip: its outcome is stored."""
    for path in (folder / _INDEX, *folder.glob("*.ts"), *folder.glob("*.mkv")):
        path.unlink(missing_ok=True)
