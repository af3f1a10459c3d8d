"""The engine at rest: it does nothing, and begins as soon as there is work."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from dbos import _dbos

from mvsnap.clock import SystemClock
from mvsnap.domain import Job, JobId, Trigger, TriggerKind
from mvsnap.jobs.engine import ClientEngine, WorkerEngine
from mvsnap.jobs.engine_end import let_jobs_end
from mvsnap.jobs.waiting import LATER_QUEUE
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
        self.began_s: dict[str, float] = {}
        # Of each run, that of `ran` at the same place.
        self.at_s: list[float] = []
        self.does: dict[str, Callable[[], object]] = {}
        self.waits: list[Wait] = []
        self.worker = WorkerEngine(
            self.url, "tests", self._run, records=NoRecords(), clock=SystemClock()
        )
        self.worker.launch()

    def accepted_s(self, job_id: str) -> float:
        found = self.worker.job(JobId(job_id))
        assert found is not None
        return found.accepted_at.timestamp()

    def _run(self, job: Job) -> Wait | None:
        self.began_s[job.id] = time.time()
        self.at_s.append(time.time())
        self.ran.append(job.id)
        self.does.get(job.id, lambda: None)()
        return self.waits.pop() if self.waits else None


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    with closing(made.worker):
        yield made


def test_the_threads_of_the_engine_are_not_there(bench: Bench) -> None:
    bench.worker.submit(job("at once"))
    wait_until(lambda: bench.ran == ["at once"], "it began")
    wait_until(lambda: not _of_the_engine(), "no thread that polls", 30)


def test_what_another_process_enqueued_begins_at_once(bench: Bench) -> None:
    with closing(ClientEngine(bench.url)) as client:
        for number in range(5):
            client.submit(job(f"{number}"))
            wait_until(lambda: len(bench.ran) > number, "it began")  # noqa: B023
    took_s = sorted(bench.began_s[each] - bench.accepted_s(each) for each in bench.ran)
    assert took_s[0] < 10  # not the minute after which it looks anyway


def test_a_job_that_waits_for_its_equal_begins_when_that_has_ended(
    bench: Bench,
) -> None:
    may_end = threading.Event()
    bench.does["first"] = lambda: may_end.wait(60)
    bench.worker.submit(job("first"), "equal")
    wait_until(lambda: bench.ran == ["first"], "it began")
    bench.worker.submit(job("second"), "equal")
    with closing(ClientEngine(bench.url)) as client:
        client.submit(job("third"), "equal")
        bench.worker.submit(job("another"))
        wait_until(lambda: "another" in bench.ran, "it does not wait")
        may_end.set()
        wait_until(lambda: {"second", "third"} <= set(bench.ran), "they began")


def test_a_file_that_was_locked_holds_nothing_up_afterwards(bench: Bench) -> None:
    path = bench.url.removeprefix("sqlite:///")
    with closing(ClientEngine(bench.url)) as client:
        client.submit(job("before"))
        wait_until(lambda: bench.ran == ["before"], "it began")
        # Its end is written after it ran: a lock in between would keep it open.
        wait_until(lambda: client.oldest_run() is None, "it ended")
        with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert client.oldest_run() is None, "it is read still"
            other.execute("ROLLBACK")
        client.submit(job("after"))
        wait_until(lambda: bench.ran == ["before", "after"], "it began")


def test_at_the_end_no_log_is_left_beside_the_file(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.worker.submit(job("only"))
    wait_until(lambda: bench.ran == ["only"], "it began")
    bench.worker.close()
    assert [path.name for path in tmp_path.iterdir()] == ["jobs.db"]


def test_a_stop_waits_for_a_job_that_runs_and_takes_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, may_end = Bench(tmp_path), threading.Event()
    bench.does["runs"] = lambda: may_end.wait(60)
    bench.worker.submit(job("runs"))
    wait_until(lambda: bench.ran == ["runs"], "it began")
    monkeypatch.setattr("mvsnap.jobs.engine._LAST_JOBS_S", 60)
    destroyed: list[float] = []
    destroy = bench.worker._dbos.destroy

    def spied(*, workflow_completion_timeout_sec: float, **more: bool) -> None:
        destroyed.append(workflow_completion_timeout_sec)
        destroy(**more)

    monkeypatch.setattr(bench.worker._dbos, "destroy", spied)
    closing_it = threading.Thread(target=bench.worker.close)
    closing_it.start()
    stops = bench.worker._source.background_thread_stop_events
    wait_until(lambda: all(stop.is_set() for stop in stops), "it takes no more")
    with closing(ClientEngine(bench.url)) as client:
        client.submit(job("next"))
        assert (destroyed, bench.ran) == ([], ["runs"])
        may_end.set()
        closing_it.join(60)
        # dbos would wait a second more, whatever runs.
        assert (destroyed, bench.ran) == ([0], ["runs"])
        (ended,) = client._client.list_workflows(workflow_ids=["runs"])
        assert ended.status == "SUCCESS"
    again = Bench(tmp_path)
    with closing(again.worker):
        wait_until(lambda: again.ran == ["next"], "it begins at the next start")


def test_another_release_of_the_engine_waits_by_itself() -> None:
    assert let_jobs_end(object(), 3, SystemClock()) == 3


def test_deferred_jobs_go_on_when_they_are_due(bench: Bench) -> None:
    late_s = []
    for number in range(3):
        bench.waits.append(Wait(1.0))
        bench.worker.submit(job(f"{number}"))
        wait_until(lambda: len(bench.ran) == 2 * number + 2, "it ran again")  # noqa: B023
        first_s, second_s = bench.at_s[-2:]
        late_s.append(second_s - first_s - 1)
    assert 0 <= min(late_s) < 1  # the quickest: the machine may be busy


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
    # With the places of that queue: those of new jobs stay free for what comes.
    with closing(sqlite3.connect(bench.url.removeprefix("sqlite:///"))) as other:
        asked = "select queue_name from workflow_status where workflow_uuid = 'its'"
        assert other.execute(asked).fetchone() == (LATER_QUEUE,)


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


def test_changes_of_a_file_in_the_place_of_another_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    changes = FileChanges(path)

    def put(name: str) -> None:
        with closing(sqlite3.connect(tmp_path / name, isolation_level=None)) as made:
            made.execute("create table t (x)")

    put(path.name)
    assert [changes.seen(), changes.seen()] == [True, False]
    put("restored.db")
    (tmp_path / "restored.db").replace(path)
    assert [changes.seen(), changes.seen()] == [True, False]
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("insert into t values (1)")
    assert [changes.seen(), changes.seen()] == [True, False]
    path.unlink()
    assert [changes.seen(), changes.seen()] == [True, True]
    put(path.name)
    assert [changes.seen(), changes.seen()] == [True, False]
    changes.close()


def _of_the_engine() -> list[str]:
    # A thread without a name of its own is called by what it runs.
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if any(part in name for part in ENGINE)]


def _as_if_begun_by(executor: str, job_id: str, bench: Bench) -> None:
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
