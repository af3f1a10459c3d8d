"""Timeline: from a stream's own seconds to the machine's; coverage of a window. Pure.

All moments are seconds of the monotonic clock: a step of the wall clock, such as the
first NTP answer on a Raspberry Pi, moves no video.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# This many segments decide; a camera's clock may drift by seconds a day.
_WINDOW = 30
# This many segments are enough to recognise a clock that was set, by more than this.
_SURE = 3
_EARLY_S = 3.0
# Less than this between two segments is rounding.
SLACK_S = 0.3
# A picture that is this many times as late as usual is missing.
_MISSED = 2.5
# Up to here, what happens a few times in a clip is a stream of a changing rate.
_OFTEN = 3
_OFTEN_S = 1.5

Span = tuple[float, float]


class Anchor:
    """Estimates when second 0 of a stream was: the least delayed segment decides."""

    def __init__(self) -> None:
        self._offsets: deque[float] = deque(maxlen=_WINDOW)

    def learn(self, at_s: float, arrived: float) -> bool:
        """Learn when a moment of the stream was; False if the stream's clock was set.

        What arrives is late now and then, but never seconds early.
        """
        if self.is_early(at_s, arrived):
            return False
        self._offsets.append(arrived - at_s)
        return True

    def is_early(self, at_s: float, arrived: float) -> bool:
        is_sure = len(self._offsets) >= _SURE
        return is_sure and arrived - at_s < min(self._offsets) - _EARLY_S

    @property
    def knows(self) -> bool:
        return bool(self._offsets)

    def place(self, start_s: float, end_s: float) -> Span:
        """Return when a segment began and ended, by what was learned."""
        offset = min(self._offsets)
        return start_s + offset, end_s + offset


@dataclass(frozen=True, slots=True)
class Coverage:
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


def longest_wait_s(
    shown: Sequence[float], lengths_s: Sequence[float]
) -> tuple[float, float]:
    """Return how long a picture of this stream lasts: usually, and at most.

    A camera may send fifteen pictures a second, or one in sixteen seconds; some send
    fewer while nothing moves.

    shown: when each picture is; lengths_s: of the segments, for a clip of one picture.
    """
    waits = sorted(b - a for a, b in itertools.pairwise(shown)) or sorted(lengths_s)
    usual_s = waits[(len(waits) - 1) // 2]
    often_s = waits[-_OFTEN] if len(waits) >= 2 * _OFTEN else 0.0
    slack_s = max(SLACK_S, _MISSED * usual_s, min(_MISSED * often_s, _OFTEN_S))
    return usual_s, slack_s


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
