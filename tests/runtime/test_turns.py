"""One process does something for all, and another one takes over."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from mvsnap.clock import SystemClock
from mvsnap.jobs.executors import acquire_turn
from mvsnap.store import database
from mvsnap.store.claims import Claims
from mvsnap.store.turns import ClaimedTurn, FileTurn
from tests.servers.processes import wait_until


def test_on_sqlite_the_next_process_of_the_folder_takes_over(tmp_path: Path) -> None:
    first, second = (FileTurn(partial(acquire_turn, tmp_path, "x")) for _ in range(2))
    assert first.is_ours()
    assert first.is_ours()
    assert not second.is_ours()
    first.leave()
    assert second.is_ours()
    second.leave()


def test_on_postgresql_one_of_all_machines_has_the_turn(postgres_url: str) -> None:
    engine = database.open_database(postgres_url)
    database.upgrade(engine)
    db, clock = database.Database(engine), SystemClock()
    first, second = (
        ClaimedTurn(Claims(db, "a kind", name, clock), "a kind", clock) for name in "ab"
    )
    assert first.is_ours()
    assert not second.is_ours()
    assert first.is_ours()
    first.leave()
    second._every.put_off(0)
    assert second.is_ours()
    second.leave()
    engine.dispose()


def test_on_postgresql_the_turn_of_a_dead_process_is_taken_over(
    postgres_url: str,
) -> None:
    engine = database.open_database(postgres_url)
    database.upgrade(engine)
    db, clock, lease_s = database.Database(engine), SystemClock(), 1.0
    dead, other = (
        ClaimedTurn(
            Claims(db, "a kind", name, clock, lease_s=lease_s),
            "a kind",
            clock,
            lease_s=lease_s,
        )
        for name in "ab"
    )
    assert dead.is_ours()  # and never asks again
    assert not other.is_ours()
    wait_until(other.is_ours, "the other has it")
    assert not dead.is_ours()
    other.leave()
    engine.dispose()
