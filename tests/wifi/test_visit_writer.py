"""Observations become visits, on SQLite and PostgreSQL."""

from __future__ import annotations

import random
import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from mvsnap.errors import BadInput, QueueFull
from mvsnap.store import database
from mvsnap.store.purging import PurgeResult
from mvsnap.values import replace
from mvsnap.wifi import batches
from mvsnap.wifi import tables as tables_of
from mvsnap.wifi.batches import WifiStore
from mvsnap.wifi.model import Radio
from mvsnap.wifi.rebuild import Rebuild
from mvsnap.wifi.visits import Observation, VisitRule, merged, visits
from tests.clients.fakes import FakeClock
from tests.core.build import NOON
from tests.wifi.build import MINUTE, RULE, SHOP, YARD, at, observed, put, stays, tables


@pytest.fixture
def store(db: database.Database) -> WifiStore:
    return WifiStore(db)


def visits_of(db: database.Database) -> list[tuple[Any, ...]]:
    """Return (device, begin, end, observations, previous) in minutes after noon."""
    noon_s = MINUTE * 60
    return [
        (row[2], *((s - noon_s) / 60 for s in (row[0], row[3])), row[4], row[8])
        for row in tables(db)[1]
    ]


def rebuild(db: database.Database, rule: VisitRule = RULE) -> int:
    """Return how many observations it was made of."""
    steps = [*Rebuild(db, rule, FakeClock()).run()]
    assert all(step.done <= step.of for step in steps)
    return steps[-1].observations if steps else 0


def test_what_is_accepted_waits_until_it_is_processed(
    store: WifiStore, db: database.Database
) -> None:
    store.add_batch(SHOP, Radio.WIFI, stays(1, 0, 1), NOON)
    assert store.waiting() == 1
    assert tables(db) == [[], [], []]
    assert store.process(RULE, NOON) == 1
    assert visits_of(db) == [(1, 0, 1, 2, None)]
    assert (store.waiting(), store.process(RULE, NOON)) == (0, 0)


def test_a_visit_continues_with_each_batch_until_the_gap(
    store: WifiStore, db: database.Database
) -> None:
    for minute in (0, 1, 5, 20, 21):
        put(store, [observed(1, minute)])
    first_s = MINUTE * 60
    assert visits_of(db) == [(1, 0, 5, 3, None), (1, 20, 21, 2, first_s)]


def test_the_same_batch_again_changes_nothing(
    store: WifiStore, db: database.Database
) -> None:
    put(store, stays(1, 0, 1, 2) + stays(2, 0))
    before = tables(db)
    put(store, stays(1, 0, 1, 2) + stays(2, 0))
    assert tables(db) == before


def test_another_access_point_in_the_same_minute_makes_it_stronger(
    store: WifiStore, db: database.Database
) -> None:
    put(store, [observed(1, 0, 30, ap=1)])
    put(store, [observed(1, 0, 10, rssi_dbm=-50, ap=2)])
    (row,) = tables(db)[0]
    assert row == (MINUTE, 1, 1, 10, 30, -50, 2, None)
    assert [visit[3] for visit in visits_of(db)] == [1]


def test_a_late_observation_joins_two_visits(
    store: WifiStore, db: database.Database
) -> None:
    put(store, stays(1, 0, 9, 30))
    assert len(visits_of(db)) == 3
    put(store, [observed(1, 5)])
    first_s = MINUTE * 60
    assert visits_of(db) == [(1, 0, 9, 3, None), (1, 30, 30, 1, first_s)]
    counts = tables(db)[2]
    assert sum(row[4] for row in counts) == 2


def test_an_earlier_visit_makes_the_later_one_a_return(
    store: WifiStore, db: database.Database
) -> None:
    put(store, [observed(1, 60)])
    put(store, [observed(1, 0)])
    first_s = MINUTE * 60
    assert visits_of(db) == [(1, 0, 0, 1, None), (1, 60, 60, 1, first_s)]
    assert sorted(row[5] for row in tables(db)[2]) == [0, 1]


def test_networks_and_radios_are_distinguished(
    store: WifiStore, db: database.Database
) -> None:
    put(store, [observed(1, 0)])
    put(store, [observed(1, 1)], network_id=YARD)
    put(store, [observed(1, 2)], radio=Radio.BLUETOOTH)
    put(store, [observed(1, 3)])
    assert [visit[3] for visit in visits_of(db)] == [2, 1, 1]


def test_many_batches_are_processed_in_pieces(
    store: WifiStore, db: database.Database
) -> None:
    for minute in range(210):
        store.add_batch(SHOP, Radio.WIFI, [observed(1, minute)], NOON)
    assert store.process(RULE, NOON) == 200
    assert store.process(RULE, NOON) == 10
    assert visits_of(db) == [(1, 0, 209, 210, None)]


def test_a_large_batch_is_processed(store: WifiStore, db: database.Database) -> None:
    crowd = [observed(device, minute) for device in range(5_000) for minute in (0, 2)]
    put(store, crowd)
    put(store, [observed(device, 1) for device in range(5_000)])
    found = visits_of(db)
    assert len(found) == 5_000
    assert {visit[1:4] for visit in found} == {(0, 2, 3)}


def test_a_damaged_batch_does_not_stop_the_others(
    store: WifiStore, db: database.Database, caplog: pytest.LogCaptureFixture
) -> None:
    store.add_batch(SHOP, Radio.WIFI, [observed(1, 0)], NOON)
    with db.writing() as connection:
        connection.execute(update(tables_of.scan_batches).values(body=b"garbage"))
    store.add_batch(SHOP, Radio.WIFI, [observed(2, 0)], NOON)
    assert store.process(RULE, NOON) == 2
    assert [visit[0] for visit in visits_of(db)] == [2]
    assert "lost" in caplog.text


def test_more_than_can_wait_is_refused(
    store: WifiStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MOST_WAITING", 2)
    for _ in range(2):
        store.add_batch(SHOP, Radio.WIFI, [observed(1, 0)], NOON)
    with pytest.raises(QueueFull):
        store.add_batch(SHOP, Radio.WIFI, [observed(1, 0)], NOON)


def test_a_failure_leaves_the_batch_for_the_next_time(
    store: WifiStore, db: database.Database
) -> None:
    store.add_batch(SHOP, Radio.WIFI, [observed(1, 0)], NOON)
    broken = WifiStore(db)
    broken._writer = None  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        broken.process(RULE, NOON)
    assert (store.waiting(), tables(db)) == (1, [[], [], []])
    assert store.process(RULE, NOON) == 1


def test_several_processes_process_each_batch_once(url: str) -> None:
    engine = database.open_database(url)
    database.upgrade(engine)
    db = database.Database(engine)
    store = WifiStore(db)
    for minute in range(400):
        store.add_batch(SHOP, Radio.WIFI, [observed(minute % 7, minute)], NOON)

    def work() -> None:
        own = database.open_database(url)
        mine = WifiStore(database.Database(own))
        while mine.waiting():
            mine.process(RULE, NOON)
        own.dispose()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = [visits(stays(d, *range(d, 400, 7)), RULE) for d in range(7)]
    assert len(visits_of(db)) == sum(map(len, expected))
    assert sum(visit[3] for visit in visits_of(db)) == 400
    engine.dispose()


# --- any order and batching, and a rebuild, give the same

reports = st.lists(
    st.builds(
        observed,
        st.integers(0, 3),
        st.integers(0, 90),
        st.integers(0, 59),
        rssi_dbm=st.sampled_from([-90, -65, -50]),
    ),
    max_size=40,
)


def once(minutes: list[Observation]) -> list[Observation]:
    found: dict[tuple[int, int], Observation] = {}
    for one in minutes:
        key = one.device, one.minute
        found[key] = merged(found.get(key, one), one)
    return list(found.values())


KEPT = ("observations", "visits", "visit_counts", "device_days", "scan_batches")


def empty(db: database.Database) -> None:
    with db.writing() as connection:
        for name in KEPT:
            connection.execute(delete(getattr(tables_of, name)))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(reports, st.data())
def test_any_order_and_batching_is_what_a_rebuild_makes(
    store: WifiStore,
    db: database.Database,
    minutes: list[Observation],
    data: st.DataObject,
) -> None:
    empty(db)
    left = data.draw(st.permutations(minutes))
    while left:
        size = data.draw(st.integers(1, len(left)))
        put(store, once(left[:size]))
        left = left[size:]
    found = tables(db)
    by_device = {
        one.device: [o for o in once(minutes) if o.device == one.device]
        for one in minutes
    }
    expected = {
        (device, *visit)
        for device, mine in by_device.items()
        for visit in visits(mine, RULE)
    }
    assert {(row[2], row[0], *row[3:8]) for row in found[1]} == expected
    assert rebuild(db) == len(once(minutes))
    assert tables(db) == found


def test_a_rebuild_follows_changed_settings(
    store: WifiStore, db: database.Database
) -> None:
    put(store, stays(1, 0, 9, rssi_dbm=-70))
    assert rebuild(db, VisitRule(gap_s=540, near_dbm=-70, long_stay_s=60)) == 2
    assert visits_of(db) == [(1, 0, 9, 2, None)]
    ((_, _, _, is_long, many, *_),) = tables(db)[2]
    assert (is_long, many) == (True, 1)


def test_a_rebuild_leaves_visits_whose_observations_are_gone(
    store: WifiStore, db: database.Database
) -> None:
    put(store, stays(1, *range(0, 60, 4)) + stays(2, 0))
    before = tables(db)
    store.purge_observations(at(30))
    assert rebuild(db) == 7
    assert tables(db)[1:] == before[1:]


# --- another long_stay_s: the sums are recounted

SHORT, LONG = replace(RULE, long_stay_s=600), replace(RULE, long_stay_s=7200)


def counts_of(db: database.Database) -> list[tuple[int, ...]]:
    """Return (dwell class, is long, visits, first visits, seconds), all of a class."""
    return [row[2:] for row in tables(db)[2]]


def test_a_visit_that_is_open_while_the_rule_changes_is_counted_once(
    store: WifiStore, db: database.Database
) -> None:
    put(store, stays(1, *range(0, 21, 4)))
    assert counts_of(db) == [(3, False, 1, 1, 1200)]
    put(WifiStore(db), [observed(1, 24)], rule=SHORT)
    assert counts_of(db) == [(3, True, 1, 1, 1440)]
    put(WifiStore(db), stays(1, 28, 32), rule=LONG)
    assert counts_of(db) == [(4, False, 1, 1, 1920)]


def test_recounted_sums_equal_the_maintained_ones(
    store: WifiStore, db: database.Database
) -> None:
    chance = random.Random(5004)
    for _ in range(20):
        minutes = chance.sample(range(3000), 60)
        put(
            store,
            [observed(chance.randrange(6), m, chance.randrange(60)) for m in minutes],
        )
    put(store, stays(7, *range(0, 500, 4)), network_id=YARD)
    kept = counts_of(db)
    assert len(kept) > 100
    WifiStore(db).process(SHORT, NOON)
    assert counts_of(db) != kept
    WifiStore(db).process(RULE, NOON)
    assert counts_of(db) == kept


def test_sums_without_a_stored_rule_are_recounted(
    store: WifiStore, db: database.Database
) -> None:
    put(store, stays(1, *range(0, 21, 4)), rule=SHORT)
    with db.writing() as connection:
        connection.execute(delete(tables_of.visit_count_rule))
    assert WifiStore(db).process(RULE, NOON) == 0
    assert counts_of(db) == [(3, False, 1, 1, 1200)]


def test_a_process_that_knows_the_old_rule_counts_by_the_new_one(
    store: WifiStore, db: database.Database
) -> None:
    put(store, stays(1, *range(0, 21, 4)))
    put(WifiStore(db), [observed(1, 24)], rule=SHORT)
    put(store, stays(1, 28, 32))
    assert counts_of(db) == [(4, True, 1, 1, 1920)]


def test_a_failure_leaves_the_sums_as_they_were(
    store: WifiStore, db: database.Database
) -> None:
    put(store, stays(1, *range(0, 21, 4)))
    assert store.process(SHORT, NOON) == 0  # but counts anew
    before = tables(db)
    store.add_batch(SHOP, Radio.WIFI, [observed(1, 24)], NOON)
    broken = WifiStore(db)
    broken._writer = None  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        broken.process(SHORT, NOON)
    assert tables(db) == before
    broken = WifiStore(db)
    assert broken.process(SHORT, NOON) == 1
    assert counts_of(db) == [(3, True, 1, 1, 1440)]


def test_a_rebuild_knows_devices_whose_earlier_visits_are_gone(
    store: WifiStore, db: database.Database
) -> None:
    put(store, stays(1, 0, 600, 606, 640) + stays(2, 600, 606))
    put(store, stays(1, 605), network_id=YARD)
    store.purge_observations(at(300))
    store.purge_visits(at(300))
    before = tables(db)
    first_s = MINUTE * 60
    assert [visit[4] for visit in visits_of(db) if visit[0] == 1].count(first_s) == 1
    rebuild(db)
    assert tables(db) == before
    rebuild(db, replace(RULE, gap_s=3600))
    found = {visit[:1] + visit[4:] for visit in visits_of(db)}
    assert found == {(1, first_s), (1, None), (2, None)}
    rebuild(db)
    assert tables(db) == before


def test_a_rebuild_counts_older_visits_by_its_rule_too(
    store: WifiStore, db: database.Database
) -> None:
    put(store, stays(1, *range(0, 21, 4)) + stays(2, *range(600, 621, 4)))
    store.purge_observations(at(600))
    assert rebuild(db, SHORT) == 6
    assert counts_of(db) == [(3, True, 1, 1, 1200)] * 2


def test_a_rebuild_of_no_observations_counts_by_its_rule(
    store: WifiStore, db: database.Database
) -> None:
    put(store, stays(1, *range(0, 21, 4)))
    store.purge_observations(at(600))
    assert rebuild(db, SHORT) == 0
    assert counts_of(db) == [(3, True, 1, 1, 1200)]


def test_observations_wait_while_a_rebuild_runs(
    store: WifiStore, db: database.Database
) -> None:
    put(store, stays(1, 0, 100))
    steps = Rebuild(db, RULE, FakeClock()).run()
    next(steps)
    store.add_batch(SHOP, Radio.WIFI, [observed(1, 101)], NOON)
    assert store.process(RULE, NOON) == 0
    with pytest.raises(BadInput, match="running"):
        next(Rebuild(db, RULE, FakeClock()).run())
    steps.close()
    assert store.process(RULE, NOON) == 1


def test_the_pause_of_a_killed_rebuild_expires(
    store: WifiStore, db: database.Database
) -> None:
    put(store, stays(1, 0, 100))
    dead = Rebuild(db, RULE, FakeClock()).run()
    next(dead)
    store.add_batch(SHOP, Radio.WIFI, [observed(1, 101)], NOON)
    assert store.process(RULE, NOON + timedelta(seconds=59)) == 0
    assert store.process(RULE, NOON + timedelta(seconds=60)) == 1


def test_the_pause_of_a_killed_rebuild_does_not_last_until_a_wrong_time(
    store: WifiStore, db: database.Database
) -> None:
    put(store, stays(1, 0, 100))
    clock = FakeClock()
    clock.pass_time(86400.0)
    next(Rebuild(db, RULE, clock).run())
    store.add_batch(SHOP, Radio.WIFI, [observed(1, 101)], NOON)
    assert store.is_half_rebuilt(NOON)
    assert store.process(RULE, NOON) == 1


def test_observations_are_not_purged_while_a_rebuild_needs_them(
    store: WifiStore, db: database.Database
) -> None:
    put(store, stays(1, *range(0, 150, 30)))
    before = tables(db)
    steps = Rebuild(db, RULE, FakeClock()).run()
    next(steps)
    assert store.purge_observations(at(100)).removed == 0
    assert [list(steps), tables(db)][1] == before
    assert store.purge_observations(at(100)).removed == 3


def test_a_rebuild_of_nothing_does_nothing(db: database.Database) -> None:
    assert rebuild(db) == 0


def test_a_large_message_is_processed_in_several_transactions(
    store: WifiStore, db: database.Database
) -> None:
    many = 5_000
    store.add_batch(SHOP, Radio.WIFI, [observed(n, 0) for n in range(many)], NOON)
    assert (store.waiting(), store.process(RULE, NOON), store.waiting()) == (3, 1, 2)
    put(store, [observed(many, 0)])
    assert len(tables(db)[1]) == many + 1


def test_what_is_older_than_its_retention_is_purged(
    store: WifiStore, db: database.Database
) -> None:
    put(store, stays(1, 0, 1, 600, 1200))
    assert store.purge_observations(at(600)).removed == 2
    assert store.purge_visits(at(60)).removed == 1
    assert [row[0] - MINUTE for row in tables(db)[0]] == [600, 1200]
    assert [visit[1] for visit in visits_of(db)] == [600, 1200]
    assert sum(row[4] for row in tables(db)[2]) == 2
    assert store.purge_observations(at(600)) == PurgeResult()
    assert store.purge_visits(at(60)) == PurgeResult()
