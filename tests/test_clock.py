"""Ages go by what passed, whatever somebody sets the clock to meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mvsnap.clock import PLAUSIBLE_FROM, ClockSettings, SystemClock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


class SetClock(SystemClock):
    """Moves on request: `go` as time does, `set` as somebody who sets the clock."""

    def __init__(self, wall: datetime = NOW) -> None:
        super().__init__()
        self.wall = wall
        self.uptime = timedelta(days=3)
        self.passed_since_start()

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.uptime.total_seconds()

    def go(self, passed: timedelta) -> None:
        self.wall += passed
        self.uptime += passed

    def set(self, by: timedelta) -> None:
        self.wall += by


STEPS = [
    timedelta(0),
    timedelta(seconds=59),
    HOUR,
    -HOUR,
    timedelta(hours=25),
    365 * DAY,
    -365 * DAY,
]


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_step_makes_nothing_older(step: timedelta) -> None:
    clock = SetClock()
    before = clock.now()
    clock.go(4 * timedelta(minutes=1))
    clock.set(step)
    assert clock.passed_since(before) <= timedelta(minutes=5)
    if abs(step) >= HOUR:
        assert clock.passed_since(before) == timedelta(minutes=4)
        assert clock.passed_since_step() == timedelta(0)
    clock.go(2 * HOUR)
    assert clock.passed_since(clock.now() - HOUR / 2) == HOUR / 2
    assert clock.passed_since_start() == 2 * HOUR + timedelta(minutes=4)


def test_what_was_before_the_start_is_as_old_as_the_clock_says() -> None:
    clock = SetClock()
    assert clock.passed_since(clock.now() - 30 * DAY) == 30 * DAY
    clock.set(365 * DAY)
    assert clock.passed_since(clock.now() - 395 * DAY) == 30 * DAY


def test_a_moment_to_come_is_no_older_than_the_process() -> None:
    clock = SetClock()
    later = clock.now() + 10 * DAY
    clock.go(HOUR)
    assert clock.passed_since(later) == HOUR


def test_old_rows_are_old_by_every_setting() -> None:
    clock = SetClock()
    right = clock.now() - DAY
    clock.set(365 * DAY)
    assert clock.moment_before(DAY) == right
    clock.go(3 * DAY)
    assert clock.moment_before(DAY) == clock.now() - DAY  # the old one is forgotten


@pytest.mark.parametrize("step", [56 * 365 * DAY, 60 * DAY, 25 * HOUR], ids=str)
def test_what_came_before_ntp_is_not_removed_at_once(step: timedelta) -> None:
    clock = SetClock()
    clock.go(2 * HOUR)
    early = clock.now()
    clock.set(step)
    assert clock.removable_before(30 * DAY) <= early
    clock.go(3 * DAY)
    clock.removable_before(30 * DAY)
    assert clock.removable_before(30 * DAY) == clock.now() - 30 * DAY


def test_times_of_1970_are_known_to_be_wrong_once_ntp_came() -> None:
    right = SetClock().now()
    clock = SetClock(datetime(1970, 1, 1, 0, 0, 20, tzinfo=UTC))
    clock.go(MINUTE)
    assert clock.wrong_times() == []
    assert clock.was_wrong_within(6 * HOUR)
    clock.set(right - clock.now())
    early = datetime(1970, 1, 1, 0, 1, 20, tzinfo=UTC)
    (wrong,) = clock.wrong_times()
    assert early - MINUTE < wrong.until < early + 2 * MINUTE
    assert early + wrong.behind == right
    assert clock.removable_before(30 * DAY) < early
    clock.are_put_right([wrong])
    assert clock.wrong_times() == []
    assert clock.removable_before(30 * DAY) == right - 30 * DAY
    assert clock.was_wrong_within(6 * HOUR)
    clock.go(7 * HOUR)
    assert not clock.was_wrong_within(6 * HOUR)


@pytest.mark.parametrize("step", [-DAY, 25 * HOUR, 365 * DAY], ids=str)
def test_a_clock_that_may_have_been_right_is_not_corrected(step: timedelta) -> None:
    clock = SetClock()
    clock.set(step)
    assert clock.wrong_times() == []
    assert not clock.was_wrong_within(6 * HOUR)


def test_times_are_never_put_right_backwards() -> None:
    """Such rows would stay before the end of the wrong time for ever."""
    clock = SetClock(PLAUSIBLE_FROM - HOUR)
    clock.set(-HOUR / 2)
    clock.passed_since_step()
    clock.go(2 * HOUR)
    assert clock.now() > PLAUSIBLE_FROM
    assert clock.wrong_times() == []


def test_a_clock_set_back_removes_what_is_old() -> None:
    clock = SetClock()
    clock.set(-DAY)
    assert clock.removable_before(30 * DAY) == clock.now() - 30 * DAY
    clock.go(60 * DAY)
    assert clock.removable_before(30 * DAY) == clock.now() - 30 * DAY


def test_a_clock_that_steps_for_ever_costs_no_memory() -> None:
    clock = SetClock()
    for _ in range(1000):
        clock.set(HOUR)
        clock.passed_since_step()
    assert len(clock._nows()) <= 50


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("step", [-365 * DAY, -HOUR, -3 * SECOND, 3 * SECOND, HOUR])
def test_what_a_clock_said_before_a_step_was_read_when_it_was(step: timedelta) -> None:
    clock, settings = SetClock(), ClockSettings(SECOND / 2)
    settings.nows(clock.now(), clock.monotonic())
    clock.go(MINUTE)
    said, read_s = clock.now(), clock.monotonic()
    clock.go(SECOND)
    clock.set(step)
    clock.go(SECOND)

    def found(moment: datetime) -> float | None:
        return settings.read_s(moment, clock.now(), clock.monotonic(), 5)

    assert found(said) == read_s
    assert found(clock.now()) == clock.monotonic()
    # Another machine's clock may be ahead, yet not by as much.
    assert found(clock.now() + 4 * SECOND) is not None
    assert found(max(said, clock.now()) + MINUTE) is None


@pytest.mark.parametrize("step", [-365 * DAY, -HOUR])
def test_a_clock_that_is_a_little_ahead_is_not_the_one_of_before_a_step(
    step: timedelta,
) -> None:
    clock, settings = SetClock(), ClockSettings(SECOND / 2)
    settings.nows(clock.now(), clock.monotonic())
    clock.go(MINUTE)
    clock.set(step)
    clock.go(MINUTE)
    said = clock.now() + SECOND / 4
    found = settings.read_s(said, clock.now(), clock.monotonic(), 5)
    assert found == pytest.approx(clock.monotonic() + 0.25)


def test_a_moment_before_the_start_was_read_when_the_clock_says() -> None:
    clock, settings = SetClock(), ClockSettings()
    read_s = clock.monotonic() - HOUR.total_seconds()
    now, now_s = clock.now(), clock.monotonic()
    assert settings.read_s(now - HOUR, now, now_s, 5) == read_s
    assert settings.read_s(now + HOUR, now, now_s, 5) is None
