"""Which jobs wait, read from the engine's table: of SQLite and of PostgreSQL."""

from __future__ import annotations

from contextlib import closing

from mvsnap.clock import SystemClock
from mvsnap.domain import Job, JobId, Trigger, TriggerKind
from mvsnap.jobs.engine import ClientEngine, WorkerEngine
from tests.jobs.test_turns import NoRecords
from tests.servers.processes import wait_until
from tests.store.fixtures import url as url

TRIGGER = Trigger(TriggerKind.HTTP, "tests")


def test_jobs_that_are_finished_do_not_wait(url: str) -> None:
    clock, done = SystemClock(), list[str]()
    worker = WorkerEngine(
        url,
        "tests",
        lambda job: done.append(job.id),
        records=NoRecords(),
        clock=clock,
    )
    worker.launch()
    try:
        for number in range(3):
            worker.submit(Job(JobId(f"{number}"), TRIGGER, (), clock.now()))
        wait_until(lambda: len(done) == 3, "they run")
        with closing(ClientEngine(url)) as client:
            wait_until(lambda: not client.waiting(10), "none waits")
            assert client.oldest_run() is None
            assert client.first_runs(None, None, 10) == []
    finally:
        worker.close()
