"""Finished jobs with the real engine: counted, forgotten, and by a command, too."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from mvsnap.clock import SystemClock
from mvsnap.domain import Job, JobId, Trigger, TriggerKind
from mvsnap.jobs.engine import JOBS_TABLE, ClientEngine, WorkerEngine
from mvsnap.jobs.records import JobRecords
from mvsnap.store import database
from mvsnap.store.database import has_table
from mvsnap.store.events import Store
from mvsnap.store.job_states import JobStateStore
from tests.servers.processes import wait_until
from tests.store.fixtures import url as url


def test_finished_jobs_are_counted_and_then_forgotten(url: str, tmp_path: Path) -> None:
    clock = SystemClock()
    assert not has_table(url, JOBS_TABLE)
    assert list(tmp_path.iterdir()) == []
    db = database.open_database(url)
    database.upgrade(db)
    shared = database.Database(db)
    records = JobRecords(Store(shared), JobStateStore(shared), clock)
    worker = WorkerEngine(url, "tests", lambda _: None, records=records, clock=clock)
    worker.launch()
    now = clock.now()
    trigger = Trigger(TriggerKind.COMMAND, "tests")
    for name in ("one", "two"):
        worker.submit(Job(JobId(name), trigger, serials=(), accepted_at=now))
    later = now + timedelta(hours=1)
    wait_until(lambda: worker.forget_finished(later, dry_run=True) == 2, "both", 30)
    assert worker.forget_finished(now - timedelta(hours=1)) == 0
    worker.close()
    assert has_table(url, JOBS_TABLE)
    with closing(ClientEngine(url)) as client:
        assert client.forget_finished(later, dry_run=True) == 2
        assert client.forget_finished(later) == 2
        assert client.forget_finished(later, dry_run=True) == 0
    db.dispose()
