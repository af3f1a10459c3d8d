"""The clip worker: every clip ends and is posted once, whatever the settings become."""

from __future__ import annotations

import errno
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from mvsnap.clip_model import Clip, ClipState
from mvsnap.domain import CameraName, EventId, Job, JobId, Trigger, TriggerKind
from mvsnap.errors import NotFound
from mvsnap.jobs.camera_share import AllCameras, Share
from mvsnap.jobs.clip_worker import ClipWorker
from mvsnap.jobs.lost_recorders import died
from mvsnap.jobs.service import JobService
from mvsnap.metrics import Metrics
from mvsnap.recorder import ClipResult, Recorder
from mvsnap.store import database
from mvsnap.store.clips import ClipStore
from mvsnap.store.clips.lost import LostClipStore
from mvsnap.texts.wordings import DISK_FULL
from tests.jobs.fakes import JumpingClock
from tests.servers.no_threads import no_more_threads
from tests.servers.processes import wait_until

ROBOT, PRESS = CameraName("Robot"), CameraName("Press")
ME = "machine-1-0123456789ab"
LATE = "the alarm arrived late: the video shows the time it arrived"
HOOK = Trigger(TriggerKind.WEBHOOK, "machines")


class FakeRecorder:
    """Gives each clip at once what `result` says; knows the cameras it is given."""

    def __init__(self, *cameras: CameraName) -> None:
        self._cameras = cameras
        self.result: dict[str, Any] = {"error": "no video was recorded"}
        self.asked: list[str] = []
        self.kept: frozenset[str] = frozenset()
        self.shows: datetime | None = None

    def start(self, cameras: Iterable[str]) -> None:
        return

    def keep(self, cameras: Iterable[str]) -> None:
        self.kept = frozenset(cameras)

    def stop(self) -> None:
        return

    def states(self) -> dict[str, Any]:
        return {}

    def record(self, camera: str, at: datetime, *_: Any, **more: Any) -> ClipResult:
        if camera not in self._cameras:
            raise NotFound(f"No camera {camera!r} to record")
        self.asked.append(more["name"])
        return ClipResult(self.shows or at, **self.result)


class Jobs:
    def __init__(self) -> None:
        self.submitted: list[Job] = []

    def submit(self, job: Job) -> None:
        self.submitted.append(job)


class World:
    def __init__(self, folder: Path) -> None:
        engine = database.open_database(database.sqlite_url(folder / "mvsnap.db"))
        database.upgrade(engine)
        self.folder = folder
        self.clips = ClipStore(database.Database(engine))
        self.clock = JumpingClock()
        self.jobs = Jobs()
        self.signed_out = threading.Event()

    def ask(self, camera: CameraName, age: timedelta = timedelta(0)) -> Clip:
        now = self.clock.now()
        clip = Clip(
            id=EventId(str(uuid.uuid4())),
            job_id=JobId(str(uuid.uuid4())),
            camera=camera,
            trigger=HOOK,
            at=now - age,
            received_at=now - age,
            rooms=("Site A - Alarms",),
        )
        self.clips.ask([clip])
        return clip

    def state(self, clip: Clip) -> ClipState:
        found = self.clips.clip(clip.id)
        assert found is not None
        return found.state

    @contextmanager
    def desk(
        self,
        recorder: FakeRecorder,
        *cameras: CameraName,
        share: Share | None = None,
    ) -> Iterator[None]:
        desk = ClipWorker(
            cast(Recorder, recorder),
            ME,
            dict.fromkeys(cameras),
            self.clips,
            cast(JobService, self.jobs),
            self.clock,
            Metrics(),
            data_dir=self.folder,
            share=share,
            sign_out=self.signed_out.set,
        )
        desk.start()
        try:
            yield
        finally:
            self.clock.stop()
            desk.stop()

    def wait_until_told(self, *clips: Clip) -> None:
        wanted = {clip.id for clip in clips}
        wait_until(
            lambda: {EventId(j.about or "") for j in self.jobs.submitted} >= wanted,
            "the clips are told",
        )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_end_signs_out_of_the_cloud_that_cameras_are_behind(world: World) -> None:
    with world.desk(FakeRecorder()):
        assert not world.signed_out.is_set()
    assert world.signed_out.is_set()


def test_a_started_clip_of_a_removed_camera_fails_and_is_posted(
    world: World,
) -> None:
    clip = world.ask(PRESS)
    world.clips.claim(ME, [PRESS], world.clock.now())
    with world.desk(FakeRecorder(ROBOT), ROBOT):
        world.wait_until_told(clip)
    found = world.clips.clip(clip.id)
    assert found is not None
    assert found.state is ClipState.FAILED
    assert "was removed from the settings" in (found.error or "")


def test_a_clip_that_waits_for_a_camera_nobody_has_is_given_up_after_a_day(
    world: World,
) -> None:
    old, young = world.ask(PRESS, timedelta(hours=26)), world.ask(ROBOT)
    with world.desk(FakeRecorder(ROBOT), ROBOT):
        world.wait_until_told(old, young)
    assert world.state(old) is ClipState.FAILED


def test_a_clip_for_the_camera_of_another_recorder_is_left_to_it(world: World) -> None:
    theirs, ours = world.ask(PRESS, timedelta(hours=2)), world.ask(ROBOT)
    with world.desk(FakeRecorder(ROBOT), ROBOT):
        world.wait_until_told(ours)
    assert world.state(theirs) is ClipState.WAITING


def test_clips_started_under_another_host_name_continue(world: World) -> None:
    clip = world.ask(ROBOT)
    world.clips.claim("an-older-name-0123456789ab", [ROBOT], world.clock.now())
    foreign = world.ask(ROBOT)
    world.clips.claim("machine-1-ffffffffffff", [ROBOT], world.clock.now())
    with world.desk(FakeRecorder(ROBOT), ROBOT):
        world.wait_until_told(clip)
    assert world.state(foreign) is ClipState.RECORDING


def test_a_clip_of_an_old_alarm_says_of_when_it_is(world: World) -> None:
    old, fresh = world.ask(ROBOT, timedelta(hours=2)), world.ask(ROBOT)
    recorder = FakeRecorder(ROBOT)
    video = world.folder / "clip.mp4"
    video.write_bytes(b"video")
    recorder.result = {"path": video, "note": "no pre-roll"}
    recorder.shows = fresh.at
    with world.desk(recorder, ROBOT):
        world.wait_until_told(old, fresh)
    notes = [found.note for c in (old, fresh) if (found := world.clips.clip(c.id))]
    assert notes == [f"no pre-roll; {LATE}", "no pre-roll"]


def test_a_clip_that_waited_says_what_for(world: World) -> None:
    clip = world.ask(ROBOT)
    world.clips.put_back(clip.id, DISK_FULL(), clip.received_at)
    with world.desk(FakeRecorder(ROBOT), ROBOT):
        world.wait_until_told(clip)
    found = world.clips.clip(clip.id)
    assert found is not None
    assert found.error == "the disk is full; no video was recorded"


class Part(AllCameras):
    """What one of several recorders has; unsure after a silence."""

    every_s = 0.05

    def __init__(self, *cameras: CameraName, is_sure: bool = True) -> None:
        super().__init__(cameras)
        self.is_sure = is_sure


def test_a_clip_of_a_camera_that_another_recorder_has_now_is_handed_on(
    world: World,
) -> None:
    ours, theirs = world.ask(ROBOT), world.ask(PRESS)
    world.clips.claim(ME, [PRESS], world.clock.now())
    with world.desk(FakeRecorder(ROBOT), ROBOT, PRESS, share=Part(ROBOT)):
        world.wait_until_told(ours)
        wait_until(lambda: world.state(theirs) is ClipState.WAITING, "it is handed on")
    assert [job.about for job in world.jobs.submitted] == [ours.id]


def test_a_recorder_that_was_silent_claims_nothing(world: World) -> None:
    clip = world.ask(ROBOT)
    share = Part(ROBOT, is_sure=False)
    recorder = FakeRecorder(ROBOT)
    with world.desk(recorder, ROBOT, share=share):
        wait_until(lambda: recorder.kept == {ROBOT}, "it has asked")
        threading.Event().wait(0.3)  # nothing to poll for: nothing shall happen
        assert world.state(clip) is ClipState.WAITING
        share.is_sure = True
        world.wait_until_told(clip)


@pytest.mark.parametrize("by", ["machine-2-ffffffffffff", ME])
@pytest.mark.parametrize("has_video", [True, False])
def test_a_clip_that_another_recorder_died_with_says_so(
    world: World, by: str, has_video: bool
) -> None:
    clip = world.ask(ROBOT)
    world.clips.claim(by, [ROBOT], world.clock.now())
    LostClipStore(world.clips._db).release(by, died(by))
    recorder = FakeRecorder(ROBOT)
    if has_video:
        video = world.folder / "clip.mp4"
        video.write_bytes(b"video")
        recorder.result = {"path": video, "partial": True}
    with world.desk(recorder, ROBOT):
        world.wait_until_told(clip)
    found = world.clips.clip(clip.id)
    assert found is not None
    said = (found.note if has_video else found.error) or ""
    assert ("its recorder machine-2 died" in said) is (by != ME)


class Slow(FakeRecorder):
    """Takes its time before a clip stands; the less, the later it comes."""

    def record(self, camera: str, at: datetime, *_: Any, **more: Any) -> ClipResult:
        threading.Event().wait(self.waits_s.pop(0))
        self.came.append(more["name"])
        more.get("begun", str)()
        return super().record(camera, at, **more)

    def __init__(self, *cameras: CameraName) -> None:
        super().__init__(*cameras)
        self.came: list[str] = []
        self.waits_s = [0.4, 0.2, 0.0]


def test_clips_are_started_in_the_order_of_their_alarms(world: World) -> None:
    clips = [world.ask(ROBOT, timedelta(seconds=3 - n)) for n in range(3)]
    recorder = Slow(ROBOT)
    with world.desk(recorder, ROBOT):
        world.wait_until_told(*clips)
    assert recorder.came == [clip.id for clip in clips]


def test_each_clip_is_recorded_and_posted_once(world: World) -> None:
    recorder = FakeRecorder(ROBOT)
    clips = [world.ask(ROBOT) for _ in range(50)]
    with world.desk(recorder, ROBOT):
        world.wait_until_told(*clips)
        threading.Event().wait(0.2)  # nothing to poll for: nothing shall happen
    assert sorted(recorder.asked) == sorted(clip.id for clip in clips)
    assert len(world.jobs.submitted) == len(clips)


def test_a_clip_is_recorded_once_threads_can_begin_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with world.desk(FakeRecorder(ROBOT), ROBOT):
        with no_more_threads():
            clip = world.ask(ROBOT)
            wait_until(lambda: "clips: failed" in caplog.text, "it is tried")
        world.wait_until_told(clip)


class OnABadCard(FakeRecorder):
    """Cannot write the first three times."""

    def record(self, camera: str, at: datetime, *_: Any, **more: Any) -> ClipResult:
        if len(self.asked) < 3:
            self.asked.append(more["name"])
            raise OSError(errno.EROFS, "Read-only file system", "/data/recordings/1.ts")
        return super().record(camera, at, **more)


def test_a_disk_that_cannot_be_written_is_one_line_with_its_reason(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    clip = world.ask(ROBOT)
    recorder = OnABadCard(ROBOT)
    with world.desk(recorder, ROBOT):
        world.wait_until_told(clip)
    assert recorder.asked == [clip.id] * 4
    lines = [
        r for r in caplog.records if "waiting until it can be written" in r.message
    ]
    assert [record.exc_info for record in lines] == [None]
    assert "Read-only file system" in lines[0].message
