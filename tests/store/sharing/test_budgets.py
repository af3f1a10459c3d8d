"""A budget that processes of several machines share in a real PostgreSQL."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from mvsnap.clients.meraki.budget import RequestBudget
from mvsnap.clock import SystemClock
from mvsnap.errors import UpstreamError
from mvsnap.store import database
from mvsnap.store.sharing.budgets import RowBudget


class Machines:
    """Each `budget` is that of a process with connections of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.clock = SystemClock()
        self.opened: list[database.Database] = []

    def budget(self, *, burst: int = 5) -> RequestBudget:
        return RequestBudget(self.clock, per_s=10, burst=burst, store=self.store())

    def store(self, url: str | None = None) -> RowBudget:
        db = database.Database(database.open_database(url or self.url))
        self.opened.append(db)
        return RowBudget(db, "meraki-1", self.clock)


@pytest.fixture
def machines(postgres_url: str) -> Iterator[Machines]:
    engine = database.open_database(postgres_url)
    database.upgrade(engine)
    engine.dispose()
    made = Machines(postgres_url)
    yield made
    made.clock.stop()
    for db in made.opened:
        db.engine.dispose()


def seconds_of(budgets: list[RequestBudget], calls: int) -> float:
    """Return how long all take for so many calls each, side by side."""

    def call(budget: RequestBudget) -> None:
        for _ in range(calls):
            budget.acquire()

    threads = [threading.Thread(target=call, args=(b,)) for b in budgets]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - began


def test_three_processes_have_the_budget_of_one(machines: Machines) -> None:
    budgets = [machines.budget() for _ in range(3)]
    # 5 at once and 10 at ten a second.
    assert seconds_of(budgets, 5) >= 0.95


def test_urgent_calls_go_before_those_in_line_at_another_process(
    machines: Machines,
) -> None:
    busy, other = machines.budget(burst=1), machines.budget(burst=1)
    line = [threading.Thread(target=busy.acquire) for _ in range(25)]
    for thread in line:
        thread.start()
    for _ in range(3):
        other.acquire(urgent=True)
    waiting = sum(thread.is_alive() for thread in line)
    for thread in line:
        thread.join()
    assert waiting > 0


def test_a_hold_of_one_is_kept_by_all(machines: Machines) -> None:
    first, second = machines.budget(), machines.budget()
    first.acquire()
    first.hold(30)
    with pytest.raises(UpstreamError, match="no calls for") as caught:
        second.acquire(urgent=True)
    assert caught.value.retry_after_s == pytest.approx(30, abs=5)
    assert machines.store().held_s() == pytest.approx(30, abs=5)


@pytest.mark.parametrize("answers", ["refuses", "hangs"])
def test_without_the_database_a_process_uses_its_share(
    machines: Machines, answers: str
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
        if answers == "refuses":
            listening.close()
        url = f"postgresql+psycopg://mvsnap@127.0.0.1:{port}/lost"
        store = machines.store(url)
        budget = RequestBudget(machines.clock, per_s=40, burst=4, store=store)
        began = time.monotonic()
        for _ in range(11):  # one at once, then a quarter of 40 each second
            budget.acquire()
        took_s = time.monotonic() - began
    assert took_s >= 0.95
    assert took_s < 9  # not a second and more for each
    store.hold(20)
    with pytest.raises(UpstreamError, match="no calls for"):
        budget.acquire()


def test_a_database_that_is_back_is_used_again(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mvsnap.store.sharing.budgets._AWAY_S", 0.1)
    first, second = machines.store(), machines.store()
    first.hold(0.0)
    with first._db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE call_budgets RENAME TO lost")
    assert first.held_s() == 0
    with first._db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE lost RENAME TO call_budgets")
    second.hold(60)
    deadline = time.monotonic() + 10
    while not first.held_s():
        assert time.monotonic() < deadline
        time.sleep(0.02)
