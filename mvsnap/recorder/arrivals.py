"""Arrivals: which pictures of a camera have come, and how long to wait for the rest."""

from __future__ import annotations

import threading

from mvsnap.recorder.command import Container
from mvsnap.recorder.history import Run, written_until
from mvsnap.recorder.model import State, Timing
from mvsnap.recorder.ring import Ring
from mvsnap.recorder.times import Times

WHOLE_S = 0.25  # two pictures later, the last requested one is written completely
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
        if run is None or (_written(run, self._times) or 0.0) >= end:
            return False
        return self._times.now() - end < self._late_s(run)

    def _late_s(self, run: Run) -> float:
        if run.container is not Container.MKV:
            return self._timing.late_s
        every_s = 2 / (self._ring.camera.framerate or 1)
        # What Matroska holds can be read once its segment is closed: by a keyframe.
        gop_s = 1 + (self._ring.history.longest_s() or _FIRST_GOP_S)
        return max(self._timing.late_s, every_s, gop_s)


def _written(run: Run, times: Times) -> float | None:
    if run.container is Container.TS:
        return written_until(run.open_path, run, times)
    return run.segments[-1].end + WHOLE_S if run.segments else None
