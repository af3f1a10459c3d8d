"""Clips that are kept and deleted, on SQLite and PostgreSQL."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.clip_model import Clip, ClipState, RecorderCameraState
from mvsnap.domain import (
    CameraName,
    EventId,
    JobId,
    Trigger,
    TriggerKind,
)
from mvsnap.store import database
from mvsnap.store.clips import ClipStore
from mvsnap.store.clips.deletion import finish_deletes
from mvsnap.store.events import Store
from mvsnap.store.files import Files
from mvsnap.store.files.videos import VideoStore
from mvsnap.store.site import SiteStore
from mvsnap.texts.wording import Reason
from tests.changes import log_line
from tests.core.build import NOON, event

VIDEO = "videos/robot/2026/03/04/20260304T120000Z_robot_0123456789.mp4"
DELETED = log_line(NOON, "anna", "clip", "Robot", "deleted")


@pytest.fixture
def store(db: database.Database) -> ClipStore:
    return ClipStore(db)


@pytest.fixture
def videos(db: database.Database) -> VideoStore:
    return VideoStore(db, "-0123")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    video = tmp_path / VIDEO
    video.parent.mkdir(parents=True)
    video.write_bytes(b"video")
    video.with_suffix(".jpg").write_bytes(b"thumbnail")
    return Files(tmp_path)


def clip(**given: Any) -> Clip:
    fields: dict[str, Any] = {
        "id": EventId(str(uuid.uuid4())),
        "job_id": JobId("job-1"),
        "camera": CameraName("Robot"),
        "trigger": Trigger(TriggerKind.WEBHOOK, "robots"),
        "at": NOON,
        "received_at": NOON,
        "state": ClipState.READY,
        "path": VIDEO,
        "thumbnail_path": VIDEO.replace(".mp4", ".jpg"),
    }
    return Clip(**(fields | given))


def stored(store: ClipStore, **given: Any) -> Clip:
    one = clip(**given)
    store.ask([one], "pi-0123")
    store.finish(one, event(id=one.id))
    return one


def now(store: ClipStore, one: Clip) -> Clip:
    found = store.clip(one.id)
    assert found is not None
    return found


def test_a_deleted_clip_is_seen_by_nobody_and_its_file_goes(
    store: ClipStore,
    videos: VideoStore,
    db: database.Database,
    files: Files,
    tmp_path: Path,
) -> None:
    one = stored(store)
    assert files.clip(one)
    assert store.delete(one.id, [DELETED])
    assert files.clip(now(store, one)) is None
    assert files.clip_thumbnail(now(store, one)) is None
    assert (tmp_path / VIDEO).exists()  # as after a crash between the two steps
    assert finish_deletes(videos, files) == 1
    assert not list((tmp_path / VIDEO).parent.iterdir())
    assert (now(store, one).state, now(store, one).path) == (ClipState.DELETED, None)
    assert finish_deletes(videos, files) == 0
    assert SiteStore(db).changes(9) == [DELETED]
    assert not store.delete(one.id, [DELETED])
    assert not store.keep(one.id, True)
    assert SiteStore(db).changes(9) == [DELETED]


def test_a_file_stays_while_another_clip_shows_it(
    store: ClipStore, videos: VideoStore, files: Files, tmp_path: Path
) -> None:
    first, second = stored(store), stored(store, shared=True)
    store.delete(first.id)
    assert finish_deletes(videos, files) == 0
    assert files.clip(now(store, second))
    store.delete(second.id)
    assert finish_deletes(videos, files) == 1
    assert not (tmp_path / VIDEO).exists()
    assert now(store, first).path is None


def test_a_kept_clip_is_not_deleted(store: ClipStore) -> None:
    one = stored(store)
    assert store.keep(one.id, True)
    assert not store.keep(one.id, True)
    assert not store.delete(one.id)
    assert store.keep(one.id, False)
    assert store.delete(one.id)


@pytest.mark.parametrize("state", [ClipState.WAITING, ClipState.FAILED])
def test_what_has_no_file_is_not_deleted(store: ClipStore, state: ClipState) -> None:
    one = stored(store, state=state, path=None)
    assert not store.delete(one.id)
    assert not store.delete(EventId("nothing"))
    assert now(store, one).state is state


def test_a_file_that_went_by_itself_is_forgotten(
    store: ClipStore, videos: VideoStore, tmp_path: Path
) -> None:
    one = stored(store)
    store.delete(one.id)
    assert finish_deletes(videos, Files(tmp_path / "elsewhere")) == 1
    assert now(store, one).path is None


def test_a_file_that_cannot_be_removed_is_tried_again(
    store: ClipStore,
    videos: VideoStore,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    stuck = tmp_path / VIDEO
    stuck.mkdir(parents=True)  # no file can be unlinked there
    one = stored(store)
    store.delete(one.id)
    assert finish_deletes(videos, Files(tmp_path)) == 0
    assert f"deleted clip {VIDEO} is still on the disk" in caplog.text
    stuck.rmdir()
    assert finish_deletes(videos, Files(tmp_path)) == 1


def test_clips_of_one_job_or_one_video_are_related(store: ClipStore) -> None:
    other_job, other_file = JobId("job-2"), VIDEO.replace("0123", "4567")
    first = stored(store)
    same_job = stored(store, path=other_file)
    same_file = stored(store, job_id=other_job, shared=True)
    stored(store, job_id=other_job, path=other_file)
    assert {c.id for c in store.related(first)} == {same_job.id, same_file.id}
    store.delete(same_file.id)
    assert {c.id for c in store.related(first)} == {same_job.id}


def test_clips_without_a_video_are_not_related_by_that(store: ClipStore) -> None:
    one = stored(store, path=None, state=ClipState.FAILED)
    stored(store, path=None, state=ClipState.FAILED, job_id=JobId("job-2"))
    assert store.related(one) == []


def test_the_state_of_a_camera_is_as_old_as_it_is_whatever_the_clocks_say(
    db: database.Database,
) -> None:
    store, robot = ClipStore(db), CameraName("Robot")
    # Of a machine whose clock is years behind; a file has no other clock.
    seen_at = datetime.now(UTC) if db.is_sqlite else NOON
    since = seen_at - timedelta(minutes=5)
    state = RecorderCameraState(robot, "recording", Reason(""), since, seen_at)
    store.see([state])
    found = store.recorder_cameras()[robot]
    assert abs(found.seen_at - Store(db).now()) < timedelta(seconds=10)
    assert found.seen_at - found.since == timedelta(minutes=5)
