"""Equal triggers are one job; each that came is counted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from mvsnap.clock import SystemClock
from mvsnap.core.progress import JobProgress
from mvsnap.domain import Job, JobId, Serial
from mvsnap.jobs.service import JobService
from mvsnap.store.time_limits import DatabaseAway
from tests.core.build import GATE
from tests.jobs.fakes import JumpingClock
from tests.jobs.office import OTHER, Office, request
from tests.jobs.office import office as office
from tests.servers.processes import wait_until
from tests.web.build import PatientEngine


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
