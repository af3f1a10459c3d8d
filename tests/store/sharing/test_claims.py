"""Claims: each piece of work has one holder at a time, on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import update

from mvsnap.clock import SystemClock
from mvsnap.store import database
from mvsnap.store.sharing.claims import Claims
from mvsnap.store.sharing.tables import holders
from tests.clients.fakes import NOON, FakeClock

NAMES = {"door", "gate", "hall", "yard"}


@pytest.fixture
def claims(db: database.Database) -> Callable[[str], Claims]:
    return lambda holder: Claims(db, "cameras", holder, SystemClock())


def silence(db: database.Database, holder: str, year: int = 2000) -> None:
    """Have the holder's lease end, as when its machine has died.

    year: of its end; one that is to come is of before the database's clock was set.
    """
    with db.writing() as connection:
        gone = update(holders).where(holders.c.holder == holder)
        connection.execute(gone.values(until=NOON.replace(year=year)))


def test_two_share_and_the_second_waits_until_the_first_has_finished(
    claims: Callable[[str], Claims],
) -> None:
    first, second = claims("first"), claims("second")

    assert first.hold(NAMES) == NAMES
    assert second.hold(NAMES) == frozenset()
    kept = first.hold(NAMES)
    assert len(kept) == 2
    assert second.hold(NAMES) == frozenset()
    assert first.hold(NAMES) == kept
    assert second.hold(NAMES) == NAMES - kept
    assert first.holders() == dict.fromkeys(kept, "first") | dict.fromkeys(
        NAMES - kept, "second"
    )


@pytest.mark.parametrize("year", [2000, 2999], ids=["ended", "clock set back"])
def test_what_a_silent_one_had_goes_to_the_others(
    db: database.Database, claims: Callable[[str], Claims], year: int
) -> None:
    first, second = claims("first"), claims("second")
    first.hold(NAMES)

    silence(db, "first", year)
    assert second.known()["first"] is False
    second.hold(NAMES)
    assert second.hold(NAMES) == NAMES

    # It was only frozen: it holds nothing any more, and asks for its half.
    assert first.hold(NAMES) == frozenset()
    second.hold(NAMES)
    second.hold(NAMES)
    assert len(first.hold(NAMES)) == 2


def test_a_clean_stop_frees_at_once(claims: Callable[[str], Claims]) -> None:
    first, second = claims("first"), claims("second")
    first.hold({"turn"})
    assert second.hold({"turn"}) == frozenset()

    first.release()

    assert first.held == frozenset()
    assert second.hold({"turn"}) == {"turn"}


def test_who_could_not_renew_knows_it_by_its_own_clock(db: database.Database) -> None:
    clock = FakeClock()
    claims = Claims(db, "cameras", "first", clock, lease_s=20)
    claims.hold(NAMES)

    clock.pass_time(19)
    assert claims.held == NAMES
    clock.pass_time(2)

    assert claims.held == frozenset()
    assert claims.hold(NAMES) == NAMES


def test_kinds_do_not_meet(db: database.Database) -> None:
    clock = SystemClock()
    cameras, zones = (Claims(db, kind, kind, clock) for kind in ("cameras", "zones"))

    assert cameras.hold({"1"}) == zones.hold({"1"}) == {"1"}


def test_many_at_once_never_hold_the_same(
    db: database.Database, claims: Callable[[str], Claims]
) -> None:
    """Each says what it holds after its turn; no name is said by two."""
    every, lock = {str(number) for number in range(20)}, threading.Lock()
    held: dict[str, frozenset[str]] = {}
    doubles: list[str] = []

    def work(who: str) -> None:
        mine = claims(who)
        for _ in range(10):
            found = mine.hold(every)
            with lock:
                others = [n for w, ns in held.items() if w != who for n in ns]
                doubles.extend(found & set(others))
                held[who] = found

    threads = [threading.Thread(target=work, args=(f"p{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert doubles == []
    assert {name for names in held.values() for name in names} <= every


def test_names_with_any_character_are_names(claims: Callable[[str], Claims]) -> None:
    odd = {"Tür 1; drop", "a'b", "50 %", "日本"}

    assert claims("first").hold(odd) == odd
