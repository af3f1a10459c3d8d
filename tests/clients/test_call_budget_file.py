from __future__ import annotations

import gc
from pathlib import Path

import pytest

from mvsnap.clients.call_budget import BudgetRule
from mvsnap.clients.call_budget_file import FileBudget
from mvsnap.clients.meraki.budget import RequestBudget
from mvsnap.errors import UpstreamError
from tests.clients.fakes import FakeClock


class Machine:
    """Processes of one machine: they share its clock and its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()

    def process(self) -> RequestBudget:
        store = FileBudget(self.folder, "meraki-1", self.clock)
        return RequestBudget(self.clock, per_s=10, burst=9, borrow=8, store=store)

    def now(self) -> float:
        return round(self.clock.monotonic(), 3)

    def written(self) -> int:
        """Return how many bytes its files have."""
        return sum(path.stat().st_size for path in self.folder.iterdir())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_process_that_is_alone_has_the_whole_budget_and_writes_nothing(
    machine: Machine,
) -> None:
    alone = machine.process()
    for _ in range(17):
        alone.acquire(urgent=True)
    assert machine.now() == 0
    assert machine.written() == 0


def test_what_one_has_used_up_alone_counts_for_one_that_comes_later(
    machine: Machine,
) -> None:
    service, command = machine.process(), machine.process()
    for _ in range(17):
        service.acquire(urgent=True)
    command.acquire()  # it cannot know, and begins with nothing
    assert machine.now() >= 0.1
    service.acquire()  # now both know
    command.acquire()
    # 19 calls within the limits of 10 a second and 10 more.
    assert machine.now() >= 0.8


def test_both_use_one_budget_and_later_the_rest_uses_all_of_it(
    machine: Machine,
) -> None:
    first, second = machine.process(), machine.process()
    first.acquire()
    second.acquire()
    machine.clock.pass_time(60)
    began = machine.now()
    for _ in range(10):
        first.acquire()
        second.acquire()
    assert machine.now() - began == pytest.approx(1.1)
    del first
    gc.collect()
    written = machine.written()
    machine.clock.pass_time(60)
    (machine.folder / "meraki-1.state").unlink()
    for _ in range(9):
        second.acquire()
    assert written
    assert machine.written() == 0


def test_a_hold_is_kept_by_all(machine: Machine) -> None:
    first, second = machine.process(), machine.process()
    first.acquire()
    second.acquire()
    second.hold(100)
    with pytest.raises(UpstreamError, match="no calls for"):
        first.acquire(urgent=True)
    third = machine.process()
    with pytest.raises(UpstreamError, match="no calls for"):
        third.acquire(urgent=True)


def test_a_state_of_before_a_restart_of_the_machine_holds_nobody(
    machine: Machine,
) -> None:
    state = machine.folder / "meraki-1.state"
    for text in ("-5 90000 0 90000 93000", "garbage", "nan", ""):
        state.write_text(text)
        first, second = machine.process(), machine.process()
        began = machine.now()
        first.acquire()
        second.acquire()
        assert machine.now() - began < 1


def test_without_its_files_a_process_uses_a_part_of_the_budget(
    machine: Machine, tmp_path: Path
) -> None:
    machine.folder = tmp_path / "missing"
    lost = machine.process()
    for _ in range(9):
        lost.acquire()
    assert machine.now() == pytest.approx(1.0)  # 4 at once, then 5 a second


def test_a_hold_does_not_bring_back_what_was_paid_long_ago(machine: Machine) -> None:
    store = FileBudget(machine.folder, "meraki-1", machine.clock)
    rule = BudgetRule(per_s=10, burst=9)
    one = RequestBudget(machine.clock, per_s=10, burst=9, store=store)
    for _ in range(100):  # threads that have booked and wait
        store.change(lambda known, now, _: rule.take(known, now, urgent=True))
    one.hold(0.1)  # which is written
    machine.clock.pass_time(30)
    one.acquire()
    one.hold(0.1)
    machine.clock.pass_time(1)
    began = machine.now()

    one.acquire()

    assert machine.now() == began
