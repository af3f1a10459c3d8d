"""Timeline: from a stream's own seconds to the machine's; coverage of a window. Pure.

All moments are seconds of the monotonic clock: a step of the wall clock, such as the
first NTP answer on a Raspberry Pi, moves no video.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Sequence

from msgspec import Struct

# This many segments decide; a camera's clock may drift by seconds a day.
_WINDOW = 30
# This many segments are enough to know a stream's pace, and to recognise a clock that
# was set, by more than this.
_SURE = 3
_EARLY_S = 3.0
# After so many, one of them has come without much delay.
_VERY_SURE = 10
_LITTLE_EARLY_S = 1.0
# What comes within this time counts as one: a connection begins with a heap of pictures
# that have waited, each of them for less long than the one before.
_AT_ONCE_S = 0.5
# Less than this between two segments is rounding.
SLACK_S = 0.3
# A picture that is this many times as late as usual is missing; one that is alone in a
# clip says less about its stream.
_MISSED = 2.5
_LONE = 1.5
_FEW_WAITS = 2
# Up to here, what happens a few times in a clip is a stream of a changing rate.
_OFTEN = 3
_OFTEN_S = 1.5

Span = tuple[float, float]


class Anchor:
    """Estimates when second 0 of a stream was: the least delayed picture decides."""

    def __init__(self) -> None:
        self._offsets: deque[tuple[float, float]] = deque(maxlen=_WINDOW)

    def learn(self, at_s: float, arrived: float) -> bool:
        """Learn when a moment of the stream was; False if the stream's clock was set.

        What arrives is late now and then, but never seconds early.
        """
        if self.is_early(at_s, arrived):
            return False
        offset = arrived - at_s
        if self._offsets and arrived - self._offsets[-1][0] < _AT_ONCE_S:
            came, known = self._offsets.pop()
            self._offsets.append((came, min(known, offset)))
        else:
            self._offsets.append((arrived, offset))
        return True

    def is_early(self, at_s: float, arrived: float) -> bool:
        known = len(self._offsets)
        most_s = _LITTLE_EARLY_S if known >= _VERY_SURE else _EARLY_S
        return known >= _SURE and arrived - at_s < self._zero - most_s

    @property
    def knows(self) -> bool:
        return bool(self._offsets)

    @property
    def _zero(self) -> float:
        return min(offset for _, offset in self._offsets)

    def place(self, start_s: float, end_s: float) -> Span:
        """Return when a segment began and ended, by what was learned."""
        return start_s + self._zero, end_s + self._zero


class Coverage(Struct, frozen=True):
    """How much of a wanted window exists."""

    gaps: tuple[Span, ...]

    @property
    def is_whole(self) -> bool:
        return not self.gaps


def coverage(spans: Iterable[Span], want: Span, slack_s: float = SLACK_S) -> Coverage:
    """Return the times within `want` that no span covers, in order."""
    begin, end = want
    gaps = []
    at = begin
    for first, last in sorted(spans):
        if first - at > slack_s and at < end:
            gaps.append((at, min(first, end)))
        at = max(at, last)
    if end - at > slack_s:
        gaps.append((at, end))
    return Coverage(tuple(gaps))


class Pace(Struct, frozen=True):
    """How long a picture of a stream lasts: usually, and at most until the next.

    edge_s: the most that may be missing after the last one has lasted as usual, and
        before the first one.
    """

    usual_s: float
    slack_s: float

    @property
    def edge_s(self) -> float:
        return max(SLACK_S, self.slack_s - self.usual_s)


def pace_of(
    shown: Sequence[float], lengths_s: Sequence[float], expected_s: float
) -> Pace:
    """Return the pace of a stream, by its pictures in a clip and its segments.

    A camera may send fifteen pictures a second, or one in sixteen seconds; some send
    fewer while nothing moves. One wait is no measure: it may be the silence itself.

    shown: when each picture is; lengths_s: of its segments, also those outside of the
        clip: none of them is shorter than a picture; expected_s: what counts while
        there are too few of both.
    """
    waits = sorted(b - a for a, b in itertools.pairwise(shown))
    known = _middle(waits)
    if len(lengths_s) >= _SURE:
        known += _middle(sorted(lengths_s))
    elif len(waits) < _FEW_WAITS:
        known.append(expected_s)
    usual_s = min(known)
    if not waits:
        return Pace(usual_s, _LONE * usual_s + SLACK_S)
    often_s = waits[-_OFTEN] if len(waits) >= 2 * _OFTEN else 0.0
    slack_s = max(SLACK_S, _MISSED * usual_s, min(_MISSED * often_s, _OFTEN_S))
    return Pace(usual_s, slack_s)


def _middle(sorted_s: Sequence[float]) -> list[float]:
    """Return the one in the middle, of two the shorter; none of none."""
    return [sorted_s[(len(sorted_s) - 1) // 2]] if sorted_s else []


def shown_spans(shown: Sequence[float], end: float, slack_s: float) -> tuple[Span, ...]:
    """Return the times that pictures show: each lasts until the next, or is the last.

    end: when the last picture ends.
    """
    spans: list[Span] = []
    first = shown[0]
    for at, following in itertools.pairwise(shown):
        if following - at > slack_s:
            spans.append((first, at))
            first = following
    return (*spans, (first, end))
