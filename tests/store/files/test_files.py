from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from mvsnap.domain import Event, EventId
from mvsnap.simulator.directory import portrait_of
from mvsnap.store.files import Files
from mvsnap.store.files.pictures import UnusablePicture
from tests.core.build import NOON, event

JPEG = b"\xff\xd8 a picture \xff\xd9"
ID = EventId("11111111-1111-4111-8111-111111111111")


def test_photos_of_nobody_are_removed_but_not_those_of_just_now(tmp_path: Path) -> None:
    files = Files(tmp_path)
    kept, gone = (files.save_photo(portrait_of(name)) for name in ("1", "2"))
    assert kept
    assert gone
    assert files.save_photo(portrait_of("1")) == kept
    with pytest.raises(UnusablePicture):
        files.save_photo(b"<svg/>")
    now = datetime.now(UTC)
    files.keep_photos({kept}, now)
    assert files.picture(gone) is not None
    files.keep_photos({kept}, now + timedelta(hours=2))
    assert (files.picture(gone), files.picture(kept) is not None) == (None, True)


def test_a_picture_lies_below_its_day_and_is_found_again(tmp_path: Path) -> None:
    files = Files(tmp_path)
    path = files.save_snapshot(ID, NOON, JPEG)
    assert Path(path).parent == Path("snapshots/2026/03/04")
    assert Path(path).name.startswith(ID)
    found = files.snapshot(event(snapshot_path=path))
    assert found == tmp_path / path
    assert found.read_bytes() == JPEG


def test_another_picture_of_a_row_never_takes_the_place_of_the_first(
    tmp_path: Path,
) -> None:
    files = Files(tmp_path)
    first, late = (files.save_snapshot(ID, NOON, jpeg) for jpeg in (JPEG, b"late"))
    assert files.save_snapshot(ID, NOON, JPEG) == first
    assert (tmp_path / first).read_bytes() == JPEG
    assert (tmp_path / late).read_bytes() == b"late"
    files.settle(late, named=first)
    files.settle(first, named=first)
    files.settle(None, named=first)
    assert files.picture(first) is not None
    assert files.picture(late) is None


def test_pictures_of_attempts_that_died_go_with_the_next_one(tmp_path: Path) -> None:
    """The row is written by now, and names one."""
    files = Files(tmp_path)
    other = files.save_snapshot(EventId(f"{ID}-2"[-36:]), NOON, JPEG)
    for jpeg in (b"died", b"died, too"):
        path = files.save_snapshot(ID, NOON, jpeg)
        (tmp_path / path).with_suffix(".thumbnail.jpg").write_bytes(b"small")
    path = files.save_snapshot(ID, NOON, JPEG)
    small = (tmp_path / path).with_suffix(".thumbnail.jpg")
    small.write_bytes(b"small")
    files.settle(path, named=path)
    left = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.jpg")}
    assert left == {other, path, str(small.relative_to(tmp_path))}


def test_half_a_picture_of_a_crash_is_no_picture(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots/2026/03/04"
    folder.mkdir(parents=True)
    (folder / f"{ID}.part").write_bytes(JPEG[:5])
    files = Files(tmp_path)
    path = f"snapshots/2026/03/04/{ID}.jpg"
    assert files.snapshot(event(snapshot_path=path)) is None
    path = files.save_snapshot(ID, NOON, JPEG)
    assert (tmp_path / path).read_bytes() == JPEG


def test_a_picture_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    """On a full disk each new try would otherwise make it fuller."""
    path = Files(tmp_path).save_snapshot(ID, NOON, JPEG)
    place = tmp_path / path
    place.unlink()
    place.mkdir()  # in the way
    with pytest.raises(OSError, match=str(ID)):
        Files(tmp_path).save_snapshot(ID, NOON, JPEG)
    assert [found.name for found in place.parent.iterdir()] == [place.name]


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


def stored(files: Files, jpeg: bytes) -> Event:
    return event(id=ID, snapshot_path=files.save_snapshot(ID, NOON, jpeg))


def noisy(width: int, height: int) -> bytes:
    """Return a JPEG that does not get small by itself."""
    out = io.BytesIO()
    Image.effect_noise((width, height), 90).convert("RGB").save(out, "JPEG", quality=95)
    return out.getvalue()


def test_a_thumbnail_is_small_and_made_once(tmp_path: Path) -> None:
    files = Files(tmp_path)
    taken = stored(files, noisy(1920, 1080))
    small = files.thumbnail(taken)
    assert small is not None
    made_at = small.stat().st_mtime_ns
    assert small.stat().st_size < 100_000
    assert files.thumbnail(taken) == small
    assert small.stat().st_mtime_ns == made_at


def test_a_message_gets_the_picture_itself_unless_it_is_too_large(
    tmp_path: Path,
) -> None:
    files = Files(tmp_path)
    small = stored(files, noisy(640, 360))
    assert files.picture_within(small, 1_000_000) == files.snapshot(small)
    large = stored(files, noisy(2688, 1512))
    copy = files.picture_within(large, 1_000_000)
    assert copy is not None
    assert copy != files.snapshot(large)
    assert copy.stat().st_size <= 1_000_000


def test_a_file_that_is_not_a_picture_has_no_thumbnail(tmp_path: Path) -> None:
    files = Files(tmp_path)
    taken = stored(files, JPEG)
    assert files.thumbnail(taken) is None
    assert files.picture_within(taken, 1_000_000) == files.snapshot(taken)
    assert files.thumbnail(event()) is None


def test_copies_go_with_their_picture(tmp_path: Path) -> None:
    files = Files(tmp_path)
    taken = stored(files, noisy(640, 360))
    files.thumbnail(taken)
    files.remove(taken.snapshot_path or "")
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == []
