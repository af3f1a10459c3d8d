"""When cameras were last seen, of more cameras than are written at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from mvsnap.domain import Serial
from mvsnap.sense.events import Names
from mvsnap.sense.heartbeat import Heartbeat
from tests.clients.fakes import NOON, FakeClock


class Notes:
    """The store, as far as it is written to."""

    def __init__(self) -> None:
        self.written: list[dict[Serial, datetime]] = []

    def note_last_seen(self, last_seen: dict[Serial, datetime], now: datetime) -> None:
        self.written.append(last_seen)


def test_every_camera_of_a_large_site_is_seen() -> None:
    clock, notes = FakeClock(), Notes()
    seen = {Serial(f"Q2SM-0000-{n:04d}"): clock.now() for n in range(5000)}
    detector: Any = SimpleNamespace(
        events=SimpleNamespace(names=Names()), last_seen=lambda since: seen
    )
    made: Any = Heartbeat(notes, None, clock)  # type: ignore[arg-type]
    for _ in range(4):
        made.note_last_seen(detector)
        clock.pass_time(5)
    assert [len(some) for some in notes.written] == [2000, 2000, 1000, 0]
    assert {serial for some in notes.written for serial in some} == seen.keys()
    clock.pass_time(timedelta(minutes=1).total_seconds())
    for serial in seen:
        seen[serial] = clock.now()
    made.note_last_seen(detector)
    assert len(notes.written[-1]) == 2000


def test_cameras_are_seen_after_the_clock_was_set_back() -> None:
    notes, moment_s = Notes(), [NOON, 0.0]
    clock: Any = SimpleNamespace(now=lambda: moment_s[0], monotonic=lambda: moment_s[1])
    detector: Any = SimpleNamespace(
        events=SimpleNamespace(names=Names()),
        last_seen=lambda since: {Serial("Q2SM-0000-0001"): moment_s[0]},
    )
    made: Any = Heartbeat(notes, None, clock)  # type: ignore[arg-type]
    made.note_last_seen(detector)
    moment_s[:] = [NOON - timedelta(hours=1), 61.0]
    made.note_last_seen(detector)
    assert [list(some.values()) for some in notes.written] == [
        [NOON],
        [NOON - timedelta(hours=1)],
    ]
