"""Clips of a lost machine: given up, posted, and removed from the queue."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.clip_model import Clip, ClipState
from mvsnap.domain import Job
from mvsnap.jobs.abandoned_clips import AbandonedClips
from mvsnap.jobs.clip_results import ClipResults, notification_job
from mvsnap.metrics import Metrics
from mvsnap.store import database
from tests.jobs.fakes import JumpingClock
from tests.store.recordings import HERE, ROBOT, THERE, Recordings
from tests.store.sqlite import db as db

GONE = "its recorder is gone, along with its machine or data_dir"
ROOM = ("Site A - Alarms",)


class Site(Recordings):
    def __init__(self, db: database.Database, folder: Path) -> None:
        super().__init__(db)
        self.clock = JumpingClock()
        self.clock.sleep(2 * 86400)
        self.jobs: list[Job] = []
        clip_results = ClipResults(
            {}, self.clips, self.clock, Metrics(), data_dir=folder
        )
        self.abandoned = AbandonedClips(
            self.clips,
            self.store,
            clip_results,
            self.jobs.append,
            self.clock,
            recorder_id=HERE,
        )

    def begun(self, recorder: str = THERE, hours: float = 26) -> Clip:
        """Store a clip that was started this many hours ago."""
        at = self.clock.now() - timedelta(hours=hours)
        clip = self.request(at, rooms=ROOM)
        self.clips.ask([clip])
        self.clips.claim(recorder, [ROBOT], at)
        return clip


@pytest.fixture
def site(db: database.Database, tmp_path: Path) -> Site:
    return Site(db, tmp_path)


def test_a_clip_of_a_lost_machine_is_given_up_and_posted(site: Site) -> None:
    clip = site.begun()
    assert site.clips.unfinished(ROBOT).total() == 1
    assert site.abandoned.finish() == 1
    failed = site.clips.clip(clip.id)
    assert failed is not None
    assert (failed.state, failed.error) == (ClipState.FAILED, GONE)
    assert site.clips.unfinished(ROBOT).total() == 0
    event = site.store.event(clip.id)
    assert event is not None
    assert event.error == GONE
    assert [(job.about, job.rooms) for job in site.jobs] == [(clip.id, ROOM)]
    assert site.abandoned.finish() == 0


@pytest.mark.parametrize(
    "given", [{"recorder": HERE}, {"hours": 24}], ids=["my own", "young"]
)
def test_a_clip_that_may_still_be_recorded_is_left_alone(
    site: Site, given: dict[str, Any]
) -> None:
    clip = site.begun(**given)
    assert site.abandoned.finish() == 0
    assert site.state(clip)[0] is ClipState.RECORDING


def test_a_clip_that_nobody_has_begun_is_given_up(site: Site) -> None:
    clip = site.request(site.clock.now() - timedelta(hours=26), rooms=ROOM)
    young = site.request(site.clock.now() - timedelta(hours=20), rooms=ROOM)
    site.clips.ask([clip, young])
    assert site.abandoned.finish() == 1
    failed = site.clips.clip(clip.id)
    assert failed is not None
    assert "no process with the role record" in (failed.error or "")
    assert site.state(young)[0] is ClipState.WAITING


def test_a_clip_of_a_machine_that_is_there_is_left_alone(site: Site) -> None:
    clip = site.begun()
    site.store.heartbeat(f"{THERE}-0", site.store.now())
    assert site.abandoned.finish() == 0
    assert site.state(clip)[0] is ClipState.RECORDING


def test_a_clip_that_its_machine_did_not_post_is_posted(site: Site) -> None:
    clip = site.clip(0, recorder=THERE, told=False, rooms=ROOM)
    site.clip(1, recorder=THERE)
    assert site.abandoned.finish() == 1
    assert site.state(clip)[0] is ClipState.READY
    assert [job.id for job in site.jobs] == [notification_job(clip, clip.at).id]
    assert site.abandoned.finish() == 0
