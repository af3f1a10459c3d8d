"""Our clock is set while people stand there: nothing ends, begins or repeats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mvsnap.clock import StepWatch
from mvsnap.domain import Event, EventKind, Presence
from tests.core.build import GATE, NOON
from tests.sense.frames import detector, frame
from tests.test_clock import DAY, HOUR, SetClock

STEPS = [HOUR, 25 * HOUR, 365 * DAY, -HOUR, -25 * HOUR, -365 * DAY]
SINCE_1970 = NOON - datetime(1970, 1, 1, tzinfo=UTC)
NOISE = {"level_db": -20, "dwell_s": 5, "dropout_s": 2, "cooldown_s": 60}
CROSSING = {"count": 3, "window_s": 60, "cooldown_s": 60}
BUSY = {EventKind.CROWD: 5, EventKind.NOISE: -10}
QUIET = {EventKind.CROWD: 0, EventKind.NOISE: -60}


class Site:
    """A second at a time: a camera whose clock is right sends to ours.

    stamped: whether it sends the time. ahead: how far ours is at the start.
    """

    def __init__(self, *, stamped: bool, ahead: timedelta = timedelta()) -> None:
        self.clock = SetClock()
        self.clock.wall = NOON + ahead
        self.steps = StepWatch(self.clock)
        self.stamped = stamped
        self.true = NOON
        self.detector = detector(
            dwell_s=5, cooldown_s=60, noise=NOISE, crossings=[CROSSING]
        )
        self.events: list[Event] = []
        self.presences: list[Presence] = []

    def set(self, by: timedelta) -> None:
        """Set the clock; nobody looks for messages first, but for what is silent."""
        self.clock.set(by)
        self.look()
        self.detector.expire(self.clock.now())
        self.gather()

    def look(self) -> None:
        if step := self.steps.step():
            self.detector.clock_was_set(step)

    def gather(self) -> None:
        found = self.detector.drain(checkpoint=True)
        self.events += found.events
        self.presences += found.presences

    def stay(self, kind: EventKind, seconds: int, level: int) -> None:
        for _ in range(seconds):
            self.go(1)
            if kind is EventKind.CROWD:
                self.send("7", {"counts": {"person": level}})
            else:
                self.send("audio_analytics", {"audioLevel": level})

    def cross(self, times: int) -> None:
        line = {"event": "crossing_in", "type": "person"}
        for number in range(times):
            self.go(1)
            self.send("crossing/k1", {**line, "object_id": number})

    def go(self, seconds: int) -> None:
        self.clock.go(timedelta(seconds=seconds))
        self.true += timedelta(seconds=seconds)

    def send(self, topic: str, body: dict[str, Any]) -> None:
        stamp = {"ts": round(self.true.timestamp() * 1000)} if self.stamped else {}
        self.look()
        sent = frame(f"/merakimv/{GATE}/{topic}", stamp | body)
        self.detector.process([sent], self.clock.now())
        self.detector.expire(self.clock.now())
        self.gather()

    @property
    def kinds(self) -> list[EventKind]:
        return [event.kind for event in self.events]


@pytest.mark.parametrize("stamped", [True, False], ids=["stamped", "unstamped"])
@pytest.mark.parametrize("kind", [EventKind.CROWD, EventKind.NOISE])
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_step_neither_ends_nor_repeats(
    step: timedelta, kind: EventKind, stamped: bool
) -> None:
    site = Site(stamped=stamped)
    site.stay(kind, 20, BUSY[kind])
    site.set(step)
    site.stay(kind, 20, BUSY[kind])
    assert site.kinds == [kind]
    site.stay(kind, 10, QUIET[kind])
    assert site.kinds == [kind, EventKind.END]
    assert site.events[1].details["of"] == site.events[0].id
    assert site.events[1].details["duration_s"] == 39
    # The cool-down is as long as it was; what comes then has the time of then.
    site.go(60)
    site.stay(kind, 20, BUSY[kind])
    assert site.kinds == [kind, EventKind.END, kind]
    again = site.events[2]
    assert "muted_by" not in again.details
    ours = NOON if stamped else NOON + step
    assert again.occurred_at - ours == timedelta(seconds=111)


@pytest.mark.parametrize("ahead", [-SINCE_1970, 365 * DAY, 25 * HOUR, -HOUR], ids=str)
@pytest.mark.parametrize("kind", [EventKind.CROWD, EventKind.NOISE])
def test_a_clock_that_was_wrong_from_the_start_is_put_right(
    ahead: timedelta, kind: EventKind
) -> None:
    site = Site(stamped=True, ahead=ahead)
    site.stay(kind, 20, BUSY[kind])
    site.set(-ahead)
    site.stay(kind, 20, BUSY[kind])
    site.stay(kind, 70, QUIET[kind])
    assert site.kinds == [kind, EventKind.END]
    assert site.events[1].details["duration_s"] == 39
    site.stay(kind, 20, BUSY[kind])
    assert site.kinds == [kind, EventKind.END, kind]
    assert site.events[2].occurred_at == NOON + timedelta(seconds=111)


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_crowd_goes_on_after_a_restart_behind_a_step(step: timedelta) -> None:
    site = Site(stamped=False)
    site.stay(EventKind.CROWD, 20, 5)
    site.set(step)
    site.stay(EventKind.CROWD, 5, 5)
    (zone,) = site.detector.zones()
    state = zone.state()
    site.detector = detector(dwell_s=5, cooldown_s=60)
    site.detector.restore({(zone.serial, zone.zone_id): state}, site.clock.now())
    site.stay(EventKind.CROWD, 20, 5)
    site.stay(EventKind.CROWD, 10, 0)
    assert site.kinds == [EventKind.CROWD, EventKind.END]
    assert site.events[1].details["duration_s"] == 44


@pytest.mark.parametrize("stamped", [True, False], ids=["stamped", "unstamped"])
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_presences_are_as_long_as_they_were(step: timedelta, stamped: bool) -> None:
    site = Site(stamped=stamped)
    site.stay(EventKind.CROWD, 20, 1)
    site.set(step)
    site.stay(EventKind.CROWD, 20, 1)
    site.stay(EventKind.CROWD, 10, 0)
    lasted = sum((p.time_out - p.time_in for p in site.presences), timedelta())
    assert timedelta(seconds=38) <= lasted <= timedelta(seconds=39)
    last = site.presences[-1].time_out
    assert last == (NOON if stamped else NOON + step) + timedelta(seconds=40)


@pytest.mark.parametrize("stamped", [True, False], ids=["stamped", "unstamped"])
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_crossings_on_both_sides_of_a_step_count_together(
    step: timedelta, stamped: bool
) -> None:
    site = Site(stamped=stamped)
    site.cross(2)
    site.set(step)
    site.cross(1)
    assert site.kinds == [EventKind.CROSSING]
    site.go(61)
    site.cross(3)
    assert site.kinds == [EventKind.CROSSING] * 2
