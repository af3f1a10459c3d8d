from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from mvsnap.clip_model import ClipState
from mvsnap.clock import SystemClock
from mvsnap.core.progress import JobProgress
from mvsnap.domain import (
    CameraName,
    Job,
    JobId,
    JobState,
    PartState,
    Serial,
    Trigger,
    TriggerKind,
)
from mvsnap.errors import OverShare, QueueFull
from mvsnap.jobs.codec import encode
from mvsnap.jobs.service import Finished, JobRequest, JobService
from mvsnap.logs.job import current
from mvsnap.metrics import Metrics
from mvsnap.store import database
from mvsnap.store.clips import ClipStore
from mvsnap.store.events import Store
from mvsnap.store.job_states import JobRow, JobStage, JobStateStore
from mvsnap.store.repeats import RepeatStore
from mvsnap.store.time_limits import DatabaseAway
from mvsnap.texts.wording import Reason
from mvsnap.values import replace
from tests.core.build import BUTTON, DOOR, GATE, NOON, event
from tests.jobs.fakes import JumpingClock
from tests.servers.processes import wait_until
from tests.web.build import PatientEngine

ROBOT = CameraName("Robot")


class Office:
    """A job service over a real store, with an engine that only keeps jobs."""

    def __init__(self, folder: Path) -> None:
        self.engine: PatientEngine = PatientEngine()
        db = database.open_database(database.sqlite_url(folder / "mvsnap.db"))
        database.upgrade(db)
        self.db = shared = database.Database(db)
        self.store, self.clips = Store(shared), ClipStore(shared)
        self.repeats = RepeatStore(shared)
        self.states = JobStateStore(shared)
        self.finished = Finished()

    def service(self, clock: SystemClock | None = None, **given: Any) -> JobService:
        limits = {"queue_size": 10, "max_waiting": 1} | given
        clock = clock or SystemClock()
        return JobService(
            self.engine,
            self.store,
            self.clips,
            self.repeats,
            self.states,
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


OTHER = Trigger(TriggerKind.HTTP, "another button")


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


class BusyEngine(PatientEngine):
    """Runs one equal job at a time, as the real one does: the others wait."""

    def __init__(self) -> None:
        super().__init__()
        self.equal: dict[str, JobId] = {}
        self.on_look: Callable[[JobId], None] = lambda _: None

    def submit(self, job: Job, equal: str = "") -> None:
        super().submit(job, equal)
        if equal:
            self.equal[equal] = job.id

    def waiting_equal(self, equal: str) -> JobId | None:
        found = self.equal.get(equal)
        if found:
            self.on_look(found)
        return found

    def begin(self, job_id: JobId) -> None:
        self.equal = {e: waits for e, waits in self.equal.items() if waits != job_id}


@pytest.fixture
def busy(office: Office) -> BusyEngine:
    office.engine = BusyEngine()
    return office.engine


@pytest.mark.parametrize(
    "given",
    [
        {"prefix": "Door"},
        {"rooms": ("Yard",)},
        {"serials": (GATE, Serial("Q2SM-0000-0009"))},
        {"trigger": OTHER},
        {"at": SystemClock().now()},
        {"idempotency_key": "mine"},
    ],
    ids=lambda given: next(iter(given)),
)
def test_only_equal_triggers_join(
    office: Office, busy: BusyEngine, given: dict[str, Any]
) -> None:
    service = office.service()
    first = service.accept(request())
    assert service.accept(request()) == first
    assert service.accept(request(**given)) != first
    assert office.repeats.times(first.id) == 1


def test_a_share_is_not_used_up_by_what_joins(office: Office, busy: BusyEngine) -> None:
    service = office.service(JumpingClock(), queue_size=1)
    ids = {service.accept(request()).id for _ in range(5)}
    progress = service.progress(JobId(ids.pop()))
    assert not ids
    assert progress is not None
    assert progress.job.times == 5


def test_a_job_that_is_known_to_wait_is_looked_for_once(
    office: Office, busy: BusyEngine
) -> None:
    service = office.service()
    first = service.accept(request())
    assert service.accept(request()) == first
    looks: list[JobId] = []
    busy.on_look = looks.append
    assert service.accept(request()) == first
    assert looks == [first.id]
    # Another process has let an equal one wait behind it.
    other = office.service().accept(request(trigger=OTHER))
    mark = next(mark for mark, waits in busy.equal.items() if waits == first.id)
    busy.equal[mark] = other.id
    assert service.accept(request()) == other
    assert office.repeats.times(first.id) == 2
    assert office.repeats.times(other.id) == 1


def test_nothing_joins_a_minute_after_the_first(
    office: Office, busy: BusyEngine
) -> None:
    clock = JumpingClock()
    service = office.service(clock)
    first = service.accept(request())
    clock.sleep(61)
    assert service.accept(request()) != first


class SteppedClock(JumpingClock):
    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


@pytest.mark.parametrize("hours", [1, 25, -1, -25])
def test_equal_triggers_are_as_far_apart_as_they_were(
    office: Office, busy: BusyEngine, hours: int
) -> None:
    clock = SteppedClock()
    service = office.service(clock)
    first = service.accept(request())
    clock.ahead = timedelta(hours=hours)
    assert service.accept(request()) == first
    clock.sleep(61)
    assert service.accept(request()) != first


def test_a_job_that_begins_meanwhile_has_counted_it_or_it_is_taken_back(
    office: Office, busy: BusyEngine
) -> None:
    service = office.service()
    first = service.accept(request())
    looks: list[int] = []

    def begins_before_the_count(job_id: JobId) -> None:
        if not looks:
            looks.append(office.repeats.begin(job_id))
            busy.begin(job_id)

    busy.on_look = begins_before_the_count
    second = service.accept(request())
    assert second != first
    assert looks == [0]
    assert office.repeats.times(first.id) == 0

    def begins_after_the_count(job_id: JobId) -> None:
        if office.repeats.times(job_id):
            looks.append(office.repeats.begin(job_id))
            busy.begin(job_id)

    busy.on_look = begins_after_the_count
    assert service.accept(request()) in (second, first)
    assert sum(looks) + len(office.engine.jobs) == 3


class _Held:
    """Holds the first equal trigger until others wait behind it."""

    def __init__(self, busy: BusyEngine, service: JobService) -> None:
        self._service = service
        self._let_go = threading.Event()
        busy.on_look = self._hold
        self._is_first = True

    def _hold(self, _: JobId) -> None:
        if self._is_first:
            self._is_first = False
            assert self._let_go.wait(30)

    def accept(self, many: int) -> list[Any]:
        """Return what becomes of so many that come while another is counted."""
        with ThreadPoolExecutor(many + 1) as pool:
            asked = [pool.submit(self._ask)]
            wait_until(lambda: not self._is_first, "one is counted")
            asked += [pool.submit(self._ask) for _ in range(many)]
            groups = self._service._equal._groups
            wait_until(lambda: sum(g.many for g in groups.values()) == many, "a group")
            self._let_go.set()
            return [one.exception() or one.result() for one in asked]

    def _ask(self) -> JobProgress:
        return self._service.accept_and_wait(request(), 0)


def test_those_that_come_together_are_counted_in_one_transaction(
    office: Office, busy: BusyEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, counted = office.service(), []
    first, add = service.accept(request()), office.repeats.add

    def noted(job_id: JobId, now: datetime, many: int) -> int | None:
        counted.append(many)
        return add(job_id, now, many)

    monkeypatch.setattr(office.repeats, "add", noted)
    answers = _Held(busy, service).accept(9)
    assert counted == [1, 9]
    assert [one.job.id for one in answers] == [first.id] * 10
    # Each says how many are on disk.
    assert [one.job.times for one in answers] == [2] + [11] * 9
    assert office.repeats.times(first.id) == 10


def test_a_group_whose_job_begins_is_one_job_that_the_others_join(
    office: Office, busy: BusyEngine
) -> None:
    service = office.service()
    first = service.accept(request())
    held = _Held(busy, service)
    hold = busy.on_look
    looks: list[int] = []

    def begins(job_id: JobId) -> None:
        hold(job_id)
        if job_id == first.id and not looks:
            looks.append(office.repeats.begin(job_id))
            busy.begin(job_id)

    busy.on_look = begins
    answers = held.accept(5)
    ids = {one.job.id for one in answers}
    assert looks == [0]
    assert office.repeats.times(first.id) == 0
    (second,) = ids
    assert set(office.engine.jobs) == {first.id, second}
    assert office.repeats.times(second) == 5


def test_a_group_that_cannot_be_counted_is_refused_at_once(
    office: Office, busy: BusyEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = office.service()
    first = service.accept(request())
    tries = []

    def fail(*_: object) -> int | None:
        tries.append(1)
        raise DatabaseAway("it is away")

    monkeypatch.setattr(office.repeats, "add", fail)
    answers = _Held(busy, service).accept(5)
    assert {type(one) for one in answers} == {DatabaseAway}
    assert len(tries) == 2
    assert set(office.engine.jobs) == {first.id}
    monkeypatch.undo()
    busy.on_look = lambda _: None
    assert service.accept(request()) == first


def test_a_number_that_was_read_stays(office: Office) -> None:
    job_id, now = JobId("waits"), SystemClock().now()
    repeats = office.repeats
    assert repeats.add(job_id, now) == 1
    assert repeats.add(job_id, now, 3) == 4
    assert repeats.take_back(job_id, 3)
    assert repeats.begin(job_id) == 1
    assert repeats.add(job_id, now) is None
    assert not repeats.take_back(job_id)
    assert repeats.begin(job_id) == 1  # it is run again after a crash
    office.store.purge_deliveries(now)
    assert repeats.times(job_id) == 1
    office.store.purge_deliveries(now + timedelta(seconds=1))
    assert repeats.times(job_id) == 0


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
