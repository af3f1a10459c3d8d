"""One process does something for all, and another one takes over."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from sqlalchemy import update

from mvsnap.clock import SystemClock
from mvsnap.jobs.executors import acquire_leadership
from mvsnap.store import database
from mvsnap.store.sharing.claims import LEASE_S, Claims
from mvsnap.store.sharing.leadership import ClaimedLeadership, FileLeadership
from mvsnap.store.sharing.tables import holders
from tests.core.build import NOON


class MovedClock(SystemClock):
    """Monotonic time goes by at once where `ahead_s` is set."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


def test_on_sqlite_the_next_process_of_the_folder_takes_over(tmp_path: Path) -> None:
    acquire = partial(acquire_leadership, tmp_path, "x")
    first, second = (FileLeadership(acquire) for _ in range(2))
    assert first.is_ours()
    assert first.is_ours()
    assert not second.is_ours()
    first.leave()
    assert second.is_ours()
    second.leave()


def test_on_postgresql_one_of_all_machines_leads(postgres_url: str) -> None:
    engine = database.open_database(postgres_url)
    database.upgrade(engine)
    db, clock = database.Database(engine), SystemClock()
    first, second = (
        ClaimedLeadership(Claims(db, "x", name, clock), "x", clock) for name in "ab"
    )
    assert first.is_ours()
    assert not second.is_ours()
    assert first.is_ours()
    first.leave()
    second._every.put_off(0)
    assert second.is_ours()
    second.leave()
    engine.dispose()


def test_on_postgresql_the_lead_of_a_dead_process_is_taken_over(
    postgres_url: str,
) -> None:
    engine = database.open_database(postgres_url)
    database.upgrade(engine)
    db, clock = database.Database(engine), MovedClock()
    dead, other = (
        ClaimedLeadership(Claims(db, "x", name, clock), "x", clock) for name in "ab"
    )
    assert dead.is_ours()  # and never asks again
    assert not other.is_ours()
    # Its lease is over: by the clock of the database, and by its own.
    with db.writing() as connection:
        gone = update(holders).where(holders.c.holder == "a")
        connection.execute(gone.values(until=NOON.replace(year=2000)))
    clock.ahead_s = LEASE_S + 1
    assert not dead.had
    assert other.is_ours()
    assert not dead.is_ours()
    other.leave()
    engine.dispose()
