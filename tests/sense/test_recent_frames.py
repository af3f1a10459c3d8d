"""Frames of other listeners are kept for a while, and never too many of them."""

from __future__ import annotations

import os

from mvsnap.sense.framing import Frame
from mvsnap.sense.recent_frames import Arrival, RecentFrames


def frame(number: int, payload: bytes = b"3") -> Frame:
    return b"/merakimv/Q2SM-0000-0001/%d" % number, payload, number % 2 == 0, 0


def kept(recent: RecentFrames) -> list[Arrival]:
    return [arrival for span in recent.spans() for arrival in span]


def test_they_come_back_as_they_came() -> None:
    recent = RecentFrames()
    for number in range(10):
        recent.put(number * 0.3, number, [frame(number), frame(number + 1)])
    assert kept(recent) == [
        Arrival(number * 0.3, number, [frame(number), frame(number + 1)])
        for number in range(10)
    ]
    assert kept(recent) == kept(recent)


def test_a_span_is_about_a_second() -> None:
    recent = RecentFrames()
    for number in range(50):
        recent.put(number * 0.1, number, [frame(number)])
    spans = list(recent.spans())
    assert len(spans) > 4
    assert all(span[-1].came_s - span[0].came_s < 1.2 for span in spans)


def test_old_ones_are_forgotten() -> None:
    recent = RecentFrames(kept_s=10)
    for second in range(0, 60, 2):
        recent.put(second, second, [frame(second)])
    assert min(one.came_s for one in kept(recent)) >= 46


def test_a_flood_takes_no_more_than_it_may() -> None:
    recent = RecentFrames(most_bytes=100_000)
    for number in range(200):
        recent.put(number / 1000, 0, [frame(number, os.urandom(5_000))])
    numbers = [one.frames[0][0] for one in kept(recent)]
    assert recent._bytes <= 100_000
    recent.put(1.0, 0, [frame(1000, os.urandom(2_000_000))])
    assert recent._bytes <= 100_000
    assert len(numbers) < 200
