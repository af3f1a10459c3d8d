"""Clip: turns segments of a spool into an MP4 that browsers play, and its thumbnail."""

from __future__ import annotations

import json
import logging
import math
import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mvsnap import durable_file
from mvsnap.clock import iso
from mvsnap.errors import MvsnapError
from mvsnap.recorder import command, process
from mvsnap.recorder.command import Piece
from mvsnap.recorder.model import Format, Recode
from mvsnap.recorder.spool import SpooledSegment
from mvsnap.recorder.timeline import Span
from mvsnap.recorder.times import Times

log = logging.getLogger(__name__)

_PLAYED = ("h264", "av1", "vp9")  # in an MP4, by every browser
_IN_MP4 = (*_PLAYED, "hevc", "mjpeg", "mpeg4", "mpeg1video", "mpeg2video")
_AFTER_S = 0.12  # the last requested picture may be labelled late
_COPY_LIMIT_S = 60.0
_ENCODE_LIMIT_S = (60.0, 20.0)  # plus this for each second of the clip
_THUMBNAIL_LIMIT_S = 20.0
_NICE = 10  # encoding must never take CPU time from a ring


class CannotAssemble(MvsnapError):
    """No clip can be made of the segments; `disk_full`: there was no space for it."""

    code = "cannot_assemble"

    def __init__(self, message: str, *, disk_full: bool = False) -> None:
        super().__init__(message)
        self.disk_full = disk_full


@dataclass(frozen=True, slots=True)
class Assembled:
    """A clip on disk; monotonic seconds. `spans` are the times it shows."""

    begin: float
    end: float
    spans: tuple[Span, ...]
    codec: str | None

    @property
    def length_s(self) -> float:
        return self.end - self.begin


class Assembler:
    """Makes clips: a few at once, but only one that needs encoding."""

    def __init__(self, times: Times, ffmpeg: str, ffprobe: str) -> None:
        self._times = times
        self._ffmpeg = ffmpeg
        self._ffprobe = ffprobe
        self._copying = threading.BoundedSemaphore(2)
        self._encoding = threading.BoundedSemaphore(1)

    def assemble(
        self, spooled: Sequence[SpooledSegment], want: Span, path: Path, recode: Recode
    ) -> Assembled:
        """Write `path` from the segments; it appears when it is complete.

        An existing file stays: a crash happened before it was reported. It shows what
        was there then, which may be more or less than the current segments.

        Raises:
            CannotAssemble: nothing is readable, or there is no space.
            NoFfmpeg: the program is not installed.
        """
        spooled = _aligned(_of_one_format(spooled))
        if not spooled:
            raise CannotAssemble("no video was recorded")
        begin = spooled[0].begin
        length_s = want[1] + _AFTER_S - begin
        codec = spooled[0].format.codec or self._codec_of(spooled[0].path)
        encode = recode is Recode.ALWAYS or (
            codec not in (_PLAYED if recode is Recode.AUTO else _IN_MP4)
        )
        shown_s = None
        if not path.exists():
            shown_s = self._write(spooled, path, codec, length_s, encode=encode)
        end = begin + (self._length_s(path) if shown_s is None else shown_s)
        spans = [(t.begin, min(t.end, end)) for t in spooled if t.begin < end]
        if shown_s is None and spans:
            spans[-1] = spans[-1][0], end
        return Assembled(begin, end, tuple(spans), "h264" if encode else codec)

    def _write(
        self,
        spooled: Sequence[SpooledSegment],
        path: Path,
        codec: str | None,
        length_s: float,
        *,
        encode: bool,
    ) -> float | None:
        """Return the seconds of the file; None if another run was faster."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        text = command.pieces_text(_pieces(spooled)).encode()
        begin = spooled[0].begin
        try:
            with self._encoding if encode else self._copying:
                shown_s = self._join(text, part, codec, length_s, begin, encode=encode)
            return shown_s if _publish(part, path) else None
        finally:
            part.unlink(missing_ok=True)

    def thumbnail(self, clip_path: Path, offset_s: float) -> Path | None:
        """Write the picture at `offset_s` next to the clip; None if there is none."""
        path = clip_path.with_suffix(".jpg")
        if path.exists():
            return path
        part = path.with_name(f"{path.name}.part")
        try:
            for at_s in (max(0.0, offset_s), 0.0):
                line = command.thumbnail(clip_path, at_s, part, self._ffmpeg)
                done = process.run(line, b"", _THUMBNAIL_LIMIT_S, nice=_NICE)
                if done.code == 0 and part.exists() and part.stat().st_size:
                    _publish(part, path)
                    return path
            log.warning("no thumbnail of %s: %s", clip_path.name, done.stderr[-200:])
        except OSError as exc:
            log.warning("no thumbnail of %s: %s", clip_path.name, exc)
        finally:
            part.unlink(missing_ok=True)
        return None

    def _join(
        self,
        text: bytes,
        part: Path,
        codec: str | None,
        length_s: float,
        begin: float,
        *,
        encode: bool,
    ) -> float:
        """Run ffmpeg, if need be again in tolerant mode; return the clip's seconds."""
        base_s, each_s = _ENCODE_LIMIT_S if encode else (_COPY_LIMIT_S, 0.0)
        said = ""
        for tolerant in (False, True):
            line = command.clip(
                length_s,
                part,
                codec=codec,
                recode=encode,
                tolerant=tolerant,
                creation_time=iso(self._times.wall(begin)),
                program=self._ffmpeg,
            )
            limit_s = base_s + each_s * length_s
            done = process.run(line, text, limit_s, nice=_NICE if encode else 0)
            if done.code == 0 and _shown_s(done.stdout):
                # An encoder is some pictures ahead of what it reports.
                return self._length_s(part) if encode else _shown_s(done.stdout)
            said = done.stderr.strip()[-300:] or f"ffmpeg ended with {done.code}"
            if "No space left on device" in said:
                raise CannotAssemble("the disk is full", disk_full=True)
            log.warning("joining %s: %s", part.name, said)
        raise CannotAssemble("the recorded video cannot be read")

    def _codec_of(self, path: Path) -> str | None:
        codec: str | None = self._described(path).get("codec_name")
        return codec

    def _length_s(self, path: Path) -> float:
        return float(self._described(path).get("duration", 0))

    def _described(self, path: Path) -> dict[str, Any]:
        line = [self._ffprobe, "-v", "error", "-select_streams", "v:0"]
        line += ["-show_entries", "stream=codec_name,duration", "-of", "json"]
        done = process.run([*line, f"file:{path}"], b"", _THUMBNAIL_LIMIT_S)
        try:
            stream: dict[str, Any] = json.loads(done.stdout)["streams"][0]
        except (ValueError, KeyError, IndexError):
            return {}
        return stream


def _publish(part: Path, path: Path) -> bool:
    """Rename it to its final name; False: that file exists already, and stays."""
    try:
        durable_file.publish(part, path)
    except FileExistsError:
        log.info("%s already exists", path.name)
        return False
    return True


def _of_one_format(spooled: Sequence[SpooledSegment]) -> list[SpooledSegment]:
    """Return the segments of the format that shows most: a file can have only one."""
    shown: Counter[tuple[object, ...]] = Counter()
    for part in spooled:
        shown[_key(part)] += int((part.end - part.begin) * 1000) + 1
    if not shown:
        return []
    most = shown.most_common(1)[0][0]
    return sorted((t for t in spooled if _key(t) == most), key=lambda t: t.begin)


def _aligned(spooled: Sequence[SpooledSegment]) -> list[SpooledSegment]:
    """Give all segments of a run the same start of time: that of the least delayed one.

    How far they are apart is only known from the stream itself.
    """
    zero: dict[str, float] = {}
    for part in spooled:
        zero[part.run] = min(part.begin - part.start_s, zero.get(part.run, math.inf))
    return [
        replace(
            part,
            begin=part.start_s + zero[part.run],
            end=part.end - part.begin + part.start_s + zero[part.run],
        )
        for part in spooled
    ]


def _key(spooled: SpooledSegment) -> tuple[object, ...]:
    form: Format = spooled.format
    return (spooled.container, form.codec, form.width, form.height)


def _pieces(spooled: Sequence[SpooledSegment]) -> list[Piece]:
    """Return the files with the distance to the next: gaps stay on the timeline."""
    first: dict[Path, float] = {}
    for part in spooled:
        first.setdefault(part.path, part.begin)
    begins = [*first.values(), max(part.end for part in spooled)]
    return [
        Piece(path, max(0.001, begins[place + 1] - begin))
        for place, (path, begin) in enumerate(first.items())
    ]


def _shown_s(progress: bytes) -> float:
    """Read the length of what was written: the last of many `out_time_us=`."""
    found = re.findall(rb"out_time_us=(\d+)", progress)
    return int(found[-1]) / 1e6 if found else 0.0
