"""Machines made from one image: the later one to start has a new id, and says so.

Their data_dir is copied; PostgreSQL is the one that they share.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import update

from mvsnap.clock import SystemClock
from mvsnap.jobs.executors import ExecutorSlot, acquire_slot, installation
from mvsnap.sense.lock import acquire_lock
from mvsnap.store import database
from mvsnap.store.events import Store
from mvsnap.store.sharing.identities import IdentityStore, renewed_ids
from mvsnap.store.sharing.tables import identities
from tests.clients.fakes import NOON
from tests.servers.processes import wait_until


@pytest.fixture
def db(postgres_url: str) -> Iterator[database.Database]:
    engine = database.open_database(postgres_url)
    database.upgrade(engine)
    yield database.Database(engine)
    engine.dispose()


@pytest.fixture
def known(db: database.Database) -> IdentityStore:
    return IdentityStore(db, Store(db), SystemClock(), origin="the same boot")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A data_dir that has never been started, but has its id."""
    made = tmp_path / "image"
    installation(made)
    return made


class NoTime(SystemClock):
    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"slept {seconds} s")


def copy(image: Path, name: str) -> Path:
    return Path(shutil.copytree(image, image.parent / name))


def restarted(slot: ExecutorSlot, data_dir: Path, known: IdentityStore) -> ExecutorSlot:
    slot.release()
    return acquire_slot(data_dir, known)


def test_two_copies_have_ids_of_their_own_and_keep_them(
    image: Path, known: IdentityStore, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = copy(image, "first"), copy(image, "second")
    one = acquire_slot(first, known)
    assert one.executor_id == f"{installation(image)}-0"
    assert not renewed_ids(first)

    with caplog.at_level(logging.WARNING):
        other = acquire_slot(second, known)
    assert other.executor_id != one.executor_id
    assert installation(second) != installation(first)
    old = installation(image).rpartition("-")[2]
    assert f"another machine had the id {old}" in renewed_ids(second)
    assert "another machine is running with the id of this one" in caplog.text

    assert known.beat(one.mark)
    assert known.beat(other.mark)
    again = restarted(one, first, known), restarted(other, second, known)
    assert [slot.executor_id for slot in again] == [one.executor_id, other.executor_id]


def test_a_copy_of_a_machine_that_runs_has_an_id_of_its_own(
    image: Path, db: database.Database, known: IdentityStore
) -> None:
    there = IdentityStore(db, Store(db), SystemClock(), watch_s=20, origin="another")
    one = acquire_slot(image, known)
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(acquire_slot, copy(image, "copy"), there)
        wait_until(lambda: known.beat(one.mark) and starting.done(), "it is noticed")
        assert starting.result().executor_id != one.executor_id
    assert known.beat(one.mark)


def test_a_machine_that_is_back_after_a_power_cut_goes_on_with_its_work(
    image: Path, db: database.Database, known: IdentityStore
) -> None:
    one = acquire_slot(image, known)
    one.release()
    rebooted = IdentityStore(db, Store(db), SystemClock(), watch_s=0.2, origin="next")
    assert acquire_slot(image, rebooted).executor_id == one.executor_id
    assert not known.beat(one.mark)


def test_a_copy_that_replaces_a_dead_machine_goes_on_with_its_work(
    image: Path, db: database.Database, known: IdentityStore
) -> None:
    backup = copy(image, "backup")
    one = acquire_slot(image, known)
    with db.writing() as connection:
        connection.execute(update(identities).values(seen_at=NOON.replace(year=2000)))
    assert acquire_slot(backup, known).executor_id == one.executor_id


def test_after_a_clean_end_nobody_watches(
    image: Path, db: database.Database, known: IdentityStore
) -> None:
    one = acquire_slot(image, known)
    known.end(one.mark)
    one.release()
    next_boot = IdentityStore(db, Store(db), NoTime(), origin="next")
    assert acquire_slot(image, next_boot).executor_id == one.executor_id


def test_copies_that_start_at_once_have_ids_of_their_own(
    image: Path, known: IdentityStore
) -> None:
    folders = [copy(image, name) for name in "abcd"]
    with ThreadPoolExecutor(len(folders)) as pool:
        slots = list(pool.map(lambda folder: acquire_slot(folder, known), folders))
    assert len({slot.executor_id for slot in slots}) == len(folders)


def test_two_processes_of_one_machine_are_no_copies(
    image: Path, known: IdentityStore
) -> None:
    first, second = acquire_slot(image, known), acquire_slot(image, known)
    assert [first.executor_id[-2:], second.executor_id[-2:]] == ["-0", "-1"]
    assert not renewed_ids(image)


def test_two_listeners_have_ids_of_their_own(
    tmp_path: Path, known: IdentityStore
) -> None:
    (tmp_path / "image").mkdir()
    made = acquire_lock(tmp_path / "image")
    assert made is not None
    made.leave()
    first, second = copy(tmp_path / "image", "a"), copy(tmp_path / "image", "b")
    one, other = acquire_lock(first, known), acquire_lock(second, known)
    assert one is not None
    assert other is not None
    assert one.listener_id == made.listener_id != other.listener_id
    assert made.listener_id in renewed_ids(second)
    other.leave()
    again = acquire_lock(second, known)
    assert again is not None
    assert again.listener_id == other.listener_id


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"at_s": "x"}]', "null", "\xff"])
def test_a_damaged_note_of_new_ids_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "renewed-ids.json").write_text(text, encoding="latin-1")
    assert renewed_ids(tmp_path) == ""
