"""Presence: when people were seen in a zone, from counts. Pure.

A presence begins with the first count above zero and ends with the last one before
`GAP_MS` without anybody. One that lasts longer than `CUT_MS` is split into several, so
that pages show it while it lasts.
"""

from __future__ import annotations

from msgspec import Struct

from mvsnap.core.crowd import SILENCE_MS

GAP_MS = 5_000
CUT_MS = 900_000


class PresenceSpan(Struct, frozen=True):
    """People were seen from `in_ms` to `out_ms`."""

    in_ms: int
    out_ms: int
    peak_people: int


class PresenceWatch:
    """One zone; `changed` is set when the state that a restart needs has changed."""

    __slots__ = ("changed", "in_ms", "out_ms", "peak")

    def __init__(self) -> None:
        self.in_ms = -1
        self.out_ms = -1
        self.peak = 0
        self.changed = False

    def see(self, ts_ms: int, people: int) -> PresenceSpan | None:
        """Process one count, in order of time; return a presence that is over."""
        over = None
        if people > 0:
            if (
                self.in_ms >= 0
                and ts_ms - self.out_ms > SILENCE_MS
                or self.in_ms >= 0
                and ts_ms - self.in_ms >= CUT_MS
            ):
                over = self._end()
            if self.in_ms < 0:
                self.in_ms = ts_ms
                self.peak = 0
                self.changed = True
            self.out_ms = ts_ms
            if people > self.peak:
                self.peak = people
                self.changed = True
        elif self.in_ms >= 0 and ts_ms - self.out_ms > GAP_MS:
            over = self._end()
        return over

    def finish(self) -> PresenceSpan | None:
        """End what is under way: no more messages will be received."""
        return self._end() if self.in_ms >= 0 else None

    @property
    def is_open(self) -> bool:
        return self.in_ms >= 0

    def _end(self) -> PresenceSpan:
        over = PresenceSpan(self.in_ms, self.out_ms, self.peak)
        self.in_ms = -1
        self.changed = True
        return over

    def state(self) -> list[int] | None:
        return [self.in_ms, self.out_ms, self.peak] if self.in_ms >= 0 else None

    def restore(self, known: list[int] | None) -> None:
        if known:
            self.in_ms, self.out_ms, self.peak = known
