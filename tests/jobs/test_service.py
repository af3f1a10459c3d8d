from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mvsnap.clip_model import ClipState
from mvsnap.clock import SystemClock
from mvsnap.domain import CameraName, Job, JobId, JobState, Trigger, TriggerKind
from mvsnap.errors import QueueFull
from mvsnap.jobs.service import Finished, JobRequest, JobService
from mvsnap.metrics import Metrics
from mvsnap.store import database
from mvsnap.store.clips import ClipStore
from mvsnap.store.events import Store
from mvsnap.store.repeats import RepeatStore
from tests.core.build import BUTTON, GATE, event
from tests.jobs.fakes import JumpingClock
from tests.servers.processes import wait_until
from tests.web.build import PatientEngine

ROBOT = CameraName("Robot")


class Office:
    """A job service over a real store, with an engine that only keeps jobs."""

    def __init__(self, folder: Path) -> None:
        self.engine = PatientEngine()
        db = database.open_database(database.sqlite_url(folder / "mvsnap.db"))
        database.upgrade(db)
        shared = database.Database(db)
        self.store, self.clips = Store(shared), ClipStore(shared)
        self.repeats = RepeatStore(shared)
        self.finished = Finished()

    def service(self, clock: SystemClock | None = None, **given: Any) -> JobService:
        limits = {"queue_size": 10, "max_waiting": 1} | given
        clock = clock or SystemClock()
        return JobService(
            self.engine,
            self.store,
            self.clips,
            self.repeats,
            clock,
            Metrics(),
            **limits,
        )

    def finish(self, job: Job) -> None:
        self.store.add_event(event(job_id=job.id, serial=GATE))
        self.finished.notify(job.id)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.store.close()


def request(**given: Any) -> JobRequest:
    fields: dict[str, Any] = {"trigger": BUTTON, "serials": (GATE,)}
    return JobRequest(**(fields | given))


def test_an_accepted_job_is_with_the_engine(office: Office) -> None:
    job = office.service().accept(request(rooms=("Alarms",), prefix="Door"))
    assert office.engine.jobs == {job.id: job}
    assert (job.rooms, job.prefix, job.serials) == (("Alarms",), "Door", (GATE,))


def test_each_request_is_a_job_of_its_own(office: Office) -> None:
    service = office.service()
    assert service.accept(request()).id != service.accept(request()).id


def test_the_same_idempotency_key_is_the_same_job(office: Office) -> None:
    service = office.service()
    first = service.accept(request(idempotency_key="k"))
    assert service.accept(request(idempotency_key="k", prefix="changed")) == first
    assert len(office.engine.jobs) == 1


def test_two_callers_with_the_same_key_have_a_job_each(office: Office) -> None:
    service = office.service()
    other = Trigger(TriggerKind.HTTP, "door")
    service.accept(request(idempotency_key="k"))
    service.accept(request(idempotency_key="k", trigger=other))
    assert len(office.engine.jobs) == 2


def test_a_full_queue_accepts_nothing(office: Office) -> None:
    service = office.service(JumpingClock(), queue_size=2)
    service.accept(request())
    service.accept(request())
    with pytest.raises(QueueFull, match="2 jobs are already waiting"):
        service.accept(request())
    assert len(office.engine.jobs) == 2


def test_a_queue_that_has_room_again_accepts_again(office: Office) -> None:
    clock = JumpingClock()
    service = office.service(clock, queue_size=1)
    job = service.accept(request())
    with pytest.raises(QueueFull):
        service.accept(request())
    del office.engine.jobs[job.id]
    clock.sleep(1.1)
    service.accept(request())


def test_a_repeat_of_a_known_job_is_answered_although_the_queue_is_full(
    office: Office,
) -> None:
    service = office.service(JumpingClock(), queue_size=1)
    job = service.accept(request(idempotency_key="k"))
    assert service.accept(request(idempotency_key="k")) == job


def test_an_unknown_job_has_no_progress(office: Office) -> None:
    assert office.service().progress(JobId("nothing")) is None


def test_waiting_ends_when_the_job_does(office: Office) -> None:
    service = office.service(finished=office.finished)
    job = service.accept(request())
    threading.Timer(0.05, office.finish, (job,)).start()
    assert service.wait(job, 30).state is JobState.DONE


def test_waiting_polls_the_store_where_jobs_run_elsewhere(office: Office) -> None:
    service = office.service()
    job = service.accept(request())
    threading.Timer(0.05, office.finish, (job,)).start()
    assert service.wait(job, 30).state is JobState.DONE


def test_waiting_ends_when_the_time_is_up(office: Office) -> None:
    service = office.service()
    job = service.accept(request())
    for limit_s in (0, 0.05):
        assert service.wait(job, limit_s).state is JobState.PENDING


def test_two_may_wait_for_the_same_job(office: Office) -> None:
    service = office.service(finished=office.finished, max_waiting=2)
    job = service.accept(request())
    states: list[JobState] = []

    def wait() -> None:
        states.append(service.wait(job, 10).state)

    threads = [threading.Thread(target=wait) for _ in range(2)]
    for thread in threads:
        thread.start()
    office.finish(job)
    for thread in threads:
        thread.join()
    assert states == [JobState.DONE] * 2


def test_one_that_leaves_does_not_silence_the_other_that_waits(
    office: Office,
) -> None:
    job_id = JobId("job")
    with office.finished.expecting(job_id) as stays:
        with office.finished.expecting(job_id):
            pass
        office.finished.notify(job_id)
        assert stays.is_set()


def test_a_caller_without_a_wait_slot_is_answered_at_once(office: Office) -> None:
    service = office.service(finished=office.finished, max_waiting=1)
    job = service.accept(request())
    sitting = threading.Thread(target=service.wait, args=(job, 30))
    sitting.start()
    wait_until(lambda: job.id in office.finished._waiters, "one waits")
    assert service.wait(job, 30).state is JobState.PENDING
    office.finish(job)
    sitting.join(10)
    assert not sitting.is_alive()
    assert service.wait(job, 30).state is JobState.DONE


def test_clips_are_asked_for_before_the_job_runs(office: Office) -> None:
    asked: list[int] = []
    service = office.service(on_clips=lambda: asked.append(1))
    job = service.accept(request(clips=(ROBOT,), prefix="Robot 7 stopped"))
    (clip,) = office.clips.of_job(job.id)
    assert (clip.camera, clip.state, clip.title) == (
        ROBOT,
        ClipState.WAITING,
        "Robot 7 stopped",
    )
    assert (clip.at, clip.received_at) == (job.accepted_at, job.accepted_at)
    assert asked == [1]
    service.accept(request())
    assert asked == [1]


def test_clips_are_asked_for_once_however_often_the_job_is(office: Office) -> None:
    service = office.service()
    wanted = request(clips=(ROBOT,), idempotency_key="k")
    job = service.accept(wanted)
    before = office.clips.of_job(job.id)
    service.accept(wanted)
    service.submit(job)
    assert office.clips.of_job(job.id) == before


def test_a_repeat_asks_for_the_clips_that_a_failure_left_out(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = office.service()
    wanted = request(clips=(ROBOT,), idempotency_key="k")
    with monkeypatch.context() as broken:
        broken.delattr(ClipStore, "ask")
        with pytest.raises(AttributeError):
            service.accept(wanted)
    (job,) = office.engine.jobs.values()
    assert office.clips.of_job(job.id) == []
    service.accept(wanted)
    assert [clip.camera for clip in office.clips.of_job(job.id)] == [ROBOT]


def test_a_job_that_is_refused_asks_for_no_clips(office: Office) -> None:
    wanted = request(clips=(ROBOT,), idempotency_key="k")
    with pytest.raises(QueueFull):
        office.service(queue_size=0).accept(wanted)
    assert office.clips.of_job(wanted.job_id()) == []
