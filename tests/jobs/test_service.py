"""A job service: what it accepts, and how whoever waits is answered."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import Any

import pytest
from sqlalchemy import text

from mvsnap.clip_model import ClipState
from mvsnap.clock import SystemClock
from mvsnap.domain import (
    CameraName,
    Job,
    JobId,
    JobState,
    PartState,
    Trigger,
    TriggerKind,
)
from mvsnap.errors import OverShare, QueueFull
from mvsnap.jobs.codec import encode
from mvsnap.jobs.service import JobRequest, JobService
from mvsnap.logs.job import current
from mvsnap.store.clips import ClipStore
from mvsnap.store.job_states import JobRow, JobStage
from mvsnap.texts.wording import Reason
from mvsnap.values import replace
from tests.core.build import BUTTON, DOOR, GATE, NOON, event
from tests.jobs.fakes import JumpingClock
from tests.jobs.office import OTHER, Office, request
from tests.jobs.office import office as office
from tests.servers.processes import wait_until

ROBOT = CameraName("Robot")


def test_an_accepted_job_is_with_the_engine(office: Office) -> None:
    job = office.service().accept(request(rooms=("Alarms",), prefix="Door"))
    assert office.engine.jobs == {job.id: job}
    assert (job.rooms, job.prefix, job.serials) == (("Alarms",), "Door", (GATE,))
    assert current() == ""  # what else the thread does is of no job


def test_a_job_has_all_that_was_asked_for() -> None:
    names = {one.name for one in fields(JobRequest)} - {"idempotency_key"}
    marked: dict[str, Any] = {name: name for name in names}
    job = JobRequest(**marked).job(JobId("a job"), NOON)
    assert {name: getattr(job, name) for name in names} == marked


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
    sitting = threading.Thread(target=service.wait, args=(job, 300))
    sitting.start()
    # It has the place, and not only asked for it: the other would take it and wait.
    wait_until(lambda: service._waiting._waiting.total() == 1, "one waits")
    assert service.wait(job, 300).state is JobState.PENDING
    office.finish(job)
    sitting.join(60)
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


def different(service: JobService, number: int, **given: Any) -> Job:
    return service.accept(request(prefix=f"{number}", **given))


def test_a_caller_leaves_room_for_the_others(office: Office) -> None:
    service = office.service(JumpingClock(), queue_size=10)
    for number in range(6):
        different(service, number)
    with pytest.raises(OverShare, match="6 jobs of this caller") as refused:
        different(service, 6)
    assert (refused.value.status, refused.value.retry_after_s) == (429, 10)
    different(service, 7, trigger=OTHER)
    sender = {"trigger": BUTTON, "caller": "webhook line 3"}
    different(service, 8, **sender)  # one rule may match for many senders


def test_a_share_is_free_again_when_its_jobs_are_finished(office: Office) -> None:
    clock = JumpingClock()
    service = office.service(clock, queue_size=10)
    jobs = [different(service, number) for number in range(6)]
    del office.engine.jobs[jobs[0].id]
    clock.sleep(1.1)
    different(service, 6)


def test_a_schedule_without_a_place_is_dropped_and_logged(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    service = office.service(queue_size=0)
    trigger = Trigger(TriggerKind.SCHEDULE, "schedule 0 7 * * *")
    job = request(trigger=trigger).job(JobId("planned"), SystemClock().now())
    service.submit_or_drop(job)
    assert office.engine.jobs == {}
    assert "schedule 0 7 * * *: no job" in caplog.text


def test_one_caller_cannot_wait_on_all_threads(office: Office) -> None:
    service = office.service(max_waiting=4, finished=office.finished)
    job = service.accept(request())
    other = service.accept(request(trigger=OTHER))
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(service.wait, job, 30) for _ in range(3)]
        wait_until(lambda: service._waiting._waiting.total() == 3, "all wait")
        began = time.monotonic()
        assert service.wait(job, 30).state is JobState.PENDING
        assert time.monotonic() - began < 5
        threading.Timer(0.05, office.finish, (other,)).start()
        assert service.wait(other, 30).state is JobState.DONE
        office.finish(job)
    assert {wait.result().state for wait in waiting} == {JobState.DONE}


def test_a_job_that_was_given_up_is_no_longer_pending(office: Office) -> None:
    service, now = office.service(), SystemClock().now()
    job = service.accept(request())
    found = service.progress(job.id)
    assert found is not None
    assert found.state is JobState.PENDING
    why = Reason("unexpected: KeyError")
    row = JobRow(job.id, JobStage.FAILED, job.accepted_at, "{}", job.id, why, since=now)
    office.states.put(row, now)
    found = service.wait(job, 60)
    assert (found.state, found.parts[0].error) == (JobState.FAILED, why)


def test_clips_go_on_without_their_job(office: Office) -> None:
    service, now = office.service(), SystemClock().now()
    job = service.accept(request(serials=(), clips=(ROBOT,)))
    row = JobRow(job.id, JobStage.FAILED, now, "{}", job.id, Reason("x"), since=now)
    office.states.put(row, now)
    found = service.progress(job.id)
    assert found is not None
    assert found.state is JobState.PENDING


def test_a_job_that_is_tried_again_is_pending_again(office: Office) -> None:
    service, now = office.service(), SystemClock().now()
    job = service.accept(request(serials=(GATE, DOOR)))
    office.store.add_event(event(job_id=job.id, serial=GATE))
    lost = event(job_id=job.id, serial=DOOR, error=Reason("the camera is offline"))
    office.store.add_event(lost)
    assert service.wait(job, 60).state is JobState.PARTIAL
    ended = JobRow(
        job.id, JobStage.PARTIAL, now, encode(job), job.id, Reason(""), since=now
    )
    office.states.put(ended, now)
    assert service.wait(job, 60).state is JobState.PARTIAL
    again = encode(replace(job, again_at=now))
    begun = replace(ended, stage=JobStage.WAITING, job=again)
    office.states.begin_again(ended, begun, now)
    found = service.progress(job.id)
    assert found is not None
    assert found.state is JobState.PENDING
    delivered, pending = PartState.DELIVERED, PartState.PENDING
    assert [part.state for part in found.parts] == [delivered, pending]


def test_an_accepted_job_whose_clips_cannot_be_stored_is_accepted(
    office: Office,
) -> None:
    service = office.service()
    with office.db.writing() as connection:
        connection.execute(text("alter table clips rename to elsewhere"))
    job = service.accept(request(serials=(), clips=(ROBOT,)))
    assert office.engine.jobs == {job.id: job}
