"""Observations become visits as they are accepted, or when a process may do it."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest
from sqlalchemy import select

from mvsnap.clock import SystemClock
from mvsnap.config.scanning import Scanning
from mvsnap.store import database
from mvsnap.wifi import batches
from mvsnap.wifi.batches import WifiStore
from mvsnap.wifi.model import Radio
from mvsnap.wifi.rebuild import Rebuild
from mvsnap.wifi.tables import scan_sources
from mvsnap.wifi.visit_lock import lock_visits
from mvsnap.wifi.visits import Observation
from mvsnap.wifi.worker import VisitMaker
from tests.clients.fakes import FakeClock
from tests.core.build import NOON
from tests.wifi.build import RULE, SHOP, UTC_ZONE, YARD, observed, put, stays, tables

ENDPOINT = {"token": "a" * 16, "validator": "v", "secret": "s" * 8}


@pytest.fixture
def store(db: database.Database) -> WifiStore:
    """A store whose sums have been counted once, as a worker does at its start."""
    found = WifiStore(db)
    found.process(RULE, NOON)
    return found


def accept(store: WifiStore, found: list[Observation], network_id: str = SHOP) -> None:
    store.accept(network_id, Radio.WIFI, found, RULE, NOON)


def process(store: WifiStore) -> None:
    while store.process(RULE, NOON):
        pass


def test_what_is_accepted_is_a_visit_at_once(
    store: WifiStore, db: database.Database
) -> None:
    accept(store, stays(1, 0, 1, 2))
    accept(store, [observed(2, 1)], YARD)
    accept(store, stays(1, 2, 3))  # one of them again
    assert store.waiting() == 0
    seen, visits, counts = tables(db)
    assert len(seen) == 5
    assert sorted(visit[4] for visit in visits) == [1, 4]
    assert sum(row[4] for row in counts) == 2
    with db.reading() as connection:
        networks = connection.execute(select(scan_sources.c.network_id)).scalars()
        assert sorted(networks) == [SHOP, YARD]


def test_both_ways_lead_to_the_same(store: WifiStore, db: database.Database) -> None:
    found = [stays(device, *range(device, 40, device)) for device in range(1, 9)]
    minutes = sorted((one for these in found for one in these), key=lambda o: o.minute)
    for one in minutes:
        accept(store, [one])
        accept(store, [one], YARD)
    for begin in range(0, len(minutes), 7):
        put(store, minutes[begin : begin + 7], network_id="L_3")
    rows = tables(db)
    by_source = [
        [[(*row[:1], *row[2:]) for row in table if row[1] == source] for table in rows]
        for source in (1, 2, 3)
    ]
    assert by_source[0][1]
    assert by_source[0] == by_source[1] == by_source[2]


def test_nothing_overtakes_what_waits(store: WifiStore, db: database.Database) -> None:
    store.add_batch(SHOP, Radio.WIFI, [observed(1, 0)], NOON)
    accept(store, [observed(1, 1)])
    assert (store.waiting(), tables(db)) == (2, [[], [], []])
    process(store)
    assert [visit[4] for visit in tables(db)[1]] == [2]


def test_it_waits_until_sums_were_counted(db: database.Database) -> None:
    store = WifiStore(db)
    accept(store, [observed(1, 0)])
    assert store.waiting() == 1
    process(store)
    accept(store, [observed(1, 1)])
    assert store.waiting() == 0


def test_it_waits_for_the_end_of_a_rebuild(
    store: WifiStore, db: database.Database
) -> None:
    accept(store, stays(1, 0, 30, 60))
    clock = FakeClock()
    with closing(Rebuild(db, RULE, clock).run()) as steps:
        next(steps)
        accept(store, [observed(1, 61)])
    # It was broken off: what is there is half of the visits.
    accept(store, [observed(1, 62)])
    assert store.waiting() == 2
    assert len([*Rebuild(db, RULE, clock).run()]) > 1
    accept(store, [observed(1, 63)])
    process(store)
    assert sorted(visit[4] for visit in tables(db)[1]) == [1, 1, 4]


def test_it_waits_for_the_turn_of_another_process(
    store: WifiStore, db: database.Database
) -> None:
    if db.is_sqlite:
        pytest.skip("whoever writes has the lock")
    with db.writing() as connection:
        assert lock_visits(db, connection)
        accept(store, [observed(1, 0)])
        assert store.waiting() == 1


def test_a_long_message_waits(
    store: WifiStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_MOST_AT_ONCE", 5)
    accept(store, [observed(device, 0) for device in range(5)])
    assert store.waiting() == 0
    accept(store, [observed(device, 1) for device in range(6)])
    assert store.waiting() == 2


def test_several_that_accept_count_each_once(url: str, store: WifiStore) -> None:
    def send(own: WifiStore) -> None:
        for minute in range(30):
            accept(own, [observed(device, minute) for device in range(5)])

    engines = [database.open_database(url) for _ in range(3)]
    stores = [WifiStore(database.Database(engine)) for engine in engines]
    threads = [threading.Thread(target=send, args=(own,)) for own in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    process(store)
    seen, visits, counts = tables(stores[0]._db)
    assert (len(seen), [visit[4] for visit in visits]) == (150, [30] * 5)
    assert sum(row[4] for row in counts) == 5
    for engine in engines:
        engine.dispose()


def test_visits_give_way_to_a_long_message_until_much_waits(
    store: WifiStore, db: database.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanning = Scanning.model_validate({"endpoints": [ENDPOINT]})
    maker = VisitMaker(store, db, scanning, UTC_ZONE, SystemClock())
    monkeypatch.setattr(batches, "_WAIT_EASILY", 2)
    store.add_batch(SHOP, Radio.WIFI, [observed(1, 0)], NOON)
    with store.parsing:
        maker._step()
        assert store.waiting() == 1
        store.add_batch(SHOP, Radio.WIFI, [observed(1, 1)], NOON)
        maker._step()
        assert store.waiting() == 0
