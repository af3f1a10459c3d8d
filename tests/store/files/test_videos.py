"""The videos of one data_dir, on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from mvsnap.clip_model import ClipState, CopyState
from mvsnap.core.clip_retention import Video
from mvsnap.domain import EventId
from mvsnap.store import database
from mvsnap.store.files.videos import ToCopy, Usage, VideoStore
from mvsnap.values import replace
from tests.core.build import NOON, event
from tests.store.recordings import HERE, ROBOT, THERE, Recordings


@pytest.fixture
def site(db: database.Database) -> Recordings:
    return Recordings(db)


def hour(number: int) -> datetime:
    return NOON + timedelta(hours=number)


def test_every_file_counts_once_and_is_as_young_as_its_youngest_clip(
    site: Recordings,
) -> None:
    assert site.videos.usage() == Usage(0, None)
    site.clip(1)
    site.clip(2, path="videos/1.mp4", shared=True, copy_state=CopyState.WAITING)
    site.clip(3, kept=True)
    site.clip(4, recorder=THERE)
    site.clip(5, state=ClipState.FAILED, path=None)
    assert site.videos.usage() == Usage(20, hour(2))
    assert site.videos.videos(NOON) == [
        Video("videos/1.mp4", hour(2), 10, uncopied=True),
        Video("videos/3.mp4", hour(3), 10, kept=True),
    ]


def test_a_video_whose_message_is_to_come_is_busy_for_a_while(site: Recordings) -> None:
    site.clip(1, told=False)
    assert [each.busy for each in site.videos.videos(hour(1))] == [True]
    assert [each.busy for each in site.videos.videos(hour(2))] == [False]


def test_all_clips_of_a_file_go_together_or_none(site: Recordings) -> None:
    one, two = site.clip(1), site.clip(2, path="videos/1.mp4")
    site.clips.keep(two.id, True)
    assert site.videos.retire("videos/1.mp4") == 0
    site.clips.keep(two.id, False)
    assert site.videos.retire("videos/1.mp4") == 2
    assert {site.state(each)[0] for each in (one, two)} == {ClipState.DELETED}
    assert site.videos.deleted_files() == ["videos/1.mp4"]
    other = site.clip(3, recorder=THERE)
    assert site.videos.retire("videos/3.mp4") == 0
    assert site.state(other)[0] is ClipState.READY


def test_rows_go_when_they_are_old_and_their_file_is_gone(site: Recordings) -> None:
    gone, failed = site.clip(1), site.clip(2, state=ClipState.FAILED, path=None)
    there = site.clip(3)
    site.videos.retire("videos/1.mp4")
    assert site.videos.purge(hour(2)).removed == 0  # its file may still be on the disk
    site.videos.forget_file("videos/1.mp4")
    assert site.videos.purge(hour(2)).removed == 1
    assert site.videos.purge(hour(99)).removed == 1
    found = [site.clips.clip(each.id) for each in (gone, failed, there)]
    assert [clip is None for clip in found] == [True, True, False]


def test_the_deleted_files_of_another_machine_are_left_to_it(site: Recordings) -> None:
    other = site.clip(1, recorder=THERE)
    site.clips.delete(other.id)
    assert site.videos.deleted_files() == []
    site.videos.forget_file("videos/1.mp4")
    there = VideoStore(site.db, "-4567")
    assert there.deleted_files() == ["videos/1.mp4"]
    there.forget_file("videos/1.mp4")
    assert there.deleted_files() == []


def test_clips_that_other_recorders_started_or_did_not_post_are_known(
    site: Recordings,
) -> None:
    unnotified = site.clip(1, recorder=THERE, told=False)
    site.clip(2, recorder=THERE)
    site.clip(3, told=False)
    begun, waits = site.request(hour(4)), site.request(hour(5))
    site.clips.ask([begun])
    site.clips.claim(THERE, [ROBOT], hour(4))
    site.clips.ask([waits])
    left = site.clips.left_by_others([HERE], hour(9))
    assert {clip.id for clip in left} == {unnotified.id, begun.id}
    assert [clip.id for clip in site.clips.left_by_others([HERE], hour(2))] == [
        unnotified.id
    ]
    assert site.clips.left_by_others([HERE, THERE], hour(9)) == []


def test_the_events_of_a_clip_stay_as_long_as_it_does(site: Recordings) -> None:
    alarm = event(recorded_at=NOON)
    site.store.add_event(alarm)
    clip = site.clip(1, about=alarm.id)
    assert site.store.purge(hour(9)).removed == 0
    gone = site.store.purge(hour(9), gone=["videos/1.mp4"], dry_run=True)
    assert gone.removed == 2
    site.videos.retire("videos/1.mp4")
    assert site.store.purge(hour(9)).removed == 2
    assert site.store.event(clip.id) is None


def test_what_waits_for_its_copy_is_copied_once_and_the_oldest_first(
    site: Recordings,
) -> None:
    waits = CopyState.WAITING
    young = site.clip(2, copy_state=waits)
    old = site.clip(1, thumbnail_path="1.jpg", copy_state=waits)
    site.clip(3, recorder=THERE, copy_state=waits)
    site.clip(4)
    assert site.videos.to_copy() == [
        ToCopy("videos/1.mp4", "1.jpg"),
        ToCopy("videos/2.mp4", None),
    ]
    site.videos.set_copy("videos/1.mp4", CopyState.COPIED)
    site.videos.set_copy("videos/2.mp4", CopyState.WAITING, "the store is away")
    assert site.state(old)[1] is CopyState.COPIED
    assert site.videos.to_copy() == [ToCopy("videos/2.mp4", None)]
    site.clips.delete(young.id)
    assert site.videos.to_copy() == []


def test_a_file_another_clip_shows_is_copied_though_its_first_is_deleted(
    site: Recordings,
) -> None:
    first = site.clip(1, copy_state=CopyState.WAITING)
    site.clip(2, path="videos/1.mp4", shared=True)
    site.clips.delete(first.id)
    assert site.videos.to_copy() == [ToCopy("videos/1.mp4", None)]
    # Until then it is spared.
    assert [each.uncopied for each in site.videos.videos(NOON)] == [True]
    site.videos.set_copy("videos/1.mp4", CopyState.COPIED)
    assert [each.uncopied for each in site.videos.videos(NOON)] == [False]


def test_a_clip_whose_file_is_gone_says_so(site: Recordings) -> None:
    clip = site.clip(1)
    assert site.videos.shown() == {clip.id: "videos/1.mp4"}
    assert site.videos.known_paths() == {"videos/1.mp4"}
    site.videos.lose(clip.id)
    assert site.state(clip)[::2] == (ClipState.DELETED, "the file is missing")
    assert (site.videos.shown(), site.videos.known_paths()) == ({}, set())


def test_clips_to_come_are_known(site: Recordings) -> None:
    wanted = replace(site.clip(1), id=EventId("next"), state=ClipState.WAITING)
    site.clips.ask([wanted])
    assert site.videos.unfinished() == [(ROBOT, EventId("next"))]
