"""Jobs whose run ends in an error: what is said of them, and that they are kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from mvsnap.clock import SystemClock
from mvsnap.domain import Job
from mvsnap.jobs.engine import WorkerEngine
from mvsnap.jobs.records import JobRecords
from mvsnap.jobs.waits import Wait
from mvsnap.store import database
from mvsnap.store.events import Store
from mvsnap.store.job_states import JobStage, JobStateStore
from mvsnap.values import replace
from tests.core import build
from tests.jobs.fakes import JumpingClock
from tests.servers.processes import wait_until
from tests.store.fixtures import db as db
from tests.store.fixtures import url as url


@contextmanager
def worker(
    url: str,
    db: database.Database,
    run: Callable[[Job], Wait | None],
    clock: SystemClock,
) -> Iterator[WorkerEngine]:
    jobs = url if url.startswith("postgresql") else url.replace("mvsnap.db", "jobs.db")
    records = JobRecords(Store(db), JobStateStore(db), clock)
    made = WorkerEngine(jobs, "tests", run, records=records, clock=clock)
    made.launch()
    try:
        yield made
    finally:
        clock.stop()
        made.close()


def rename(db: database.Database, before: str, after: str) -> None:
    with db.writing() as connection:
        connection.execute(text(f"alter table {before} rename to {after}"))


def test_a_job_is_not_given_up_where_nobody_would_hear_of_it(
    url: str, db: database.Database, caplog: pytest.LogCaptureFixture
) -> None:
    clock, states = JumpingClock(), JobStateStore(db)
    job = build.job(accepted_at=clock.now() - timedelta(hours=25))
    job = replace(job, serials=())

    def run(job: Job) -> Wait | None:
        rename(db, "job_states", "elsewhere")  # the store is away from now on
        states.row(job.id)
        return None

    with worker(url, db, run, clock) as engine:
        engine.submit(job)
        said = f"job {job.id} cannot be deferred"
        wait_until(lambda: said in caplog.text, "it cannot be written down")
        rename(db, "elsewhere", "job_states")
        wait_until(lambda: states.row(job.id) is not None, "it is")
    row = states.row(job.id)
    assert row is not None
    assert row.stage is JobStage.WAITING
    assert "gave up" not in caplog.text


def test_a_full_disk_is_named(
    url: str, db: database.Database, caplog: pytest.LogCaptureFixture
) -> None:
    clock, states = SystemClock(), JobStateStore(db)
    job = replace(build.job(accepted_at=clock.now()), serials=())

    def run(_job: Job) -> Wait | None:
        Path("/dev/full").write_bytes(b"a picture")
        return None

    caplog.set_level(logging.WARNING)
    with worker(url, db, run, clock) as engine:
        engine.submit(job)
        wait_until(lambda: states.row(job.id) is not None, "it waits")
    row = states.row(job.id)
    assert row is not None
    assert (row.stage, row.reason) == (JobStage.WAITING, "the disk is full")
    assert "waits for room: the disk is full" in caplog.text
    assert "Traceback" not in caplog.text
