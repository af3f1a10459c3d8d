"""Clip: turns segments of a spool into an MP4 that browsers play, and its thumbnail."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct

from mvsnap import durable_file
from mvsnap.clock import iso
from mvsnap.errors import MvsnapError
from mvsnap.recorder import command, process, salvage
from mvsnap.recorder.command import Container, Piece
from mvsnap.recorder.model import Format, Recode
from mvsnap.recorder.spool import SpooledSegment
from mvsnap.recorder.timeline import SLACK_S, Pace, Span, shown_spans
from mvsnap.texts import wordings
from mvsnap.values import replace

log = logging.getLogger(__name__)

_PLAYED = ("h264", "av1", "vp9")  # in an MP4, by every browser
_IN_MP4 = (*_PLAYED, "hevc", "mjpeg", "mpeg4", "mpeg1video", "mpeg2video")
_AFTER_S = 0.12  # the last requested picture may be labelled late
_COPY_LIMIT_S = 60.0
_ENCODE_LIMIT_S = (60.0, 20.0)  # plus this for each second of the clip
_THUMBNAIL_LIMIT_S = 20.0
_PROBE_LIMIT_S = 30.0
_JUMP_S = 10.0  # no segment is that much more delayed than the others
_NICE = 10  # encoding must never take CPU time from a ring

PaceOf = Callable[[Sequence[float], Sequence[float]], Pace]


class CannotAssemble(MvsnapError):
    """No clip can be made of the segments; `disk_full`: there was no space for it."""

    code = "cannot_assemble"

    def __init__(self, message: str, *, disk_full: bool = False) -> None:
        super().__init__(message)
        self.disk_full = disk_full


class Assembled(Struct, frozen=True):
    """A clip on disk; monotonic seconds.

    spans: the times it shows, by its own pictures. slack_s: what may be missing at its
        ends; more is a gap.
    """

    begin: float
    end: float
    spans: tuple[Span, ...]
    codec: str | None
    slack_s: float = SLACK_S

    @property
    def length_s(self) -> float:
        return self.end - self.begin


class _Make(Struct, frozen=True):
    """What to make: until which monotonic second, which is `ends_at` for people."""

    until: float
    codec: str | None
    encode: bool
    ends_at: datetime


class Assembler:
    """Makes clips: a few at once, but only one that needs encoding."""

    def __init__(self, ffmpeg: str, ffprobe: str) -> None:
        self._ffmpeg = ffmpeg
        self._ffprobe = ffprobe
        self._copying = threading.BoundedSemaphore(2)
        self._encoding = threading.BoundedSemaphore(1)

    def assemble(
        self,
        spooled: Sequence[SpooledSegment],
        want: Span,
        path: Path,
        recode: Recode,
        ends_at: datetime,
        pace: PaceOf,
    ) -> Assembled:
        """Write `path` from the segments; it appears when it is complete.

        An existing file stays: a crash happened before it was reported. It shows what
        was there then, which may be more or less than the current segments.

        ends_at: the end of `want` by the wall clock, for the file's own label.
        pace: of the stream, by the moments of the clip's pictures, and the lengths of
            its segments.

        Raises:
            CannotAssemble: nothing is readable, or there is no space.
            NoFfmpeg: the program is not installed.
        """
        spooled = _aligned(_of_one_format(spooled))
        if not spooled:
            raise CannotAssemble(wordings.NO_VIDEO())
        codec = spooled[0].format.codec or self._codec_of(spooled[0].path)
        encode = recode is Recode.ALWAYS or (
            codec not in (_PLAYED if recode is Recode.AUTO else _IN_MP4)
        )
        if path.exists():
            pictures = self._pictures(path)
        else:
            make = _Make(want[1] + _AFTER_S, codec, encode, ends_at)
            spooled, pictures = self._write(spooled, path, make)
        made = _described(pictures, spooled, want, pace)
        return replace(made, codec="h264" if encode else codec)

    def _write(
        self, spooled: Sequence[SpooledSegment], path: Path, make: _Make
    ) -> tuple[Sequence[SpooledSegment], list[float]]:
        """Return the segments that are in the file, and when its pictures are shown."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        try:
            with self._encoding if make.encode else self._copying:
                spooled, pictures = self._join_readable(spooled, part, make)
            is_ours = _publish(part, path)
            return spooled, pictures if is_ours else self._pictures(path)
        finally:
            part.unlink(missing_ok=True)

    def _join_readable(
        self, spooled: Sequence[SpooledSegment], part: Path, make: _Make
    ) -> tuple[Sequence[SpooledSegment], list[float]]:
        """Join them; if some cannot be read, the others."""
        failed: CannotAssemble | None = None
        pictures: list[float] = []
        try:
            pictures = self._join(spooled, part, make)
            if not _is_cut_short(spooled, pictures[-1], make):
                return spooled, pictures
        except CannotAssemble as exc:
            if exc.disk_full:
                raise
            failed = exc
        readable = salvage.readable(spooled, lambda file: bool(self._pictures(file)))
        if failed is not None and not readable:
            raise failed
        if readable and len(readable) < len(spooled):
            log.warning(
                "%s: %d of %d segments cannot be read",
                part.stem,
                len(spooled) - len(readable),
                len(spooled),
            )
            return readable, self._join(readable, part, make)
        if failed is not None:
            raise failed
        return spooled, pictures

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
        self, spooled: Sequence[SpooledSegment], part: Path, make: _Make
    ) -> list[float]:
        """Run ffmpeg, if need be again in tolerant mode; return the clip's pictures."""
        text = command.pieces_text(_pieces(spooled)).encode()
        length_s = make.until - spooled[0].begin
        began_at = make.ends_at - timedelta(seconds=length_s - _AFTER_S)
        base_s, each_s = _ENCODE_LIMIT_S if make.encode else (_COPY_LIMIT_S, 0.0)
        said = ""
        for tolerant in (False, True):
            line = command.clip(
                length_s,
                part,
                codec=make.codec,
                recode=make.encode,
                tolerant=tolerant,
                creation_time=iso(began_at),
                program=self._ffmpeg,
            )
            limit_s = base_s + each_s * length_s
            done = process.run(line, text, limit_s, nice=_NICE if make.encode else 0)
            if "No space left on device" in done.stderr:  # it may end with 0 then
                raise CannotAssemble(wordings.DISK_FULL(), disk_full=True)
            if done.code == 0 and (shown := self._pictures(part)):
                return shown
            said = done.stderr.strip()[-300:] or f"ffmpeg ended with {done.code}"
            log.warning("joining %s: %s", part.name, said)
        raise CannotAssemble(wordings.UNREADABLE())

    def _pictures(self, path: Path) -> list[float]:
        """Return when each picture of a file is shown, in seconds from the first."""
        line = [self._ffprobe, "-v", "error", "-select_streams", "v:0"]
        line += ["-show_entries", "packet=pts_time", "-of", "csv=p=0"]
        done = process.run([*line, f"file:{path}"], b"", _PROBE_LIMIT_S)
        found = sorted(map(float, re.findall(rb"(?m)^-?\d+\.\d+", done.stdout)))
        return [at_s - found[0] for at_s in found]

    def _codec_of(self, path: Path) -> str | None:
        line = [self._ffprobe, "-v", "error", "-select_streams", "v:0"]
        line += ["-show_entries", "stream=codec_name", "-of", "json"]
        done = process.run([*line, f"file:{path}"], b"", _PROBE_LIMIT_S)
        try:
            codec: str | None = json.loads(done.stdout)["streams"][0]["codec_name"]
        except (ValueError, KeyError, IndexError):
            return None
        return codec


def _described(
    pictures: Sequence[float],
    spooled: Sequence[SpooledSegment],
    want: Span,
    pace: PaceOf,
) -> Assembled:
    """Return what a file shows, by its pictures and not by what was to be in it."""
    if not pictures:
        raise CannotAssemble(wordings.UNREADABLE())
    begin = spooled[0].begin
    shown = [begin + at_s for at_s in pictures]
    found = pace(shown, [part.end - part.begin for part in spooled])
    # The last picture lasts as long as the others, if that was asked for.
    longest = max(want[1], shown[-1] + 1)
    end = max(shown[-1], min(shown[-1] + found.usual_s, longest))
    spans = shown_spans(shown, end, found.slack_s)
    return Assembled(begin, end, spans, None, found.edge_s)


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

    In TS it is that of the last one, which knows those before. How far they are apart
    is only known from the stream itself, unless that jumps, which it does not in TS.
    """
    zeros: dict[str, list[float]] = {}
    placed: list[tuple[SpooledSegment, list[float], int]] = []
    for part in sorted(spooled, key=lambda part: (part.run, part.number)):
        found, zero = zeros.setdefault(part.run, []), part.begin - part.start_s
        is_ts = part.container is Container.TS
        if not found or (not is_ts and abs(zero - found[-1]) > _JUMP_S):
            found.append(zero)
        found[-1] = zero if is_ts else min(zero, found[-1])
        placed.append((part, found, len(found) - 1))
    aligned = [_from(part, found[which]) for part, found, which in placed]
    return sorted(aligned, key=lambda part: part.begin)


def _from(part: SpooledSegment, zero: float) -> SpooledSegment:
    begin = part.start_s + zero
    return replace(part, begin=begin, end=begin + part.end - part.begin)


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


def _is_cut_short(
    spooled: Sequence[SpooledSegment], shown_s: float, make: _Make
) -> bool:
    """Return whether ffmpeg stopped early: it does where it cannot read on."""
    longest_s = max(part.end - part.begin for part in spooled)
    expected = min(make.until, max(part.end for part in spooled))
    return spooled[0].begin + shown_s < expected - 1.3 * longest_s - 0.5
