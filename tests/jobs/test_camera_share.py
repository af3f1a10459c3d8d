"""Several recorders: what each has, and what becomes of the clips of a dead one."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from sqlalchemy import select, update

from mvsnap.clip_model import Clip, ClipState
from mvsnap.config.model import Settings
from mvsnap.domain import CameraName, EventId
from mvsnap.jobs.camera_share import AllCameras, ClaimedCameras
from mvsnap.jobs.lost_recorders import LostRecorders
from mvsnap.runtime import Parts
from mvsnap.runtime.recording import camera_share, lost_recorders
from mvsnap.store import database
from mvsnap.store.clips.lost import LostClipStore
from mvsnap.store.events import Store
from mvsnap.store.sharing.claims import CAMERAS, Claims
from mvsnap.store.sharing.tables import holders
from mvsnap.texts.wordings import DISK_FULL
from mvsnap.values import replace
from tests.core.build import NOON, event
from tests.jobs.fakes import JumpingClock
from tests.store.recordings import HERE, ROBOT, THERE, Recordings
from tests.store.sqlite import db as db

DOOR, GATE = CameraName("door"), CameraName("gate")
LEASE_S = 20.0


def silence(db: database.Database, holder: str) -> None:
    gone = update(holders).where(holders.c.holder == holder)
    with db.writing() as connection:
        connection.execute(gone.values(until=NOON.replace(year=2000)))


def sure(share: ClaimedCameras) -> bool:
    return share.is_sure


class Shares:
    """Recorders of two machines, by a clock that a test sets."""

    def __init__(self, db: database.Database) -> None:
        self.clock = JumpingClock()
        self.here, self.there = (self._share(db, name) for name in (HERE, THERE))

    def _share(self, db: database.Database, name: str) -> ClaimedCameras:
        claims = Claims(db, CAMERAS, name, self.clock, lease_s=LEASE_S)
        return ClaimedCameras(claims, (DOOR, GATE), self.clock, LEASE_S)


def test_a_recorder_that_is_silent_has_nothing_for_sure(db: database.Database) -> None:
    shares = Shares(db)
    here = shares.here
    assert not sure(here)
    assert here.renew() == {DOOR, GATE}
    assert sure(here)
    assert here.held == {DOOR, GATE}
    shares.clock.sleep(LEASE_S + 1)
    assert not sure(here)
    assert here.held == frozenset()


def test_after_an_outage_of_the_database_each_gets_back_what_it_had(
    db: database.Database,
) -> None:
    shares = Shares(db)
    shares.here.renew()
    for _ in range(3):
        shares.there.renew()
        shares.here.renew()
    before = shares.there.renew()
    assert len(before) == 1
    for name in (HERE, THERE):
        silence(db, name)
    shares.clock.sleep(LEASE_S * 3)
    assert shares.here.renew() == {DOOR, GATE} - before
    assert shares.there.renew() == before


def test_after_a_power_cut_the_first_one_back_leaves_the_others_theirs(
    db: database.Database,
) -> None:
    shares = Shares(db)
    for _ in range(3):
        shares.here.renew()
        shares.there.renew()
    before = shares.here.renew()
    for name in (HERE, THERE):
        silence(db, name)
    again = Shares(db)
    assert again.here.renew() == before
    assert again.there.renew() == {DOOR, GATE} - before
    silence(db, THERE)
    again.clock.sleep(LEASE_S / 2)
    assert again.here.renew() == before
    again.clock.sleep(LEASE_S / 2 + 1)
    assert again.here.renew() == {DOOR, GATE}


def test_what_a_dead_recorder_had_is_taken_after_an_outage_too(
    db: database.Database,
) -> None:
    shares = Shares(db)
    shares.there.renew()
    silence(db, THERE)
    assert shares.here.renew() == {DOOR, GATE}
    silence(db, HERE)
    shares.clock.sleep(LEASE_S * 3)
    shares.here.renew()
    shares.clock.sleep(LEASE_S / 4)
    shares.here.renew()
    shares.clock.sleep(LEASE_S / 4 + 1)
    assert shares.here.renew() == {DOOR, GATE}


def test_on_sqlite_nothing_is_shared_and_nothing_written(tmp_path: Path) -> None:
    parts = Parts(Settings.model_validate({"data_dir": tmp_path}))
    share = camera_share(parts)
    assert isinstance(share, AllCameras)
    assert lost_recorders(parts) is None
    share.renew()
    with parts.db.reading() as connection:
        assert connection.execute(select(holders)).all() == []
    parts.store.close()


class Site(Recordings):
    def __init__(self, db: database.Database) -> None:
        super().__init__(db)
        self.claims = {
            name: Claims(db, CAMERAS, name, JumpingClock()) for name in (HERE, THERE)
        }
        self.lost = LostRecorders(LostClipStore(db), self.claims[HERE], Store(db))

    def begun(self, recorder: str) -> Clip:
        clip = self.request(NOON, rooms=("Site A - Alarms",))
        self.clips.ask([clip])
        self.clips.claim(recorder, [ROBOT], NOON)
        return clip

    def found(self, clip: Clip) -> Clip:
        found = self.clips.clip(clip.id)
        assert found is not None
        return found


@pytest.fixture
def site(db: database.Database) -> Site:
    made = Site(db)
    for claims in made.claims.values():
        claims.hold([ROBOT])
    return made


def test_the_clips_of_a_dead_recorder_are_for_the_others(site: Site) -> None:
    clip = site.begun(THERE)
    for _ in range(3):
        site.lost.release_clips()
        assert site.found(clip).state is ClipState.RECORDING
    silence(site.db, THERE)
    site.lost.release_clips()
    assert site.found(clip).state is ClipState.RECORDING  # it may be an outage
    site.lost.release_clips()
    found = site.found(clip)
    assert (found.state, found.lost_by) == (ClipState.WAITING, THERE)
    assert found.note == "its recorder other died"
    assert [c.id for c in site.clips.claim(HERE, [ROBOT], NOON)] == [clip.id]


def test_a_recorder_of_the_previous_release_is_alive_with_its_worker(
    site: Site,
) -> None:
    clip = site.begun("old-89ab")
    site.store.heartbeat("old-89ab-0", site.store.now())
    for _ in range(3):
        site.lost.release_clips()
    assert site.found(clip).state is ClipState.RECORDING


def test_a_recorder_that_left_is_not_alive_by_a_worker_that_claims_nothing(
    site: Site,
) -> None:
    """Its worker lives on: the process with the role record is gone."""
    clip = site.begun(THERE)
    silence(site.db, THERE)
    site.store.heartbeat(f"{THERE}-0", site.store.now())
    for _ in range(2):
        site.lost.release_clips()
    assert site.found(clip).state is ClipState.WAITING


@pytest.mark.parametrize("taken", [False, True], ids=["nobody took it", "taken"])
def test_a_recorder_that_returns_finishes_what_nobody_has_taken(
    site: Site, taken: bool
) -> None:
    clip = site.begun(THERE)
    silence(site.db, THERE)
    for _ in range(2):
        site.lost.release_clips()
    if taken:
        site.clips.claim(HERE, [ROBOT], NOON)
    done = replace(clip, state=ClipState.READY, path="videos/1.mp4")
    stored = site.clips.finish(done, event(id=EventId(str(uuid.uuid4()))), THERE)
    assert stored is not taken
    wanted = ClipState.RECORDING if taken else ClipState.READY
    assert site.found(clip).state is wanted
    assert site.clips.finish(done, event(id=clip.id), HERE) is taken
    assert not site.clips.finish(done, event(id=clip.id), HERE)


def test_only_the_recorder_that_has_a_clip_puts_it_back(site: Site) -> None:
    clip = site.begun(THERE)
    site.clips.put_back(clip.id, DISK_FULL(), NOON, by=HERE)
    assert site.found(clip).state is ClipState.RECORDING
    site.clips.put_back(clip.id, DISK_FULL(), NOON, by=THERE)
    assert site.found(clip).state is ClipState.WAITING


def test_an_unposted_clip_of_a_dead_recorder_is_posted_by_the_next(site: Site) -> None:
    clip = site.clip(0, recorder=THERE, told=False)
    assert site.clips.unnotified(HERE) == []
    assert [c.id for c in site.clips.unnotified(HERE, [ROBOT])] == [clip.id]
