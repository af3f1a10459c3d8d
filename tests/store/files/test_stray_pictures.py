"""Pictures in a folder that no row names: they go when they are old, in small steps."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from mvsnap.clients.s3.errors import StoreError
from mvsnap.clock import SystemClock
from mvsnap.store.events import Store
from mvsnap.store.files import Files, stray_pictures
from mvsnap.store.files.cache import FileCache
from mvsnap.store.files.evidence_bucket import EvidenceBucket
from mvsnap.store.files.known import KnownFiles
from mvsnap.store.files.stray_pictures import StrayPictures
from mvsnap.store.files.tasks import FileTasks
from mvsnap.store.purging import PurgeResult
from mvsnap.store.tables import events
from tests.core import build

DAY = "snapshots/2026/01/0"


@pytest.fixture
def strays(tmp_path: Path, store: Store) -> StrayPictures:
    known = KnownFiles(store._db, (events.c.snapshot_path,))
    return StrayPictures(Files(tmp_path), known, SystemClock())


def put(folder: Path, path: str, *, is_old: bool = True) -> Path:
    whole = folder / path
    whole.parent.mkdir(parents=True, exist_ok=True)
    whole.write_bytes(b"jpeg")
    if is_old:
        os.utime(whole, (1_700_000_000, 1_700_000_000))
    return whole


def left(folder: Path) -> set[str]:
    found = (folder / "snapshots").rglob("*.jpg")
    return {str(path.relative_to(folder / "snapshots/2026/01")) for path in found}


def test_old_ones_go_with_their_copies_and_each_is_looked_at(
    tmp_path: Path,
    store: Store,
    strays: StrayPictures,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stray_pictures, "_AT_ONCE", 2)
    for name in ("1/known", "1/stray", "2/known", "3/stray"):
        put(tmp_path, f"{DAY}{name}.jpg")
        put(tmp_path, f"{DAY}{name}.thumbnail.jpg")
    put(tmp_path, f"{DAY}3/new.jpg", is_old=False)
    for number in (1, 2):
        store.add_event(build.event(snapshot_path=f"{DAY}{number}/known.jpg"))
    assert strays.step(dry_run=True).removed == 0
    many = [strays.step().removed for _ in range(12)]
    assert (sum(many), max(many)) == (2, 1)
    known = {f"0{n}/known{end}.jpg" for n in (1, 2) for end in ("", ".thumbnail")}
    assert left(tmp_path) == known | {"03/new.jpg"}


def test_a_store_that_knows_few_of_them_removes_none(
    tmp_path: Path, strays: StrayPictures, caplog: pytest.LogCaptureFixture
) -> None:
    """As after an old backup was restored, or where another site has this folder."""
    for number in range(25):
        put(tmp_path, f"{DAY}1/{number}.jpg")
    held = {strays.step().held for _ in range(6)} - {""}
    (why,) = held
    assert why.startswith("25 of 25 pictures in snapshots/")
    assert len(left(tmp_path)) == 25
    assert caplog.text.count("nothing is removed") == 1


def test_a_person_may_say_that_they_are_nobody_s(
    tmp_path: Path,
    store: Store,
    strays: StrayPictures,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stray_pictures, "_AT_ONCE", 10)
    for number in range(25):
        put(tmp_path, f"{DAY}1/{number}.jpg")
    put(tmp_path, f"{DAY}2/new.jpg", is_old=False)
    put(tmp_path, f"{DAY}2/known.jpg")
    store.add_event(build.event(snapshot_path=f"{DAY}2/known.jpg"))
    assert any(strays.step().held for _ in range(9))
    put(tmp_path, f"badges/{DAY[-10:]}1/one.jpg")
    refused = strays.all()
    assert refused.removed == 0
    assert "purge --force" in refused.held
    would = strays.all(dry_run=True, force=True)
    assert (would.removed, len(would.paths), would.held) == (26, 26, "")
    assert len(left(tmp_path)) == 27
    assert strays.all(force=True).removed == 26
    assert left(tmp_path) == {"02/known.jpg", "02/new.jpg"}
    # The service, which runs meanwhile, holds nothing any more.
    for _ in range(9):
        last = strays.step()
    assert (last.held, last.is_more) == ("", False)


def test_after_an_old_backup_the_days_that_it_lacks_stay(
    tmp_path: Path, store: Store, strays: StrayPictures
) -> None:
    """The store knows most of what is there: all but the last days."""
    for number in range(40):
        put(tmp_path, f"{DAY}1/{number}.jpg")
        store.add_event(build.event(snapshot_path=f"{DAY}1/{number}.jpg"))
    for number in range(10):
        put(tmp_path, f"{DAY}2/{number}.jpg")
    (why,) = {strays.step().held for _ in range(6)} - {""}
    assert why.startswith("10 of 50 pictures in snapshots/")
    assert len(left(tmp_path)) == 50


def test_those_of_another_site_stay_though_they_get_old_one_by_one(
    tmp_path: Path, strays: StrayPictures, caplog: pytest.LogCaptureFixture
) -> None:
    made = [put(tmp_path, f"{DAY}1/{number}.jpg") for number in range(12)]
    two_hours_ago_s = time.time() - 7200
    for path in made:
        os.utime(path, (two_hours_ago_s, two_hours_ago_s))
    for path in made:
        os.utime(path, (1_700_000_000, 1_700_000_000))
        assert sum(strays.step().removed for _ in range(3)) == 0
    # Nor do the last few of them go.
    for path in made[2:]:
        path.unlink()
    assert sum(strays.step().removed for _ in range(3)) == 0
    assert caplog.text.count("nothing is removed") == 1


class Unlisted:
    """A bucket that stores what it is given; the key may not list."""

    def __init__(self) -> None:
        self.stored: list[str] = []

    def listed(self, below: str, after: str, at_most: int) -> list[tuple[str, Any]]:
        raise StoreError("the bucket answered 403 AccessDenied", retry=False)

    def upload(self, path: Path, name: str, content_type: str) -> None:
        self.stored.append(name)


def test_a_key_that_may_not_list_keeps_no_picture_waiting(
    tmp_path: Path, store: Store
) -> None:
    bucket: Any = Unlisted()
    tasks = FileTasks(store._db, "here")
    cache = FileCache(tmp_path, tasks.unstored, max_bytes=10**9)
    clock = SystemClock()
    evidence = EvidenceBucket(tmp_path, lambda: bucket, tasks, cache, clock)
    files, known = Files(tmp_path, evidence), KnownFiles(store._db, ())
    strays = StrayPictures(files, known, clock)
    away = "The bucket of pictures and clips cannot be reached now"
    assert strays.step() == PurgeResult(unseen=away, is_more=True)
    # Nor is what was held all gone: nobody could look.
    assert strays.all(force=True) == PurgeResult(unseen=away, is_more=True)
    evidence.put(f"{DAY}1/new.jpg", b"jpeg")
    assert bucket.stored == [f"{DAY}1/new.jpg"]
