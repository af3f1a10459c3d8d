"""Recording: one clip request, from the trigger to the file; resumes after a crash."""

from __future__ import annotations

import errno
import logging
import threading
from datetime import datetime, timedelta
from pathlib import Path

from mvsnap.clip_model import AT_ONCE_S, Gap
from mvsnap.recorder import files
from mvsnap.recorder.arrivals import POLL_S, WHOLE_S, Arrivals
from mvsnap.recorder.clip import Assembled, Assembler, CannotAssemble
from mvsnap.recorder.model import (
    ClipResult,
    Mode,
    RecorderSettings,
    RecorderStopped,
    State,
)
from mvsnap.recorder.process import NoFfmpeg
from mvsnap.recorder.request import ClipRequest, Note
from mvsnap.recorder.results import by_another_clock
from mvsnap.recorder.ring import Ring
from mvsnap.recorder.run import Part
from mvsnap.recorder.spool import Spool, forget
from mvsnap.recorder.timeline import Span, coverage
from mvsnap.texts import wordings
from mvsnap.texts.reasons import with_each
from mvsnap.texts.wording import Reason
from mvsnap.values import replace

log = logging.getLogger(__name__)

_BEFORE_S = 0.1  # a segment's label may be late by the transfer of its bytes
_PAUSE_S = 1.0


class Recording:
    """`run` in one thread; `extend` and `share` are called by others."""

    def __init__(
        self,
        request: ClipRequest,
        folder: Path,
        ring: Ring,
        assembler: Assembler,
        *,
        settings: RecorderSettings,
        stopping: threading.Event,
        received_at: datetime | None = None,
    ) -> None:
        self.request = request
        self._folder = folder
        self._note = Note(folder, settings.data_dir)
        self._ring = ring
        self._assembler = assembler
        self._settings = settings
        self._times = ring.times
        self._stopping = stopping
        self._arrivals = Arrivals(ring, settings.timing, stopping)
        self._lock = threading.Lock()
        self._is_closed = False  # no longer extendable
        self._done = threading.Event()
        self._result: ClipResult | None = None
        self._why = Reason("")
        self._until = request.end
        # Computed once, by the first attempt: the wall clock may be set at any time.
        known = self._note.trigger
        received_at = received_at or request.at
        read_at = self._times.read_at(received_at)
        ago_s = (received_at - request.at).total_seconds()
        now = self._times.now()
        trigger = known or self._times.instant((read_at or now) - ago_s)
        self._note.trigger = trigger
        self._at = trigger.mono
        self._is_new = known is None
        self._is_placed = known is not None or read_at is not None
        # False after the machine was restarted: its pictures cannot be placed.
        self._is_ours = self._times.is_ours(trigger) or self._is_new

    def finished(self) -> ClipResult | None:
        """Return the earlier outcome of this request, None if it is still to do."""
        until, result = self._note.until(), self._note.result()
        if until is not None:  # it was extended before the crash
            self._until = max(self._until, until)
        if result is None:
            return (
                None
                if self._is_placed
                else self._failed(
                    wordings.NO_VIDEO_BECAUSE(why=wordings.RESTARTED_AFTER())
                )
            )
        forget(self._folder)  # a crash came before that
        if result.path is not None and not result.path.exists():
            return replace(result, path=None, error=wordings.CLIP_DELETED())
        return result

    def owner(self) -> ClipRequest | None:
        """Return the request whose clip this one was found to be part of."""
        return self._note.owner()

    def run(self) -> ClipResult:
        """Record, then make the clip.

        Raises:
            RecorderStopped: what was recorded is kept for the next call.
        """
        try:
            self._result = self._record()
            if not self._result.retry:
                self._note.write(self.request, self._until, self._result)
                forget(self._folder)  # not earlier: a crash would lose the clip
            return self._result
        finally:
            with self._lock:
                self._is_closed = True
            self._done.set()

    def extend(self, other: Recording, most_s: float) -> bool:
        """Extend the clip to cover `other`, too; False if that is impossible."""
        with self._lock:
            at = self._label(other._at)  # by one clock, if it was set in between
            begin = at - timedelta(seconds=other.request.pre_roll_s)
            longer = max(self._until, at + timedelta(seconds=other.request.post_roll_s))
            fits = self.request.begin <= begin and at <= self._until
            if self._ring.camera.mode is Mode.ON_DEMAND:
                fits = self.request.at <= at <= self._until
            too_long = longer - self.request.begin > timedelta(seconds=most_s)
            is_over = self._is_closed or not self._is_ours
            if is_over or not fits or too_long:
                return False
            if longer > self._until:
                self._until = longer
                self._note.write(self.request, longer, None)
            return True

    def share(self, other: Recording) -> ClipResult:
        """Wait for the other request's clip, which covers this one as well.

        Raises:
            RecorderStopped: the recorder stops before it is there.
        """
        is_same = other.request.name == self.request.name
        if not is_same:
            self._remember(other.request)
        while not other._done.wait(_PAUSE_S):
            if self._stopping.is_set():
                raise RecorderStopped("the recorder is stopping")
        shared = other._result
        if shared is None:
            raise RecorderStopped("the clip that contains this one was not finished")
        if is_same:
            return shared
        own_s = (self.request.at - other.request.at).total_seconds()
        return self.part_of(by_another_clock(shared, own_s - (self._at - other._at)))

    def part_of(self, shared: ClipResult) -> ClipResult:
        """Return what another request's clip shows of this one."""
        begin, end = self._window(shared)
        result = replace(
            shared,
            at=self.request.at,
            shared=True,
            note=self._note_of(shared.began_at, shared.ended_at),
            gaps=tuple(
                g for g in shared.gaps if g.began_at < end and g.ended_at > begin
            ),
            pre_roll_s=self._pre_roll_s(shared.began_at),
        )
        result = replace(result, partial=bool(result.gaps))
        if not result.retry:
            self._note.write(self.request, self._until, result)
        return result

    def _remember(self, owner: ClipRequest) -> None:
        """After a crash only the owner's folder has what was recorded."""
        try:
            self._note.write(self.request, self._until, None, owner)
        except OSError as exc:
            log.warning("camera %s: %s", self.request.camera, type(exc).__name__)

    def _window(self, shared: ClipResult) -> tuple[datetime, datetime]:
        if self._ring.camera.mode is Mode.ON_DEMAND and shared.began_at is not None:
            return shared.began_at, self.request.end
        return self.request.begin, self.request.end

    def _record(self) -> ClipResult:
        if files.free_bytes(self._settings.data_dir) < self._settings.min_free_mb * 1e6:
            return self._failed(wordings.DISK_FULL(), retry=True)
        try:
            if self._is_new:
                self._note.write(self.request, self._until, None)
            spool = Spool(self._folder, self._times)
            self._is_ours &= spool.is_ours
            if not self._is_ours:
                self._why = wordings.RESTARTED()
                return self._finish(spool, self._window_of(spool))
            with self._ring.hold():
                want = self._collect(spool)
                # Afterwards an on-demand camera only reports that it is idle again.
                self._why = self._reason()
            return self._finish(spool, want)
        except NoFfmpeg as exc:
            return self._failed(exc.as_reason, retry=True)
        except OSError as exc:
            if exc.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            log.warning("camera %s: the disk is full", self.request.camera)
            return self._failed(wordings.DISK_FULL(), retry=True)

    def _collect(self, spool: Spool) -> Span:
        """Copy segments as they close until the window is over; return the window."""
        begin = self._first(spool)
        while True:
            if self._stopping.is_set():
                raise RecorderStopped("the recorder is stopping")
            until = self._until
            end = self._at + (until - self.request.at).total_seconds()
            spool.copy(self._ring.history.covering(begin - _BEFORE_S, end))
            left_s = end + WHOLE_S - self._times.now()
            if left_s > 0:
                self._ring.history.wait(min(left_s, _PAUSE_S))
            elif self._arrivals.may_come(end):
                self._ring.history.wait(POLL_S)
            elif self._close(until):
                spool.copy(self._ring.history.covering(begin - _BEFORE_S, end))
                self._add_open(spool, begin - _BEFORE_S, end)
                return begin, end

    def _add_open(self, spool: Spool, begin: float, end: float) -> None:
        """Copy what is still being written, and the last picture before it.

        That is shown until the next one came, which the ring learns later.
        """
        run = self._ring.history.live()
        opened = None if run is None else run.opened()
        if run is None or opened is None:
            return
        last = run.closed
        if last is not None and last.end <= begin < opened.begin:
            spool.copy([Part(run, replace(last, end=opened.begin))])
        if opened.begin < end:
            spool.add_open(run, opened)

    def _window_of(self, spool: Spool) -> Span:
        """Return the window of a clip that only the spool can show."""
        first = self._at - self.request.pre_roll_s
        if self._ring.camera.mode is Mode.ON_DEMAND and spool.spooled:
            first = spool.spooled[0].begin
        return first, self._end()

    def _end(self) -> float:
        return self._at + (self._until - self.request.at).total_seconds()

    def _first(self, spool: Spool) -> float:
        """Return when the clip begins; on demand that is the first picture."""
        if self._ring.camera.mode is Mode.RING:
            self._wait_for_start(spool)
            return self._at - self.request.pre_roll_s
        # The spool contains what was recorded before a crash.
        first = spool.spooled[0].begin if spool.spooled else self._arrivals.first_byte()
        if first is None:
            with self._lock:
                self._until = self._label(self._times.now())
            return self._times.now()
        self._go_on_until(first + self.request.post_roll_s)
        return first

    def _wait_for_start(self, spool: Spool) -> None:
        """Wait for first pictures if the recorder started just before the trigger.

        After a power cut, the first alarm may come while all cameras are still
        connecting.
        """
        ring, at = self._ring, self._at
        if spool.spooled or ring.history.covering(at, at + self.request.post_roll_s):
            return  # a recorder that was killed saw it
        most_s = self._settings.timing.connect_s
        while (
            ring.status().state is State.STARTING
            and self._times.now() < at + most_s
            and not self._stopping.is_set()
        ):
            ring.history.wait(POLL_S)
        first = ring.first_picture
        if first is not None and at < first < at + most_s:
            self._go_on_until(first + self.request.post_roll_s)
            self._note.write(self.request, self._until, None)

    def _go_on_until(self, mono: float) -> None:
        with self._lock:
            self._until = max(self._until, self._label(mono))

    def _close(self, until: datetime) -> bool:
        """Refuse extensions from now on; False if one was just made."""
        with self._lock:
            self._is_closed = self._until == until
            return self._is_closed

    def _finish(self, spool: Spool, want: Span) -> ClipResult:
        own, asked = self._settings, self.request
        videos = own.data_dir / "videos"
        path = files.clip_path(videos, asked.camera, asked.name, asked.at, own.made_by)
        spooled = [t for t in spool.spooled if t.end > want[0] - _BEFORE_S]
        if not spooled:
            return self._failed(wordings.NO_VIDEO_BECAUSE(why=self._why))
        try:
            made = self._assembler.assemble(
                spooled,
                want,
                path,
                self._ring.camera.recode,
                self._label(want[1]),
                self._ring.pace,
            )
        except CannotAssemble as exc:
            return self._failed(exc.as_reason, retry=exc.disk_full)
        return self._result_of(made, want, path)

    def _reason(self) -> Reason:
        """Return why there would be no video."""
        status = self._ring.status()
        if status.state is State.RECORDING:
            return wordings.NOT_RECORDED_THEN()
        is_asked = self._ring.camera.mode is Mode.ON_DEMAND
        if is_asked and status.state is State.STARTING and not self._ring.why:
            limit_s = round(self._settings.timing.connect_s)
            return wordings.NO_PICTURE_WITHIN(limit_s=limit_s)
        return self._ring.why or status.text

    def _result_of(self, made: Assembled, want: Span, path: Path) -> ClipResult:
        began_at, ended_at = self._label(made.begin), self._label(made.end)
        missing = coverage(made.spans, want, made.slack_s).gaps
        offset_s = min(
            (self.request.at - began_at).total_seconds(), made.length_s - 0.2
        )
        return ClipResult(
            at=self.request.at,
            path=path,
            thumbnail_path=self._assembler.thumbnail(path, offset_s),
            began_at=began_at,
            ended_at=ended_at,
            gaps=tuple(Gap(self._label(a), self._label(b)) for a, b in missing),
            partial=bool(missing),
            pre_roll_s=self._pre_roll_s(began_at),
            codec=made.codec,
            note=self._note_of(began_at, ended_at),
        )

    def _note_of(
        self, began_at: datetime | None, ended_at: datetime | None
    ) -> Reason | None:
        at = self.request.at
        late_s = (began_at - at).total_seconds() if began_at else 0
        early_s = (at - ended_at).total_seconds() if ended_at else 0
        late = wordings.STARTS_LATE(late_s=round(late_s))
        early = wordings.ENDS_EARLY(early_s=round(early_s))
        is_asked = self._ring.camera.mode is Mode.ON_DEMAND
        notes = [wordings.NO_PRE_ROLL()] if is_asked else []
        notes += [late] if late_s >= AT_ONCE_S else []
        notes += [early] if early_s >= AT_ONCE_S else []
        notes += [] if self._is_ours else [wordings.RESTARTED_MEANWHILE()]
        return with_each(*notes)

    def _label(self, mono: float) -> datetime:
        """Return the time by the clock that timed the trigger."""
        return self.request.at + timedelta(seconds=mono - self._at)

    def _pre_roll_s(self, began_at: datetime | None) -> float:
        if began_at is None or self._ring.camera.mode is Mode.ON_DEMAND:
            return 0
        return max(0.0, (self.request.at - began_at).total_seconds())

    def _failed(self, error: Reason, *, retry: bool = False) -> ClipResult:
        return ClipResult(self.request.at, error=error, retry=retry, partial=True)
