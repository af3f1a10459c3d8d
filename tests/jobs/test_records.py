"""What is written down of a job, also by a process that was asleep for a while."""

from __future__ import annotations

from mvsnap.clock import SystemClock
from mvsnap.domain import Serial
from mvsnap.jobs.records import JobRecords
from mvsnap.jobs.waits import Wait
from mvsnap.store import database
from mvsnap.store.events import Store
from mvsnap.store.job_states import JobStage, JobStateStore
from mvsnap.texts.wording import Reason
from mvsnap.values import replace
from tests.core import build
from tests.store.fixtures import url as url


def test_a_job_that_another_process_has_ended_does_not_wait(url: str) -> None:
    engine = database.open_database(url)
    database.upgrade(engine)
    db, clock = database.Database(engine), SystemClock()
    states, store = JobStateStore(db), Store(db)
    records = JobRecords(store, states, clock)
    job = replace(build.job(Serial("Q2SM-0000-0001")), serials=())
    assert records.waits(job, f"{job.id}#1", Wait(10))
    assert records.waits(job, f"{job.id}#2", Wait(10))
    records.ended(job, f"{job.id}#2")
    # The process that had it before wakes up, and its connections are broken.
    assert not records.waits(job, f"{job.id}#2", Wait(10))
    records.gave_up(job, f"{job.id}#2", Reason("too old"))
    ended = states.row(job.id)
    assert ended
    assert (ended.stage, ended.next_at) == (JobStage.DONE, None)
    begun = replace(ended, stage=JobStage.WAITING, run_id=f"{job.id}#3")
    states.begin_again(ended, begun, clock.now())
    assert records.waits(job, f"{job.id}#4", Wait(10))
    store.close()
