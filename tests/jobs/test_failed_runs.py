"""A job that waits while the engine has ended its run: "try again now" helps."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from mvsnap.clock import SystemClock
from mvsnap.domain import Job, JobId, Serial
from mvsnap.jobs.engine import WorkerEngine
from mvsnap.jobs.listing import JobList
from mvsnap.jobs.records import JobRecords
from mvsnap.jobs.waits import Wait
from mvsnap.store import database
from mvsnap.store.events import Store
from mvsnap.store.job_states import JobRow, JobStage, JobStateStore
from mvsnap.texts.wording import Reason
from mvsnap.values import replace
from tests.core import build
from tests.servers.processes import wait_until
from tests.store.fixtures import db as db
from tests.store.fixtures import url as url


def test_a_job_whose_run_ended_in_an_error_begins_again(
    url: str, db: database.Database
) -> None:
    clock, states = SystemClock(), JobStateStore(db)
    waits, runs = [Wait(3600)], list[str]()

    def run(job: Job) -> Wait | None:
        runs.append(job.id)
        return waits.pop() if waits else None

    worker = WorkerEngine(
        url if url.startswith("postgresql") else url.replace("mvsnap.db", "jobs.db"),
        "tests",
        run,
        records=JobRecords(Store(db), states, clock),
        clock=clock,
    )
    worker.launch()
    try:
        job = build.job(Serial("Q2SM-0000-0001"), accepted_at=clock.now())
        job = replace(job, serials=())
        worker.submit(job)
        next_id = JobId(f"{job.id}#1")
        wait_until(lambda: worker.job(next_id) is not None, "it is deferred")
        runs_of_dbos = worker._runs
        is_next = runs_of_dbos.c.workflow_uuid == next_id
        with worker._database.engine.begin() as connection:  # an error escaped
            connection.execute(
                update(runs_of_dbos).where(is_next).values(status="ERROR")
            )
        listed = JobList(worker, states, clock)
        assert listed.entry(job.id).stage is JobStage.WAITING
        assert listed.retry(job.id).waits_for == "its turn"
        wait_until(lambda: listed.entry(job.id).stage is JobStage.DONE, "it has ended")
        assert runs == [job.id, job.id]
    finally:
        worker.close()


class SlowStates(JobStateStore):
    """Is behind the engine: a write may wait its turn for seconds."""

    engine: WorkerEngine

    def begin_again(self, ended: JobRow, begun: JobRow, now: datetime) -> None:
        run = self.engine._runs
        is_it = run.c.workflow_uuid == begun.run_id
        statuses = select(run.c.status).where(is_it)
        if self.engine._rows(statuses):
            wait_until(
                lambda: self.engine._rows(statuses)[0].status == "SUCCESS",
                "its run is over",
            )
        super().begin_again(ended, begun, now)


def test_a_job_that_begins_again_and_waits_at_once_goes_on(
    url: str, db: database.Database
) -> None:
    clock, states = SystemClock(), SlowStates(db)
    waits, runs = [Wait(3600)], list[str]()

    def run(job: Job) -> Wait | None:
        runs.append(job.id)
        return waits.pop() if waits else None

    records = JobRecords(Store(db), states, clock)
    worker = states.engine = WorkerEngine(
        url if url.startswith("postgresql") else url.replace("mvsnap.db", "jobs.db"),
        "tests",
        run,
        records=records,
        clock=clock,
    )
    worker.launch()
    try:
        job = build.job(Serial("Q2SM-0000-0001"), accepted_at=clock.now())
        job = replace(job, serials=())
        records.gave_up(job, job.id, Reason("too old"))
        listed = JobList(worker, states, clock)
        listed.retry(job.id)
        wait_until(lambda: len(runs) == 1, "it begins again, and waits")
        next_id = JobId(f"{job.id}#2")
        wait_until(lambda: worker.job(next_id) is not None, "it is deferred")
        listed.retry(job.id)
        wait_until(lambda: listed.entry(job.id).stage is JobStage.DONE, "it has ended")
        assert len(runs) == 2
    finally:
        worker.close()
