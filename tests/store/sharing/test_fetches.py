"""What one process fetches for all: in memory, and in a real PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clock import SystemClock
from mvsnap.domain import Serial
from mvsnap.inventory import Inventory
from mvsnap.photographer import CameraNames
from mvsnap.store import database
from mvsnap.store.sense import SenseStore
from mvsnap.store.sharing.fetches import Fetches, OwnFetches, StoredFetches
from mvsnap.store.site import SiteStore
from tests.conftest import Clouds


@pytest.fixture
def db(postgres_url: str) -> Iterator[database.Database]:
    engine = database.open_database(postgres_url)
    database.upgrade(engine)
    yield database.Database(engine)
    engine.dispose()


def stored(db: database.Database) -> StoredFetches:
    """Return those of another process each time."""
    stored.count = getattr(stored, "count", 0) + 1  # type: ignore[attr-defined]
    holder = f"process {stored.count}"  # type: ignore[attr-defined]
    return StoredFetches(db, "inventory", holder, SystemClock())


@pytest.mark.parametrize("where", ["memory", "postgresql"])
def test_a_fetch_is_known_with_its_age_and_content(
    where: str, request: pytest.FixtureRequest
) -> None:
    fetches: Fetches = OwnFetches(SystemClock())
    if where == "postgresql":
        fetches = stored(request.getfixturevalue("db"))
    assert fetches.last("cameras") is None
    fetches.want("cameras")
    assert fetches.last("cameras") is None
    fetches.note("cameras", {"a": 1.5}, age_s=100)
    first = fetches.last("cameras")
    assert first is not None
    assert first.age_s == pytest.approx(100, abs=10)
    assert first.content == {"a": 1.5}
    assert (first.is_due(300), first.is_due(90)) == (False, True)
    fetches.want("cameras")
    wanted = fetches.last("cameras")
    assert wanted is not None
    assert wanted.is_due(300)
    fetches.note("cameras")
    again = fetches.last("cameras")
    assert again is not None
    assert again.number != first.number
    assert not again.is_wanted
    fetches.want("cameras")
    last = fetches.last("cameras")
    assert last is not None
    assert not last.is_due(300)  # not again at once


def test_one_process_has_the_turn_and_gives_it_back(db: database.Database) -> None:
    first, second = stored(db), stored(db)
    with first.claim() as goes_on:
        assert goes_on is not None
        assert goes_on()
        with second.claim() as refused:
            assert refused is None
        with first.claim() as refused:  # of another thread
            assert refused is None
    with second.claim() as goes_on:
        assert goes_on is not None


def test_several_workers_fetch_the_names_once(
    db: database.Database, clouds: Clouds
) -> None:
    workers = [Worker(db, clouds) for _ in range(3)]
    threads = [threading.Thread(target=w.inventory.refresh) for w in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for worker in workers:
        worker.inventory.refresh()
        assert worker.names.is_known(Serial(next(iter(clouds.dashboard.cameras))))
    lists = [a for a in clouds.dashboard.asked if a.path.endswith("/devices")]
    zones = [a for a in clouds.dashboard.asked if "/analytics/zones" in a.path]
    assert len(lists) == 1
    assert len(zones) == 1


def test_a_name_that_one_misses_is_fetched_by_one_for_all(
    db: database.Database, clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mvsnap.store.sharing.fetches._WANTED_EVERY_S", 0.0)
    workers = [Worker(db, clouds) for _ in range(3)]
    for worker in workers:
        worker.inventory.refresh()
    serial = Serial(list(clouds.dashboard.cameras)[1])
    clouds.dashboard.cameras[serial].name = "New name"
    clouds.dashboard.asked.clear()
    stranger = Serial("Q2XX-NEWW-0001")
    began = time.monotonic()
    assert workers[0].names.name(stranger) == stranger
    assert time.monotonic() - began < 15  # it is not waited for
    for worker in workers:
        worker.inventory.refresh()
        assert worker.names.name(serial) == "New name"


class Worker:
    def __init__(self, db: database.Database, clouds: Clouds) -> None:
        clock = SystemClock()
        dashboard = Dashboard(
            clouds.dashboard_url, clouds.dashboard.api_key, clock=clock
        )
        self.names = CameraNames(dashboard, clock)
        self.inventory = Inventory(
            dashboard,
            self.names,
            SiteStore(db),
            SenseStore(db),
            clock,
            wanted=(Serial(next(iter(clouds.dashboard.cameras))),),
            fetches=stored(db),
        )
        self.names.fetch_by(self.inventory.fetch_name, is_all=True)


def test_a_process_that_died_loses_its_turn(
    db: database.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, living = stored(db), stored(db)
    dead._claims._lease_s = 0.2
    dead._claims.hold(["inventory"])
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with living.claim() as goes_on:
            if goes_on is not None:
                return
        time.sleep(0.05)
    raise AssertionError("nobody took over")
