from __future__ import annotations

import threading

import pytest

from mvsnap.clients.meraki.budget import RequestBudget
from mvsnap.clock import SystemClock
from mvsnap.errors import UpstreamError
from tests.clients.fakes import FakeClock


def test_ten_calls_go_at_once_and_then_one_each_tenth_of_a_second() -> None:
    clock = FakeClock()
    budget = RequestBudget(clock, per_s=10, burst=10)
    went_at = []
    for _ in range(25):
        budget.acquire()
        went_at.append(round(clock.monotonic(), 3))
    assert went_at == [0.0] * 10 + [round(0.1 * n, 3) for n in range(1, 16)]


def test_a_pause_refills_the_burst_but_never_more_than_the_burst() -> None:
    clock = FakeClock()
    budget = RequestBudget(clock, per_s=10, burst=10)
    for _ in range(10):
        budget.acquire()
    clock.pass_time(0.5)
    for _ in range(5):
        budget.acquire()
    assert clock.asleep == []
    clock.pass_time(3600)
    for _ in range(11):
        budget.acquire()
    assert clock.asleep == [pytest.approx(0.1)]


def test_calls_of_many_threads_get_different_turns() -> None:
    clock = _Recorder()
    budget = RequestBudget(clock, per_s=10, burst=10)
    threads = [threading.Thread(target=budget.acquire) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(clock.wanted) == [pytest.approx(0.1 * n) for n in range(1, 31)]


def test_turns_are_given_in_the_order_of_asking() -> None:
    clock = _Recorder()
    budget = RequestBudget(clock, per_s=10, burst=1)
    for _ in range(5):
        budget.acquire()
    assert clock.wanted == [pytest.approx(0.1 * n) for n in range(1, 5)]


def test_a_rested_budget_lends_calls_that_are_paid_back_before_the_next() -> None:
    clock = FakeClock()
    budget = RequestBudget(clock, per_s=10, burst=9, borrow=8)
    went_at = []
    for _ in range(30):
        budget.acquire(urgent=True)
        went_at.append(round(clock.monotonic(), 3))
    assert went_at == [0.0] * 17 + [round(0.9 + 0.1 * n, 3) for n in range(13)]


def test_nothing_is_lent_while_the_bucket_is_not_full() -> None:
    clock = FakeClock()
    budget = RequestBudget(clock, per_s=10, burst=9, borrow=8)
    for _ in range(5):
        budget.acquire(urgent=True)
    clock.pass_time(0.25)
    for _ in range(6):
        budget.acquire(urgent=True)
    assert clock.asleep == []
    budget.acquire(urgent=True)
    assert clock.asleep == [pytest.approx(0.05)]


def test_other_calls_let_an_urgent_burst_pass_first() -> None:
    clock = FakeClock()
    budget = RequestBudget(clock, per_s=10, burst=9, borrow=8)
    budget.acquire(urgent=True)
    budget.acquire()
    assert clock.asleep == [pytest.approx(0.2)]


def test_a_stop_wakes_the_waiting_and_makes_no_call() -> None:
    clock = SystemClock()
    budget = RequestBudget(clock, per_s=0.001, burst=1)
    budget.acquire()
    clock.stop()
    with pytest.raises(UpstreamError, match="stopping") as caught:
        budget.acquire()
    assert caught.value.retry


class _Recorder(FakeClock):
    """Time stands still between the calls but each sleeper wakes content."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: list[float] = []
        self._mine = threading.local()

    def monotonic(self) -> float:
        # Only the sleeper itself sees its sleep, and only once.
        slept: float = getattr(self._mine, "slept", 0.0)
        self._mine.slept = 0.0
        return slept

    def sleep(self, seconds: float) -> None:
        self.wanted.append(seconds)
        self._mine.slept = seconds
