"""Long writes leave the writer's lock to others, and remove all the same."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, insert, select

from mvsnap.domain import DeliveryState
from mvsnap.store import purging
from mvsnap.store import steps as steps_of_writes
from mvsnap.store.events import Store
from mvsnap.store.purging import PurgeResult, to_the_end
from mvsnap.store.steps import Steps
from mvsnap.store.tables import deliveries, events
from tests.core.build import NOON, event

MANY = 700


def fill(store: Store, many: int) -> None:
    rows = [
        {
            "job_id": f"job-{number}",
            "part": "",
            "room": "room",
            "state": DeliveryState.SENT,
            "attempts": 1,
            "changed_at": NOON + timedelta(hours=number % 2),
        }
        for number in range(many)
    ]
    with store._db.writing() as connection:
        connection.execute(insert(deliveries), rows)


def test_all_that_is_old_goes_however_much_it_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "_KEYS", 100)
    fill(store, MANY)
    before = NOON + timedelta(minutes=1)
    assert store.purge_deliveries(before, dry_run=True).removed == MANY // 2
    assert store.purge_deliveries(before).removed == MANY // 2
    with store._db.reading() as connection:
        left = connection.execute(select(func.count()).select_from(deliveries))
        assert left.scalar_one() == MANY // 2
    assert store.purge_deliveries(before) == PurgeResult()


def test_others_write_between_two_steps(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pause is about as long as the step before it."""
    pauses: list[float] = []
    steps = Steps(store._db, sleep=pauses.append)
    # However long the others take on a busy machine.
    monkeypatch.setattr(steps_of_writes, "time", SimpleNamespace(monotonic=lambda: 1.0))
    for _ in range(3):
        with steps.writing():
            pass
        store.heartbeat("another", NOON)  # the lock is free
    is_sqlite = store._db.is_sqlite
    assert [pause > 0 for pause in pauses] == [False, is_sqlite, is_sqlite]


def test_a_slow_step_is_followed_by_a_smaller_one(store: Store) -> None:
    steps = Steps(store._db, first=400, least=150, most=1000)
    steps._adapt(10)
    assert steps.size == 200
    steps._adapt(10)
    assert steps.size == 150
    for _ in range(4):
        steps._adapt(0)
    assert steps.size == 1000


def test_files_go_before_the_next_rows_do(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "_KEYS", 2)
    monkeypatch.setattr(purging, "_FILES", 2)
    names = [f"snapshots/{number}.jpg" for number in range(5)]
    for name in names:
        store.add_event(event(snapshot_path=name, recorded_at=NOON))
    removed: list[tuple[str, ...]] = []

    def purge() -> PurgeResult:
        result = store.purge(NOON + timedelta(days=1))
        removed.append(result.paths)
        return result

    total = to_the_end(purge)
    assert (total.removed, total.files, total.paths) == (5, 5, ())
    assert sorted(name for paths in removed for name in paths) == names
    with store._db.reading() as connection:
        assert connection.execute(select(events.c.id)).all() == []
