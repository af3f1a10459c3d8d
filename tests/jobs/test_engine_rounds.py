"""The engine at rest: it does nothing, and begins as soon as there is work."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from dbos import _dbos

from mvsnap.clock import SystemClock
from mvsnap.domain import Job, JobId, Trigger, TriggerKind
from mvsnap.jobs.engine import ClientEngine, WorkerEngine
from mvsnap.jobs.waits import Wait
from mvsnap.store.changes import FileChanges
from mvsnap.store.database import sqlite_url
from tests.jobs.test_turns import NoRecords
from tests.servers.processes import wait_until

TRIGGER = Trigger(TriggerKind.HTTP, "tests")
ENGINE = ("queue", "dbos-background", "dynamic_scheduler", "notification_listener")


def job(name: str) -> Job:
    return Job(JobId(name), TRIGGER, (), SystemClock().now())


class Bench:
    def __init__(self, folder: Path) -> None:
        self.url = sqlite_url(folder / "jobs.db")
        self.ran: list[str] = []
        self.waits: list[Wait] = []
        self.worker = WorkerEngine(
            self.url, "tests", self._run, records=NoRecords(), clock=SystemClock()
        )
        self.worker.launch()

    def _run(self, job: Job) -> Wait | None:
        self.ran.append(job.id)
        return self.waits.pop() if self.waits else None


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    with closing(made.worker):
        yield made


def test_the_threads_of_the_engine_are_not_there(bench: Bench) -> None:
    bench.worker.submit(job("at once"))
    wait_until(lambda: bench.ran == ["at once"], "it began")
    wait_until(lambda: not _of_the_engine(), "no thread that polls", 10)


def test_what_another_process_enqueued_begins_within_two_seconds(bench: Bench) -> None:
    with closing(ClientEngine(bench.url)) as client:
        for number in range(3):
            began = time.monotonic()
            client.submit(job(f"{number}"))
            wait_until(lambda: len(bench.ran) > number, "it began")  # noqa: B023
            assert time.monotonic() - began < 10  # on a busy machine


def test_a_deferred_job_goes_on_when_it_is_due(bench: Bench) -> None:
    bench.waits.append(Wait(1.0))
    bench.worker.submit(job("later"))
    wait_until(lambda: bench.ran == ["later", "later"], "it ran again")


def test_a_deferred_job_that_is_woken_does_not_wait(bench: Bench) -> None:
    bench.waits.append(Wait(timedelta(hours=1).total_seconds()))
    bench.worker.submit(job("woken"))
    wait_until(lambda: bench.ran == ["woken"], "it was deferred")
    wait_until(lambda: bench.worker.oldest_run() is None, "it waits")
    bench.worker.go_on("woken#1")
    wait_until(lambda: len(bench.ran) == 2, "it ran again")


def test_work_of_a_dead_process_is_taken_over(bench: Bench, tmp_path: Path) -> None:
    with closing(ClientEngine(bench.url)) as client:
        client.submit(job("its"))
        wait_until(lambda: "its" in bench.ran, "it began")
    _as_if_begun_by("dead", "its", bench)
    assert bench.worker.take_over("dead") == 1
    wait_until(lambda: bench.ran.count("its") == 2, "it was resumed")


def test_with_another_release_of_the_engine_it_polls_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def sweep_thread(stop: threading.Event, dbos: object, _more: int = 0) -> None:
        theirs(stop, dbos)

    theirs = vars(_dbos)["background_jobs_thread"]
    monkeypatch.setattr(_dbos, "background_jobs_thread", sweep_thread)
    with caplog.at_level(logging.WARNING, "mvsnap"):
        bench = Bench(tmp_path)
    with closing(bench.worker), closing(ClientEngine(bench.url)) as client:
        client.submit(job("polled"))
        wait_until(lambda: bench.ran == ["polled"], "it began")
    assert "background_jobs_thread of this release of dbos takes stop, dbos" in (
        caplog.text
    )


def test_changes_are_seen_once_and_a_missing_file_always(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "some.db"
    changes = FileChanges(path)
    assert [changes.seen(), changes.seen()] == [True, True]
    assert not path.exists()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("create table t (x)")
        assert [changes.seen(), changes.seen()] == [True, False]
        other.execute("insert into t values (1)")
        assert [changes.seen(), changes.seen()] == [True, False]
        other.execute("update t set x = 2 where x = 3")  # nothing
        assert not changes.seen()
    changes.close()


def _of_the_engine() -> list[str]:
    # A thread without a name of its own is called by what it runs.
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if any(part in name for part in ENGINE)]


def _as_if_begun_by(executor: str, job_id: str, bench: Bench) -> None:
    import sqlite3

    path = bench.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as other:
        wait_until(
            lambda: (
                other.execute(
                    "select status from workflow_status where workflow_uuid = ?",
                    [job_id],
                ).fetchone()[0]
                == "SUCCESS"
            ),
            "it ended",
        )
        other.execute(
            "update workflow_status set status = 'PENDING', executor_id = ?,"
            " output = null, completed_at = null where workflow_uuid = ?",
            [executor, job_id],
        )
