"""Arrivals: which pictures of a camera have come, and how long to wait for the rest."""

from __future__ import annotations

import threading

from mvsnap.recorder import stamps
from mvsnap.recorder.command import Container
from mvsnap.recorder.model import State, Timing
from mvsnap.recorder.ring import Ring
from mvsnap.recorder.run import Run

WHOLE_S = 0.25  # ffmpeg writes a picture two later
_HELD = 3  # pictures: until the next but one of the first after the end begins
POLL_S = 0.05
_FIRST_GOP_S = 15.0  # as long as no keyframe interval is known
# Waiting does not help in these.
_HOPELESS = (State.WRONG_PASSWORD, State.NO_VIDEO, State.NO_FFMPEG)


class Arrivals:
    """Of one ring; `stopping` ends every wait."""

    def __init__(self, ring: Ring, timing: Timing, stopping: threading.Event) -> None:
        self._ring = ring
        self._timing = timing
        self._stopping = stopping
        self._times = ring.times

    def first_byte(self) -> float | None:
        """Return when the first picture arrived; None if none does."""
        deadline = self._times.now() + self._timing.connect_s
        while self._times.now() < deadline and not self._stopping.is_set():
            run = self._ring.history.live()
            if run is not None and run.last_byte and run.first_byte:
                return run.first_byte
            if self._ring.status().state in _HOPELESS:
                return None
            self._ring.history.wait(POLL_S)
        return None

    def may_come(self, end: float) -> bool:
        """Return whether something from before `end`, which is over, may still come."""
        run = self._ring.history.live()
        if run is None or _come_until(run) >= end:
            return False
        return self._times.now() - end < self._late_s(run)

    def _late_s(self, run: Run) -> float:
        every_s = _HELD / (self._ring.camera.framerate or 1)
        if run.container is not Container.MKV:
            return max(self._timing.late_s, every_s + WHOLE_S)
        # What Matroska holds can be read once its segment is closed: by a keyframe.
        gop_s = 1 + (self._ring.history.longest_s() or _FIRST_GOP_S)
        return max(self._timing.late_s, every_s, gop_s)


def _come_until(run: Run) -> float:
    """Return until when a run shows everything: its next picture is later.

    By the pictures themselves: a busy machine writes them late.
    """
    until = run.segments[-1].end if run.segments else 0.0
    opened = run.opened() if run.container is Container.TS else None
    if opened is None:
        return until
    first, last = stamps.first(opened.path), stamps.last(opened.path)
    if first is None or last is None:
        return until
    before_s = stamps.after_s(first.decoded_s, first.shown_s)
    return opened.begin - before_s + stamps.after_s(first.decoded_s, last.decoded_s)
