"""Jobs as people look at them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mvsnap import texts
from mvsnap.clock import SystemClock
from mvsnap.domain import Job, JobId, Serial
from mvsnap.errors import BadInput, NotFound
from mvsnap.jobs.codec import encode
from mvsnap.jobs.listing import JobList
from mvsnap.store import database
from mvsnap.store.job_states import TURN, JobFilter, JobRow, JobStage, JobStateStore
from mvsnap.texts.reasons import said
from mvsnap.texts.wording import Reason
from tests.core import build
from tests.web.build import GATE, PatientEngine

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Desk:
    def __init__(self, folder: Path) -> None:
        opened = database.open_database(database.sqlite_url(folder / "mvsnap.db"))
        database.upgrade(opened)
        self.states = JobStateStore(database.Database(opened))
        self.engine = PatientEngine()
        self.list = JobList(self.engine, self.states, SystemClock())

    def accept(self, minute: int) -> Job:
        job = build.job(Serial(GATE), accepted_at=NOON + timedelta(minutes=minute))
        self.engine.submit(job)
        return job

    def put(self, job: Job, stage: JobStage, **given: object) -> None:
        row = JobRow(
            job.id,
            stage,
            job.accepted_at,
            encode(job),
            run_id=f"{job.id}#3",
            reason=Reason("room full"),
            since=NOON,
            **given,  # type: ignore[arg-type]
        )
        self.states.put(row, NOON)

    def ids(self, **wanted: object) -> list[JobId]:
        page = self.list.page(JobFilter(**wanted), 100)  # type: ignore[arg-type]
        return [entry.job.id for entry in page.entries]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_job_is_listed_once_whether_it_runs_first_waits_or_has_ended(
    desk: Desk,
) -> None:
    first, later, failed = desk.accept(1), desk.accept(2), desk.accept(3)
    desk.put(later, JobStage.WAITING)
    desk.put(failed, JobStage.FAILED)
    assert desk.ids() == [failed.id, later.id, first.id]
    assert desk.ids(stages=(JobStage.WAITING,)) == [later.id, first.id]
    assert desk.ids(stages=(JobStage.FAILED, JobStage.PARTIAL)) == [failed.id]
    assert desk.ids(since=later.accepted_at, until=failed.accepted_at) == [later.id]


def test_pages_follow_each_other_without_gap_or_repeat(desk: Desk) -> None:
    jobs = [desk.accept(minute) for minute in range(7)]
    for job in jobs[::2]:
        desk.put(job, JobStage.DONE)
    seen: list[JobId] = []
    wanted = JobFilter()
    while True:
        page = desk.list.page(wanted, 3)
        seen += [entry.job.id for entry in page.entries]
        if page.after is None:
            break
        wanted = JobFilter(behind=desk.list.place(page.after))
    assert seen == [job.id for job in reversed(jobs)]


def test_a_key_sees_its_own_jobs_alone(desk: Desk) -> None:
    own, other = desk.accept(1), desk.accept(2)
    page = desk.list.page(JobFilter(), 10, lambda job: job.id == own.id)
    assert [entry.job.id for entry in page.entries] == [own.id]
    assert other.id not in {entry.job.id for entry in page.entries}


def test_a_job_that_waits_goes_on_at_once(desk: Desk) -> None:
    job = desk.accept(1)
    desk.put(job, JobStage.WAITING)
    assert desk.list.retry(job.id).waits_for == "its turn"
    assert desk.engine.went_on == [f"{job.id}#3"]


def test_a_job_that_waits_begins_again_where_its_engine_was_lost(desk: Desk) -> None:
    job = desk.accept(1)
    desk.put(job, JobStage.WAITING)
    desk.engine.jobs.clear()
    assert desk.list.retry(job.id).waits_for == "its turn"
    assert desk.engine.again == {f"{job.id}#3": job}


def test_a_job_that_failed_begins_again_once_and_says_so(desk: Desk) -> None:
    job = desk.accept(1)
    desk.put(job, JobStage.FAILED)
    again = desk.list.retry(job.id)
    assert again.stage is JobStage.WAITING
    assert list(desk.engine.again) == [f"{job.id}#4"]
    assert desk.engine.again[f"{job.id}#4"].again_at is not None
    desk.list.retry(job.id)
    assert list(desk.engine.again) == [f"{job.id}#4"]


def test_what_is_done_is_not_done_again(desk: Desk) -> None:
    job = desk.accept(1)
    desk.put(job, JobStage.DONE)
    with pytest.raises(BadInput):
        desk.list.retry(job.id)
    with pytest.raises(NotFound):
        desk.list.retry(JobId("nobody"))


@pytest.mark.parametrize(
    ("waits_for", "english", "german"),
    [
        ("", "its next try", "den nächsten Versuch"),
        (TURN, "its turn", "einen freien Platz"),
        ("room Ops", "room Ops", "Raum Ops"),
        ("camera Gate", "camera Gate", "Kamera Gate"),
        (
            "job abc",
            "the message it follows, of job abc",
            "die Nachricht davor, von Auftrag abc",
        ),
    ],
)
def test_what_a_job_waits_for_is_said_in_german_too(
    desk: Desk, waits_for: str, english: str, german: str
) -> None:
    desk.put(desk.accept(1), JobStage.WAITING, waits_for=waits_for)
    (entry,) = desk.list.page(JobFilter(), 10).entries
    texts.use("de")
    assert (entry.waits_for, said(entry.waits_for)) == (english, german)
