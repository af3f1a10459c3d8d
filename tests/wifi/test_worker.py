"""The worker's thread makes visits of what was accepted, here and elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvsnap.clock import SystemClock
from mvsnap.config.scanning import Scanning
from mvsnap.store import database
from mvsnap.wifi.batches import WifiStore
from mvsnap.wifi.model import Radio
from mvsnap.wifi.rebuild import Rebuild
from mvsnap.wifi.worker import VisitMaker, visit_rule
from tests.core.build import NOON
from tests.servers.processes import wait_until
from tests.wifi.build import UTC_ZONE, observed, put, stays, tables

ENDPOINT = {"token": "a" * 16, "validator": "v", "secret": "s" * 8}


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
def test_what_is_accepted_becomes_visits(tmp_path: Path, elsewhere: bool) -> None:
    engine = database.open_database(database.sqlite_url(tmp_path / "mvsnap.db"))
    database.upgrade(engine)
    db, clock = database.Database(engine), SystemClock()
    store = WifiStore(db)
    scanning = Scanning.model_validate({"endpoints": [ENDPOINT]})
    maker = VisitMaker(store, db, scanning, UTC_ZONE, clock)
    maker.start()
    accepting = WifiStore(db) if elsewhere else store
    accepting.add_batch("L_1", Radio.WIFI, [observed(1, 0)], NOON)
    wait_until(lambda: len(tables(db)[1]) == 1, "the visit is there", 30)
    maker.loop.stop()
    engine.dispose()


def test_a_rebuild_that_was_broken_off_is_made_to_its_end(tmp_path: Path) -> None:
    engine = database.open_database(database.sqlite_url(tmp_path / "mvsnap.db"))
    database.upgrade(engine)
    db, clock = database.Database(engine), SystemClock()
    store = WifiStore(db)
    scanning = Scanning.model_validate({"endpoints": [ENDPOINT]})
    rule = visit_rule(scanning, UTC_ZONE)
    store.add_batch(
        "L_1", Radio.WIFI, [observed(1, at) for at in range(0, 120, 2)], NOON
    )
    store.process(rule, NOON)
    whole = tables(db)[1]
    rebuild = Rebuild(db, rule, clock).run()
    next(rebuild)
    rebuild.close()
    assert tables(db)[1] != whole
    assert store.is_half_rebuilt(clock.now())
    maker = VisitMaker(store, db, scanning, UTC_ZONE, clock)
    maker.start()
    wait_until(lambda: tables(db)[1] == whole, "visits are as they were", 30)
    maker.loop.stop()
    engine.dispose()


def test_another_long_stay_counts_at_once(tmp_path: Path) -> None:
    engine = database.open_database(database.sqlite_url(tmp_path / "mvsnap.db"))
    database.upgrade(engine)
    db, clock = database.Database(engine), SystemClock()
    put(WifiStore(db), stays(1, *range(0, 21, 4)))
    scanning = {"endpoints": [ENDPOINT], "long_stay_s": 600}
    rules = Scanning.model_validate(scanning)
    maker = VisitMaker(WifiStore(db), db, rules, UTC_ZONE, clock)
    maker.start()
    wait_until(lambda: [row[3] for row in tables(db)[2]] == [True], "it is long", 30)
    maker.loop.stop()
    engine.dispose()


def test_the_rule_is_that_of_the_settings() -> None:
    correlation = {"min_rssi_dbm": -50}
    scanning = {"visit_gap_s": 60, "long_stay_s": 120, "correlation": correlation}
    rule = visit_rule(Scanning.model_validate(scanning), UTC_ZONE)
    assert (rule.gap_s, rule.long_stay_s, rule.near_dbm) == (60, 120, -50)
