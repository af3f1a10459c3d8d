"""Loops in the background: they go on after errors, say so once, and end at once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from mvsnap.clock import SystemClock
from mvsnap.loop import Chores, Every, Loop, Step, stop_all
from tests.servers.processes import wait_until

NEVER_S = 600.0


class Away(Exception):
    pass


class Counter:
    """A step that counts, and fails with `error` while there is one."""

    def __init__(self) -> None:
        self.taken = 0
        self.error: Exception | None = None
        self.wait_s: float | None = None

    def __call__(self) -> float | None:
        self.taken += 1
        error = self.error  # a test may take it away just now
        if error is not None:
            raise error
        return self.wait_s

    def wait_for(self, number: int) -> None:
        wait_until(lambda: self.taken >= number, f"step {number}", 30)


class MovedClock(SystemClock):
    def __init__(self) -> None:
        super().__init__()
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@contextmanager
def running(step: Step, every_s: float, **given: object) -> Iterator[Loop]:
    make: Callable[..., Loop] = Loop
    loop = make("test loop", step, every_s, SystemClock(), **given)
    loop.start()
    try:
        yield loop
    finally:
        loop.stop()


def is_alive(name: str = "test loop") -> bool:
    return any(thread.name == name for thread in threading.enumerate())


def of_loops(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return what loops say, whoever else is in this process."""
    return [record for record in caplog.records if record.name == "mvsnap.loop"]


def test_steps_follow_each_other_until_it_is_stopped() -> None:
    step = Counter()
    with running(step, 0.001) as loop:
        step.wait_for(3)
        loop.stop()
        assert not is_alive()


def test_stopping_wakes_at_once_and_only_once() -> None:
    step = Counter()
    with running(step, NEVER_S) as loop:
        step.wait_for(1)
        began_s = time.monotonic()
        loop.stop(60)
        assert time.monotonic() - began_s < 30
        assert not is_alive()
        loop.stop()  # twice is no error
    assert step.taken == 1


def test_a_loop_that_never_started_can_be_stopped() -> None:
    Loop("test loop", Counter(), 1, SystemClock()).stop()


def test_the_end_of_the_clock_ends_it() -> None:
    step, clock = Counter(), SystemClock()
    loop = Loop("test loop", step, 0.001, clock)
    loop.start()
    step.wait_for(2)
    clock.stop()
    wait_until(lambda: not is_alive(), "it ends", 30)


def test_waking_lets_the_next_step_begin_at_once() -> None:
    step = Counter()
    with running(step, NEVER_S) as loop:
        for number in (1, 2, 3):
            step.wait_for(number)
            loop.wake()
        step.wait_for(4)


def test_waking_while_a_step_runs_is_not_lost() -> None:
    begun, go_on, steps = threading.Event(), threading.Event(), Counter()

    def step() -> None:
        begun.set()
        assert go_on.wait(10)
        steps()

    with running(step, NEVER_S) as loop:
        assert begun.wait(10)
        loop.wake()
        go_on.set()
        steps.wait_for(2)


def test_a_step_may_say_when_the_next_one_is_due() -> None:
    step = Counter()
    step.wait_s = 0
    with running(step, NEVER_S):
        step.wait_for(3)


def test_a_failing_step_ends_nothing_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="mvsnap.loop")
    step = Counter()
    step.error = ValueError("first")
    with running(step, 0.001):
        step.wait_for(4)
        step.error = KeyError("another one")
        step.wait_for(step.taken + 4)
        step.error = None
        step.wait_for(step.taken + 4)
    records = of_loops(caplog)
    told = [(r.levelname, bool(r.exc_info), r.getMessage()) for r in records]
    assert told == [
        ("ERROR", True, "test loop: failed, will be tried again"),
        ("ERROR", True, "test loop: failed, will be tried again"),
        ("INFO", False, "test loop: works again"),
    ]


def test_an_outage_is_logged_without_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    step = Counter()
    step.error = Away("password=secret")
    with running(step, 0.001, outages=(Away,)):
        step.wait_for(4)
    (record,) = of_loops(caplog)
    assert (record.levelname, record.exc_info) == ("ERROR", None)
    assert record.getMessage() == "test loop: waiting until it works again (Away)"


def test_after_a_failure_it_waits_whoever_wakes_it_but_not_at_its_end() -> None:
    step = Counter()
    step.error = Away()
    with running(step, 0, failed_s=NEVER_S) as loop:
        step.wait_for(1)
        loop.wake()
        with pytest.raises(AssertionError):
            wait_until(lambda: step.taken > 1, "no step follows", 0.3)
        loop.stop(60)
        assert not is_alive()


def test_what_is_done_at_its_end_is_done_in_its_thread() -> None:
    names: list[str] = []
    with running(
        Counter(), 1, at_end=lambda: names.append(threading.current_thread().name)
    ):
        pass
    assert names == ["test loop"]


def test_several_share_the_time_to_end() -> None:
    hanging = threading.Event()
    loops = [
        Loop(f"loop {n}", lambda: None if hanging.wait(30) else None, 1, SystemClock())
        for n in range(4)
    ]
    for loop in loops:
        loop.start()
    began_s = time.monotonic()
    stop_all(loops, 0.5)
    took_s = time.monotonic() - began_s
    hanging.set()
    stop_all(loops, 10)
    assert 0.4 < took_s < 1.9  # and not half a second each
    assert not any(is_alive(f"loop {n}") for n in range(4))


def test_chores_are_done_when_they_are_due_and_one_that_fails_alone_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = MovedClock()
    chores = Chores(clock)
    always, hourly, later = Counter(), Counter(), Counter()
    always.error = ValueError("x")
    chores.add("always", always)
    chores.add("hourly", hourly, 3600)
    chores.add("later", later, 3600, first_s=15)
    for passed_s in (0, 10, 10, 3600):
        clock.now_s += passed_s
        chores()
    assert (always.taken, hourly.taken, later.taken) == (4, 2, 2)
    assert [r.getMessage() for r in of_loops(caplog)] == [
        "always: failed, will be tried again"
    ]
    hourly.wait_s = 0  # more is to be done
    clock.now_s += 3600
    chores()
    chores()
    assert hourly.taken == 4


def test_no_chore_begins_when_the_process_ends() -> None:
    clock, step = SystemClock(), Counter()
    chores = Chores(clock)
    chores.add("chore", step)
    clock.stop()
    chores()
    assert step.taken == 0


def test_every_is_due_again_after_its_time() -> None:
    clock = MovedClock()
    every = Every(5, clock)
    assert every.due()
    clock.now_s += 4
    assert not every.due()
    clock.now_s += 1
    assert every.due()
