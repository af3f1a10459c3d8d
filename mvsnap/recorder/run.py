"""Run: one connection to a camera, and when each of its segments was."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from mvsnap.recorder import stamps
from mvsnap.recorder.command import Container
from mvsnap.recorder.model import Format
from mvsnap.values import replace

_LONGEST_S = 150.0  # of a segment
_MOVED_S = 0.05  # less does not show in a clip


class Segment(Struct, frozen=True):
    """A closed file of a run, from one keyframe to the next; monotonic seconds.

    start_s: in the stream's own time, the only measure of how far two segments are
        apart.
    """

    number: int
    path: Path
    begin: float
    end: float
    size: int
    start_s: float


class Opened(Struct, frozen=True):
    """The file of a run that is being written, if there is any yet; see Segment."""

    number: int
    path: Path
    begin: float
    start_s: float


@dataclass(slots=True)
class Run:
    """One connection. `is_live`: its newest segment is still being written.

    closed: the last segment that was, also when it is deleted since.
    """

    id: str
    folder: Path
    container: Container
    format: Format = Format()
    segments: list[Segment] = field(default_factory=list)
    first_byte: float | None = None
    last_byte: float | None = None
    closed: Segment | None = None
    is_live: bool = True

    def add(self, segment: Segment) -> None:
        """Append it; the one before lasts until it, like its last picture."""
        last = self.segments[-1] if self.segments else None
        if last is not None and last.number + 1 == segment.number:
            length_s = segment.start_s - last.start_s
            is_sane = 0 < length_s < _LONGEST_S  # the times of some begin with a jump
            begin = segment.begin - length_s if is_sane else last.begin
            self.segments[-1] = replace(last, begin=begin, end=segment.begin)
            self._follow_up()
        self.segments.append(segment)
        self.closed = segment

    def move(self, zero: float) -> bool:
        """Second 0 of its stream was then; False if that was known."""
        last = self.closed
        if last is None:
            moved_s = (self.first_byte or 0.0) - zero
            self.first_byte = zero if abs(moved_s) > _MOVED_S else self.first_byte
            return abs(moved_s) > _MOVED_S
        by_s = last.begin - last.start_s - zero
        if abs(by_s) <= _MOVED_S:
            return False
        self.closed = replace(last, begin=last.begin - by_s, end=last.end - by_s)
        if self.segments and self.segments[-1] == last:
            self.segments[-1] = self.closed
            self._follow_up()
        return True

    def _follow_up(self) -> None:
        """Move those before the last one with it: of that, more is known."""
        following = self.segments[-1]
        for place in reversed(range(len(self.segments) - 1)):
            early = self.segments[place]
            length_s = following.start_s - early.start_s
            begin = following.begin - length_s
            is_next = early.number + 1 == following.number
            if not (is_next and 0 < length_s < _LONGEST_S):
                break
            if abs(early.begin - begin) <= _MOVED_S:
                break
            following = replace(early, begin=begin, end=following.begin)
            self.segments[place] = following

    @property
    def open_path(self) -> Path:
        return self._file(self.closed)

    def opened(self) -> Opened | None:
        """Return what is being written; None before the first byte."""
        last = self.closed
        path = self._file(last)
        if last is None:
            begin = self.first_byte
            return None if begin is None else Opened(0, path, begin, 0.0)
        length_s = self._length_s(last, path)
        begin, start_s = last.begin + length_s, last.start_s + length_s
        return Opened(last.number + 1, path, begin, start_s)

    def _file(self, last: Segment | None) -> Path:
        number = 0 if last is None else last.number + 1
        return self.folder / f"{number:09d}.{self.container}"

    def _length_s(self, last: Segment, following: Path) -> float:
        """Return how long the last segment lasted, by the file after it.

        ffmpeg lists the end of its last picture, as if none were ever late.
        """
        if self.container is Container.TS:
            stamp = stamps.first(following)
            length_s = stamps.after_s(last.start_s, stamp.shown_s) if stamp else 0.0
            if 0 < length_s < _LONGEST_S:
                return length_s
        return last.end - last.begin


class Part(Struct, frozen=True):
    """A segment with the run it belongs to."""

    run: Run
    segment: Segment
