from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from mvsnap.clients.call_budget import BudgetRule, BudgetState, MemoryBudget
from mvsnap.clients.meraki.budget import RequestBudget
from mvsnap.clock import SystemClock
from mvsnap.errors import UpstreamError
from mvsnap.values import replace
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


@pytest.mark.parametrize("urgent", [True, False])
def test_calls_of_many_threads_get_different_turns(urgent: bool) -> None:
    clock = SystemClock()
    budget = RequestBudget(clock, per_s=100, burst=10)
    began, went_at = clock.monotonic(), []

    def call() -> None:
        budget.acquire(urgent=urgent)
        went_at.append(clock.monotonic() - began)

    threads = [threading.Thread(target=call) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Nobody goes early; a busy machine may let anybody go late.
    for turn, at in enumerate(sorted(went_at)):
        assert at >= (turn - 9) / 100 - 0.005


def test_an_urgent_call_does_not_wait_for_those_in_line() -> None:
    clock = SystemClock()
    budget = RequestBudget(clock, per_s=2, burst=1)
    budget.acquire()

    def stand_in_line() -> None:
        with suppress(UpstreamError):  # it is stopped
            budget.acquire()

    line = [threading.Thread(target=stand_in_line) for _ in range(16)]
    for thread in line:
        thread.start()
    budget.acquire(urgent=True)
    waiting = sum(thread.is_alive() for thread in line)
    clock.stop()
    for thread in line:
        thread.join()
    assert waiting > 0


def test_a_call_in_line_books_a_turn_after_a_second() -> None:
    rule = BudgetRule(per_s=10, burst=9)
    bucket = replace(rule.full(0), calls_left=-5.0)
    _, refused = rule.take(bucket, 0, urgent=False)
    assert not refused.is_given
    after, booked = rule.take(bucket, 0, urgent=False, books=True)
    assert booked.is_given
    assert booked.wait_s == pytest.approx(0.6)
    assert after.calls_left == -6


def test_a_hold_stops_urgent_calls_too_and_is_said_where_it_is_long() -> None:
    clock = FakeClock()
    budget = RequestBudget(clock, per_s=10, burst=9, borrow=8)
    budget.hold(3)
    budget.acquire(urgent=True)
    assert clock.monotonic() >= 3
    budget.hold(120)
    with pytest.raises(UpstreamError, match="no calls for 2 min") as caught:
        budget.acquire(urgent=True)
    assert caught.value.retry
    assert caught.value.retry_after_s == pytest.approx(120)


def test_a_shorter_hold_does_not_end_a_longer_one() -> None:
    bucket = BudgetState(5, 0).hold(0, 60).hold(0, 1)
    assert bucket.held_s(0) == 60
    assert bucket.calls_left == 0


def test_a_clock_that_was_set_back_neither_fills_nor_holds_for_ever() -> None:
    rule = BudgetRule(per_s=10, burst=9, borrow=8)
    later = BudgetState(0, 1e9, lends=8, lends_until_s=1e9, held_until_s=1e9)
    after, turn = rule.take(later, 0, urgent=True)
    assert turn.wait_s <= 3600
    assert after.calls_left == 0
    _, turn = rule.take(replace(later, held_until_s=0), 0, urgent=False)
    assert turn.wait_s <= 0.2


def test_processes_that_know_nothing_of_each_other_share_the_rule() -> None:
    assert BudgetRule(10, 9, 8).share(3) == BudgetRule(10 / 3, 3)
    assert BudgetRule(10, 9, 8).share(50) == BudgetRule(0.2, 1)
    assert BudgetRule(10, 9, 8).share(1) == BudgetRule(10, 9, 8)


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


def test_a_turn_that_a_hold_took_is_not_used_up() -> None:
    class HeldMeanwhile(FakeClock):
        """Meraki says "too many" while the first call waits for its turn."""

        holds = 3

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.holds:
                self.holds -= 1
                budget.hold(1)

    clock = HeldMeanwhile()
    store = MemoryBudget(clock)
    store.state = BudgetState(-2.0, clock.monotonic())
    budget = RequestBudget(clock, per_s=1, burst=1, store=store)

    budget.acquire(urgent=True)

    assert clock.holds == 0
    assert store.state.calls_left >= -3.0  # two of before, and this one
