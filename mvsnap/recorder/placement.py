"""Placement: when the pictures of a connection were, by when they came.

ffmpeg writes a picture when the next but one begins to arrive: its parser waits for the
next one, and so does `setts`. So what is written says when a picture came that is
written later, and until that is there, it waits.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path

from msgspec import Struct

from mvsnap.recorder import stamps
from mvsnap.recorder.command import Container
from mvsnap.recorder.run import Run
from mvsnap.recorder.stamps import Follower, Stamp
from mvsnap.recorder.timeline import Anchor, Span

_HELD = 2  # pictures
_MOST_WAITING = 100
_SETTLED = 20  # looks at a segment that is not complete
_SLOW_S = 0.5  # pictures further apart than this are few


class Listed(Struct, frozen=True):
    """A segment as ffmpeg lists it, when the next one has begun."""

    number: int
    start_s: float
    end_s: float
    arrived: float

    def picture_s(self, following: Listed) -> float:
        """Return how long its picture lasted, if it has only one."""
        is_single = self.end_s - self.start_s < _SLOW_S
        return following.start_s - self.start_s if is_single else 0.0


class Placement:
    """Of one run. Moments of the stream are its own seconds.

    was_set: its times cannot be those of the stream so far. every_s: from one picture
        to the next, of a camera with few.
    """

    def __init__(self, run: Run, expected_s: float) -> None:
        """expected_s: from one picture to the next, until two are there."""
        self._run = run
        self._expected_s = expected_s
        self._guess: float | None = None  # of second 0, while nothing is known
        self._anchor = Anchor()
        self._last: Listed | None = None
        self._followed: Follower | None = None
        # When something was written, and how many pictures later is that which had
        # come by then.
        self._waiting: deque[tuple[float, int]] = deque(maxlen=_MOST_WAITING)
        self._looks = 0
        self.was_set = False
        self.every_s = 0.0
        self._is_regular = False

    @property
    def is_settling(self) -> bool:
        return self._looks < _SETTLED and self._run.container is Container.TS

    @property
    def _is_heap(self) -> bool:
        """The first segments of a camera with few pictures may come all at once."""
        return self.is_settling and self.every_s > _SLOW_S and self._is_regular

    def look(self, now: float) -> float | None:
        """Learn from the open segment, to which something was added.

        That is for the begin of a run: a segment that is complete says more.

        Returns when the stream's second 0 was; None if it is not known, or settled.
        """
        if not self.is_settling:
            return None
        path = self._run.open_path
        if self._followed is None or self._followed.path != path:
            self._followed = Follower(path)
        new = self._followed.more()
        self._meet(new, 0.0)
        if new:
            if len(new) > 1:
                self._expected_s = stamps.after_s(new[-2].decoded_s, new[-1].decoded_s)
            self._guess = now - new[-1].shown_s - _HELD * self._expected_s
            self._waiting.append((now, _HELD))
            self._looks += 1
        if not self.is_settling:
            self._followed = None
            self._waiting.clear()
        is_known = self._anchor.knows or self._guess is not None
        return self._place(0.0, 0.0)[0] if is_known else None

    def place(
        self, listed: Listed, path: Path, late_s: float, *, is_last: bool
    ) -> Span:
        """Return when a segment, which is complete, began and ended.

        late_s: how long ffmpeg holds a picture back, where the file does not say it;
        is_last: it does no longer, as the connection ends.
        """
        last, self._last = self._last, listed
        is_next = last is not None and last.number + 1 == listed.number
        if self._run.container is Container.TS:
            self._read(listed, path)
            self._waiting.append((listed.arrived, _HELD + 1))
        if last is not None and is_next:
            before_s, self.every_s = self.every_s, last.picture_s(listed)
            self._is_regular = abs(before_s - self.every_s) < before_s / 10
            if self._run.container is Container.MKV:
                is_slow = self.every_s > _SLOW_S
                held_s = _HELD * self.every_s if is_slow else late_s
                self._learn(listed.start_s, last.arrived - held_s)
            # It may have been set within the segment that is complete now.
            self.was_set |= self._anchor.is_early(listed.end_s, listed.arrived)
        elif not self._anchor.knows and self._guess is None:
            self._learn(listed.end_s, listed.arrived - late_s)
        if self._is_heap and not is_last:
            come_s = listed.start_s + (_HELD + 1) * self.every_s
            self._guess = listed.arrived - come_s
        return self._place(listed.start_s, listed.end_s)

    def _place(self, start_s: float, end_s: float) -> Span:
        if self._guess is None:
            return self._anchor.place(start_s, end_s)
        zero = self._guess
        if self._anchor.knows:
            known = self._anchor.place(0.0, 0.0)[0]
            zero = min(known, zero) if self._is_heap else known
        return start_s + zero, end_s + zero

    def _read(self, listed: Listed, path: Path) -> None:
        followed, self._followed = self._followed, None
        if followed is not None and followed.path == path and path.exists():
            self._meet(followed.more(), 0.0)
            return
        new = stamps.firsts(path, _HELD + 1)
        if not new:
            self._waiting.clear()  # nobody knows how many were in it
        self._meet(new, listed.start_s)

    def _meet(self, pictures: list[Stamp], start_s: float) -> None:
        """Learn from pictures that are written now: the first was at start_s.

        Of a segment that is followed it is 0: as long as a run settles, its stamps are
        its seconds.
        """
        begin_s = pictures[0].shown_s if pictures and start_s else 0.0
        waiting = list(self._waiting)
        self._waiting.clear()
        for came, later in waiting:
            if later <= len(pictures):
                shown_s = pictures[later - 1].shown_s
                self._learn(start_s + stamps.ahead_s(begin_s, shown_s), came)
            else:
                self._waiting.append((came, later - len(pictures)))

    def _learn(self, at_s: float, came: float) -> None:
        self.was_set |= not self._anchor.learn(at_s, came)
