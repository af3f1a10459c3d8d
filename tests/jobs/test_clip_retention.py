"""Retention with real files: what goes from the disk, and what its row says then."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from mvsnap.clip_model import Clip, ClipState, CopyState
from mvsnap.clock import SystemClock
from mvsnap.jobs.clip_retention import ClipRetentionRules, Retention
from mvsnap.recorder.files import clip_path, free_bytes
from mvsnap.store import database
from mvsnap.store.files import Files
from mvsnap.store.files.videos import VideoStore
from mvsnap.store.purging import PurgeResult
from tests.core.build import NOON
from tests.servers.card import Card, card
from tests.store.recordings import ROBOT, Recordings
from tests.store.sqlite import db as db

__all__ = ["card"]  # a fixture
DAY = 24


class Noon(SystemClock):
    """A clock that stands at noon, so many hours later."""

    def __init__(self, hours: int) -> None:
        super().__init__()
        self.hours = hours

    def now(self) -> datetime:
        return NOON + timedelta(hours=self.hours)

    def monotonic(self) -> float:
        return self.hours * 3600.0


class Site(Recordings):
    def __init__(self, db: database.Database, folder: Path) -> None:
        super().__init__(db)
        self.folder = folder
        self.clock = Noon(30 * DAY)

    def recorded(self, hour: int, **given: Any) -> Clip:
        """Store a clip with its video and thumbnail, as old as it says."""
        clip = self.clip(hour, thumbnail_path=f"videos/{hour}.jpg", **given)
        for path in (clip.path, clip.thumbnail_path):
            self.file(path or "", hour)
        return clip

    def file(self, path: str, hour: int) -> Path:
        whole = self.folder / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_bytes(bytes(10))
        made_s = (NOON + timedelta(hours=hour)).timestamp()
        os.utime(whole, (made_s, made_s))
        return whole

    def files(self) -> list[str]:
        return sorted(p.name for p in self.folder.rglob("videos/**/*") if p.is_file())

    def retention(self, **given: Any) -> Retention:
        fields: dict[str, Any] = {
            "keep_for": timedelta(days=365),
            "max_bytes": 10**9,
            "min_free_bytes": 0,
        }
        rules = ClipRetentionRules(**(fields | given))
        files = Files(self.folder)
        return Retention(self.folder, rules, self.videos, files, self.clock)


def removed(result: PurgeResult) -> tuple[int, int]:
    return result.removed, result.size_bytes


@pytest.fixture
def site(db: database.Database, tmp_path: Path) -> Site:
    return Site(db, tmp_path)


def test_old_clips_are_deleted_with_all_files_and_their_rows_say_so(site: Site) -> None:
    old, kept = site.recorded(1), site.recorded(2, kept=True)
    young = site.recorded(40 * DAY)
    site.clock.hours = 41 * DAY
    retention = site.retention(keep_for=timedelta(days=30))
    assert removed(retention.tidy()) == (1, 10)
    assert site.files() == ["2.jpg", "2.mp4", "960.jpg", "960.mp4"]
    states = [site.state(each)[0] for each in (old, kept, young)]
    assert states == [ClipState.DELETED, ClipState.READY, ClipState.READY]
    assert removed(retention.tidy()) == (0, 0)
    assert retention.forget().removed == 1
    assert site.clips.clip(old.id) is None


def test_the_oldest_go_until_the_rest_fits_and_a_shared_file_counts_once(
    site: Site,
) -> None:
    for hour in (1, 3, 4):
        site.recorded(hour)
    site.clip(2, path="videos/1.mp4", shared=True)
    assert removed(site.retention(max_bytes=30).tidy()) == (0, 0)
    assert removed(site.retention(max_bytes=25).tidy()) == (2, 10)
    assert site.files() == ["3.jpg", "3.mp4", "4.jpg", "4.mp4"]


def test_a_full_disk_is_emptied_but_for_what_is_kept(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """The disk of the tests cannot be filled: more room is asked for than it has."""
    site.recorded(1, kept=True)
    waits = site.recorded(2, copy_state=CopyState.WAITING)
    site.recorded(3)
    more_bytes = free_bytes(site.folder) + 10**9
    too_old = site.retention(copies=True, keep_for=timedelta(days=1))
    assert removed(too_old.tidy()) == (1, 10)
    assert site.state(waits)[0] is ClipState.READY
    assert "before it was copied" not in caplog.text
    full = site.retention(copies=True, min_free_bytes=more_bytes)
    assert removed(full.tidy()) == (1, 10)
    assert "2.mp4 removed before it was copied: the disk is full" in caplog.text
    assert site.files() == ["1.jpg", "1.mp4"]


def test_a_disk_without_room_for_a_row_is_emptied_too(card: Card) -> None:
    """Files go before their rows then: a row that says so needs room."""
    engine = database.open_database(database.sqlite_url(card.folder / "mvsnap.db"))
    database.upgrade(engine)
    site = Site(database.Database(engine), card.folder)
    clips = [site.recorded(hour, size_bytes=1_000_000) for hour in (1, 2, 3)]
    for clip in clips:
        (card.folder / str(clip.path)).write_bytes(bytes(1_000_000))
    card.fill()
    assert removed(site.retention(min_free_bytes=1_000_000).tidy())[0] >= 1
    assert free_bytes(card.folder) >= 1_000_000
    assert site.state(clips[0])[0] is ClipState.DELETED
    assert site.state(clips[2])[0] is ClipState.READY
    engine.dispose()


class Full(VideoStore):
    """Of a disk without room for a row, in the moment in which somebody keeps it."""

    def __init__(self, db: database.Database, keep: Callable[[], None]) -> None:
        super().__init__(db, "-0123")
        self._keep = keep

    def retire(self, path: str, *, dry_run: bool = False) -> int:
        if dry_run:
            return super().retire(path, dry_run=True)
        self._keep()
        full = sqlite3.OperationalError("database or disk is full")
        full.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise OperationalError("UPDATE", {}, full)


def test_a_video_that_somebody_keeps_stays_also_on_a_full_disk(site: Site) -> None:
    clip = site.recorded(1)

    def keep() -> None:
        site.clips.keep(clip.id, kept=True)

    site.videos = Full(site.db, keep)
    assert removed(site.retention(max_bytes=5).tidy()) == (0, 0)
    assert site.files() == ["1.jpg", "1.mp4"]


def test_room_is_made_before_clips_are_refused(site: Site) -> None:
    """The recorder refuses them below the limit; this looks every five minutes."""
    site.recorded(1)
    a_little_less = free_bytes(site.folder) * 9 // 10
    assert removed(site.retention(min_free_bytes=a_little_less).tidy()) == (1, 10)


def test_without_a_bucket_nothing_waits_for_a_copy(site: Site) -> None:
    site.recorded(1, copy_state=CopyState.WAITING)
    tidied = site.retention(keep_for=timedelta(days=1)).tidy()
    assert removed(tidied) == (1, 10)


def test_what_a_crash_left_of_a_delete_is_finished(site: Site) -> None:
    clip = site.recorded(1)
    site.videos.retire(clip.path or "")
    site.retention().tidy()
    assert site.files() == []


def test_files_of_no_clip_go_after_a_day(site: Site) -> None:
    site.recorded(1)
    site.file("videos/robot/2026/03/04/stray_0123456789.mp4.part", 28 * DAY)
    site.file("videos/robot/young_0123456789.mp4", 30 * DAY - 1)
    site.file("snapshots/1.jpg", 1)
    folder = site.folder / "videos/robot/2026/03/04"
    os.utime(folder, (0, 0))
    assert site.retention().sweep() == PurgeResult(removed=1)
    assert site.files() == ["1.jpg", "1.mp4", "young_0123456789.mp4"]
    assert (site.folder / "snapshots/1.jpg").exists()
    assert site.retention().sweep() == PurgeResult()


def test_the_file_of_a_clip_whose_row_is_to_come_stays(site: Site) -> None:
    """The service was killed when the file was there, and is started days later."""
    videos = site.folder / "videos"
    waiting = site.clip(1, state=ClipState.RECORDING, path=None)
    path = clip_path(videos, ROBOT, waiting.id, waiting.at)
    site.file(str(path.relative_to(site.folder)), 1)
    assert site.retention().sweep() == PurgeResult()
    assert path.exists()


def test_a_clip_whose_file_is_gone_is_marked(site: Site) -> None:
    there, lost = site.recorded(1), site.recorded(2)
    (site.folder / "videos/2.mp4").unlink()
    assert site.retention().sweep() == PurgeResult(lost=1)
    assert site.state(lost)[::2] == (ClipState.DELETED, "the file is missing")
    assert site.state(there)[0] is ClipState.READY


def test_a_disk_that_is_not_mounted_marks_nothing(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    clip = site.clip(1)
    assert site.retention().sweep() == PurgeResult()
    assert site.state(clip)[0] is ClipState.READY
    assert "the videos of 1 clips are missing" in caplog.text
