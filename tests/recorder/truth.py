"""Whether a clip shows what it says: its pictures have the time drawn into them.

Each picture holds its number; the camera shows number `n` at `n / fps` seconds of the
real clock, again after as many as there are in its film. No clock is set by a multiple
of that.
"""

from __future__ import annotations

import itertools
from datetime import datetime
from statistics import median

from mvsnap.recorder import ClipResult
from mvsnap.simulator.video import FakeVideo
from tests.servers.rtsp import FPS, PICTURES, SLOW, pictures

_LATE_S = 0.3  # the most that a picture may be away from its moment
# The same for a connection of a few seconds: a busy machine may receive all of it late.
_LATE_SHORT_S = 2.5
_MISSED_S = 0.6  # the shortest silence of a camera that is a gap


def numbers_per_s(url: str) -> float | None:
    """Return how many numbers a second this camera has; None: it draws none."""
    if url.startswith("rtsp"):
        # What ffmpeg replays begins anew for each viewer: it draws no time.
        return None if "-" in url.rpartition("/")[2] else FPS
    return FakeVideo.fps if url.endswith((".mjpg", ".jpg")) else None


def seconds_per_picture(url: str, fps: float) -> float:
    return SLOW.get(url.rpartition("/")[2], 1 / fps)


def assert_true(
    clip: ClipResult,
    fps: float,
    since: datetime,
    *,
    every_s: float,
    is_stamped: bool,
    clock_s: float = 0,
) -> None:
    """Compare began_at, ended_at, gaps and each picture's place with its own time.

    since: what was before was not asked for: a clip begins with a whole segment.
    every_s: how long a picture lasts that is the only one.
    is_stamped: the camera says when each picture was; others are placed as they come.
    clock_s: by how much the clock of the recorder is ahead of the real one.
    """
    assert clip.path is not None
    assert clip.began_at is not None
    assert clip.ended_at is not None
    began, ended = (_real(at, clock_s) for at in (clip.began_at, clip.ended_at))
    found = pictures(clip.path)
    shown = [_shown(number, began + at_s, fps) for at_s, number in found]
    on_demand = "no pre-roll" in (clip.note or "")
    late_s = (_LATE_SHORT_S if on_demand else _LATE_S) + 1 / fps
    off = [
        (real - (began + at_s), f"picture {number} at {at_s} s")
        for (at_s, number), real in zip(found, shown, strict=True)
    ]
    wrong = [one for one in off if abs(one[0]) >= late_s]
    # A busy machine receives some late; it receives none early, nor many late.
    is_held_up = len(wrong) <= len(off) // 5 and all(
        -late_s - 1 < off_s < 0 for off_s, _ in wrong
    )
    assert not wrong or (is_held_up and not is_stamped), f"seconds off: {wrong}"
    waits = [b - a for a, b in itertools.pairwise(shown)]
    usual_s = median(waits) if waits else every_s
    assert shown[-1] - late_s < ended < shown[-1] + max(usual_s, 1) + late_s
    gaps = [
        tuple(_real(at, clock_s) for at in (g.began_at, g.ended_at)) for g in clip.gaps
    ]
    for begin, end in gaps:
        within = [real for real in shown if begin + late_s < real < end - late_s]
        assert not within, f"{len(within)} pictures are in a gap"
    for first, then in itertools.pairwise(shown):
        first = max(first, _real(since, clock_s))
        if then - first > max(_MISSED_S, 3 * usual_s):
            middle = (first + then) / 2
            is_named = any(begin <= middle <= end for begin, end in gaps)
            assert is_named, f"nothing for {then - first:.1f} s, and no gap is named"
    assert clip.partial == bool(clip.gaps)


def _real(at: datetime, clock_s: float) -> float:
    return at.timestamp() - clock_s


def _shown(number: int, near: float, fps: float) -> float:
    """Return when the camera showed this picture: the time nearest to `near`."""
    loop_s = PICTURES / fps
    laps = round((near - number / fps) / loop_s)
    return number / fps + laps * loop_s
