"""Jobs of a newer release, after a way back to this one or on a machine beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from mvsnap.clock import SystemClock
from mvsnap.domain import (
    DeliveryState,
    EventId,
    EventKind,
    Job,
    JobId,
    Trigger,
    TriggerKind,
)
from mvsnap.errors import OfNewerRelease
from mvsnap.jobs.codec import encode
from mvsnap.jobs.engine import ClientEngine, WorkerEngine
from mvsnap.jobs.failed_runs import FailedRuns
from mvsnap.jobs.listing import JobList
from mvsnap.jobs.records import JobRecords
from mvsnap.jobs.waits import Wait
from mvsnap.store import database
from mvsnap.store.events import Store
from mvsnap.store.job_states import TURN, JobFilter, JobStage, JobStateStore
from mvsnap.texts.wording import Reason
from mvsnap.values import as_stored, replace
from tests.conftest import Clouds
from tests.core import build
from tests.core.build import GATE, event
from tests.jobs.fakes import Crew, crew
from tests.servers.processes import wait_until
from tests.store.fixtures import db as db
from tests.store.fixtures import url as url


class Site:
    """The parts of a worker; runs: what its engine ran."""

    def __init__(self, url: str, db: database.Database) -> None:
        is_shared = url.startswith("postgresql")
        self.url = url if is_shared else url.replace("mvsnap.db", "jobs.db")
        self.clock, self.states = SystemClock(), JobStateStore(db)
        self.records = JobRecords(Store(db), self.states, self.clock)
        self.runs: list[Job] = []

    def run(self, job: Job) -> Wait | None:
        self.runs.append(job)
        return None

    @contextmanager
    def worker(self) -> Iterator[WorkerEngine]:
        worker = WorkerEngine(
            self.url, "tests", self.run, records=self.records, clock=self.clock
        )
        worker.launch()
        try:
            yield worker
        finally:
            worker.close()

    def job(self, **given: object) -> Job:
        # Without a camera: there is nothing of it to be found in the store.
        made = build.job(accepted_at=self.clock.now(), **given)
        return replace(made, serials=())


@pytest.fixture
def site(url: str, db: database.Database) -> Site:
    return Site(url, db)


def submit(worker: WorkerEngine, job: Job, **changed: object) -> None:
    """Accept a job as a newer release writes it."""
    text = json.dumps(json.loads(encode(job)) | changed)
    worker.submit(replace(job, unread=text))


def test_a_trigger_that_only_a_newer_release_has_runs(site: Site) -> None:
    with site.worker() as worker:
        job = site.job()
        submit(worker, job, trigger={"kind": "doorbell", "by": "back door"})
        listed = JobList(worker, site.states, site.clock)
        wait_until(lambda: bool(site.states.row(job.id)), "it has ended")
        found = listed.entry(job.id)
        assert found.stage is JobStage.DONE
        assert [run.trigger.kind.value for run in site.runs] == ["doorbell"]
        # Also when it is begun again: a newer release reads it as it was.
        assert json.loads(encode(found.job))["trigger"]["kind"] == "doorbell"


@pytest.mark.parametrize(
    "changed", [{"trigger": "doorbell"}, {"serials": 5, "accepted_at": "noon"}]
)
def test_a_job_that_cannot_be_read_waits_for_the_newer_release(
    site: Site, changed: dict[str, object]
) -> None:
    with site.worker() as worker:
        job, listed = site.job(), JobList(worker, site.states, site.clock)
        submit(worker, job, **changed)
        wait_until(lambda: site.states.row(job.id) is not None, "it waits")
        [entry] = listed.page(JobFilter(), 10).entries
        assert (entry.job.id, entry.stage) == (job.id, JobStage.WAITING)
        assert entry.reason == "it takes a newer release of mvsnap"
        assert abs(entry.job.accepted_at - job.accepted_at).total_seconds() < 60
        [known] = worker.known_jobs([job.id])
        text = known.unread
        assert json.loads(text) == json.loads(encode(job)) | changed
        # It stays as it is, also when it is tried again.
        listed.retry(job.id)
        waits = JobId(f"{job.id}#2")
        wait_until(lambda: worker.job(waits) is not None, "it waits again")
        [known] = worker.known_jobs([waits])
        assert (known.unread, site.runs) == (text, [])
        row = site.states.row(job.id)
        assert row is not None
        assert row.job == text


def end_run(engine: WorkerEngine | ClientEngine, run_id: str, status: str) -> None:
    """Have a run end as dbos does when an error escapes from it."""
    runs = engine._runs
    is_it = runs.c.workflow_uuid == run_id
    with engine._database.engine.begin() as connection:
        connection.execute(update(runs).where(is_it).values(status=status))


def test_a_job_whose_first_run_ended_in_an_error_begins_again(site: Site) -> None:
    with site.worker():  # makes the tables
        pass
    client, job, cancelled = ClientEngine(site.url), site.job(), site.job()
    old = replace(site.job(), accepted_at=site.clock.now() - timedelta(days=2))
    for one, status in ((job, "ERROR"), (old, "ERROR"), (cancelled, "CANCELLED")):
        client.submit(one)
        end_run(client, one.id, status)
    client.close()
    with site.worker() as worker:
        failed = FailedRuns(worker, site.states, site.records, site.clock)
        failed.resume()
        listed = JobList(worker, site.states, site.clock)
        # What somebody has ended on purpose is shown, and does not begin by itself.
        assert listed.entry(cancelled.id).stage is JobStage.FAILED
        assert listed.entry(cancelled.id).reason == "the job engine ended its run"
        wait_until(lambda: listed.entry(job.id).stage is JobStage.DONE, "it ends")
        failed.resume()
        assert [run.id for run in site.runs] == [job.id]
        listed.retry(cancelled.id)
        wait_until(
            lambda: listed.entry(cancelled.id).stage is JobStage.DONE, "it ends, too"
        )


def test_a_process_that_dies_while_it_begins_one_again_loses_nothing(
    site: Site,
) -> None:
    with site.worker():
        pass
    client, job = ClientEngine(site.url), site.job()
    client.submit(job)
    end_run(client, job.id, "ERROR")
    client.close()
    # Its row says that it is about to run, but no run was stored.
    assert site.records.waits(job, f"{job.id}#1", Wait(0))
    again = site.job()  # by "Try again now"
    site.records.gave_up(again, again.id, Reason("too old"))
    ended = site.states.row(again.id)
    assert ended is not None
    begun = replace(
        ended, stage=JobStage.WAITING, run_id=f"{again.id}#1", waits_for=TURN
    )
    before = site.clock.now() - timedelta(minutes=1)
    site.states.begin_again(ended, begun, before)
    with site.worker() as worker:
        failed = FailedRuns(worker, site.states, site.records, site.clock)
        failed.resume()
        wait_until(lambda: len(site.runs) == 2, "they run")
        failed.resume()
        assert {one.id for one in site.runs} == {job.id, again.id}


@pytest.fixture
def team(tmp_path: Path, clouds: Clouds) -> Iterator[Crew]:
    with crew(tmp_path, clouds) as made:
        yield made


def test_what_a_newer_release_may_have_sent_is_not_sent_again(team: Crew) -> None:
    job, now = team.job(GATE), team.clock.now()
    state = as_stored(DeliveryState, "withheld")
    team.store.set_delivery(job.id, GATE, job.rooms[0], state, now)
    with pytest.raises(OfNewerRelease):
        team.run(job)
    assert team.messages == []
    assert len(team.events) == 1  # its picture is kept


def test_what_only_a_newer_release_can_say_is_left_to_it(team: Crew) -> None:
    job = team.job(GATE, about=EventId("00000000-0000-4000-8000-000000000001"))
    assert job.about
    kind = as_stored(EventKind, "fall")
    team.store.add_event(event(id=job.about, kind=kind, job_id=job.id))
    with pytest.raises(OfNewerRelease):
        team.run(job)
    assert team.messages == []


def test_a_trigger_that_only_a_newer_release_knows_is_posted(team: Crew) -> None:
    by = Trigger(as_stored(TriggerKind, "doorbell"), "back door")
    job = team.job(GATE, trigger=by)
    assert team.run(job) is None
    (message,) = team.messages
    assert "back door" in message.markdown
    assert team.events[0].trigger == by
