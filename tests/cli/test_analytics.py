"""`analytics rebuild`, and what `check` and `purge` say of Wi-Fi."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mvsnap.store import database
from mvsnap.wifi.batches import WifiStore
from mvsnap.wifi.model import Radio
from mvsnap.wifi.visits import Observation, VisitRule
from tests.cli.run import configure, mvsnap, settings
from tests.conftest import Clouds
from tests.wifi.build import tables

ENDPOINT = {"token": "a" * 16, "validator": "v" * 8, "secret": "s" * 8}


def site(folder: Path, clouds: Clouds, **scanning: Any) -> database.Database:
    """Write settings with an endpoint; return the store they lead to."""
    tree = settings(clouds) | {"scanning": {"endpoints": [ENDPOINT]} | scanning}
    configure(folder, tree)
    (folder / "data").mkdir(exist_ok=True)
    engine = database.open_database(database.sqlite_url(folder / "data/mvsnap.db"))
    database.upgrade(engine)
    return database.Database(engine)


def fill(db: database.Database, first_minute: int) -> None:
    chance = random.Random(5004)
    store = WifiStore(db)
    for minute in range(first_minute, first_minute + 300, 5):
        devices = chance.sample(range(50), 20)
        observed = [Observation(device, minute, 0, 9, -60) for device in devices]
        store.add_batch("L_1", Radio.WIFI, observed, datetime.now(UTC))
    while store.process(VisitRule(), datetime.now(UTC)):
        pass


@pytest.fixture
def this_minute() -> int:
    return int(datetime.now(UTC).timestamp()) // 60


def test_a_rebuild_with_the_same_settings_changes_nothing(
    tmp_path: Path, clouds: Clouds, this_minute: int
) -> None:
    db = site(tmp_path, clouds)
    fill(db, this_minute - 1000)
    before = tables(db)
    said = mvsnap(tmp_path, "analytics", "rebuild")
    assert (said.code, said.out) == (0, "Rebuilt visits from 1200 observations.\n")
    assert tables(db) == before
    site(tmp_path, clouds, visit_gap_s=3600)
    assert mvsnap(tmp_path, "analytics", "rebuild").code == 0
    assert len(tables(db)[1]) < len(before[1])


def test_purge_follows_both_retentions(
    tmp_path: Path, clouds: Clouds, this_minute: int
) -> None:
    db = site(tmp_path, clouds, keep_observations_days=1, keep_visits_days=3)
    fill(db, this_minute - 2 * 24 * 60)
    visits = len(tables(db)[1])
    said = mvsnap(tmp_path, "purge")
    assert said.code == 0, said.err
    assert "Wi-Fi observations: 1200 removed." in said.out
    assert (tables(db)[0], len(tables(db)[1])) == ([], visits)
    site(tmp_path, clouds, keep_observations_days=1, keep_visits_days=1)
    assert f"Wi-Fi visits: {visits} removed." in mvsnap(tmp_path, "purge").out
    assert tables(db)[1:] == [[], []]


def test_check_shows_how_many_batches_wait(tmp_path: Path, clouds: Clouds) -> None:
    db = site(tmp_path, clouds)
    WifiStore(db).add_batch(
        "", Radio.WIFI, [Observation(1, 1, 0, 0, -60)], datetime.now(UTC)
    )
    said = mvsnap(tmp_path, "check")
    assert said.code == 0, said.out
    (line,) = [text for text in said.out.splitlines() if "Wi-Fi" in text]
    assert line.startswith("ok")
    assert "endpoints: 1, MAC addresses hashed" in line
    assert "batches waiting for the worker: 1" in line
    (tmp_path / "data/scanning-salt").write_text("nonsense")
    said = mvsnap(tmp_path, "check")
    assert said.code == 1
    assert "scanning-salt" in said.out
