from __future__ import annotations

from pathlib import Path

import pytest

from mvsnap.domain import EventId
from mvsnap.store.files import Files
from tests.core.build import NOON, event

JPEG = b"\xff\xd8 a picture \xff\xd9"
ID = EventId("11111111-1111-4111-8111-111111111111")


def test_a_picture_lies_below_its_day_and_is_found_again(tmp_path: Path) -> None:
    files = Files(tmp_path)
    path = files.save_snapshot(ID, NOON, JPEG)
    assert path == f"snapshots/2026/03/04/{ID}.jpg"
    found = files.snapshot(event(snapshot_path=path))
    assert found == tmp_path / path
    assert found.read_bytes() == JPEG


def test_a_picture_saved_again_takes_the_place_of_the_first(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.save_snapshot(ID, NOON, b"the first, which is longer")
    path = files.save_snapshot(ID, NOON, JPEG)
    assert (tmp_path / path).read_bytes() == JPEG
    assert [f.name for f in (tmp_path / path).parent.iterdir()] == [f"{ID}.jpg"]


def test_half_a_picture_of_a_crash_is_no_picture(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots/2026/03/04"
    folder.mkdir(parents=True)
    (folder / f"{ID}.part").write_bytes(JPEG[:5])
    files = Files(tmp_path)
    path = f"snapshots/2026/03/04/{ID}.jpg"
    assert files.snapshot(event(snapshot_path=path)) is None
    files.save_snapshot(ID, NOON, JPEG)
    assert (tmp_path / path).read_bytes() == JPEG


def test_a_picture_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    files = Files(tmp_path)
    path = tmp_path / files.save_snapshot(ID, NOON, JPEG)
    path.with_suffix(".part").mkdir()  # in the way of the new one
    with pytest.raises(OSError, match="part"):
        files.save_snapshot(ID, NOON, b"new")
    assert path.read_bytes() == JPEG


def test_an_event_without_a_picture_has_none(tmp_path: Path) -> None:
    files = Files(tmp_path)
    assert files.snapshot(event()) is None
    assert files.snapshot(event(snapshot_path="snapshots/gone.jpg")) is None
    assert files.snapshot(event(snapshot_path=".")) is None


def test_a_picture_can_be_removed_twice(tmp_path: Path) -> None:
    files = Files(tmp_path)
    path = files.save_snapshot(ID, NOON, JPEG)
    files.remove(path)
    files.remove(path)
    assert files.snapshot(event(snapshot_path=path)) is None
