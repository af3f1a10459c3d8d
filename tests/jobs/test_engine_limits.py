"""The job engine under a locked file: a request gets an answer, work waits."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.jobs.engine import ClientEngine, WorkerEngine
from mvsnap.runtime import Roles, open_service
from mvsnap.store.database import sqlite_url
from mvsnap.store.time_limits import DatabaseAway, answering
from tests.core import build
from tests.jobs.test_turns import NoRecords


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """A file that a worker has made."""
    path = tmp_path / "jobs.db"
    url, clock = sqlite_url(path), SystemClock()
    worker = WorkerEngine(
        url, "tests", lambda _job: None, records=NoRecords(), clock=clock
    )
    with closing(worker):
        worker.launch()
    return path


def test_a_request_does_not_wait_until_the_engine_has_tried_again(jobs: Path) -> None:
    with closing(ClientEngine(sqlite_url(jobs))) as client, answering():
        with locked(jobs):
            # Two, and a busy machine. What waited in vain does not wait again.
            for longest_s in (8, 1.9):
                began = time.monotonic()
                with pytest.raises(DatabaseAway, match="keeps it locked"):
                    client.submit(build.job())
                assert time.monotonic() - began < longest_s
        client.submit(build.job())


def test_a_start_waits_for_a_locked_file_of_jobs(jobs: Path) -> None:
    settings, said = Settings(data_dir=jobs.parent), list[str]()
    with locked(jobs) as other:

        def free(_seconds: float) -> None:
            other.execute("ROLLBACK")

        roles = Roles(web=True, worker=False, sense=False)
        service = open_service(settings, roles, on_wait=said.append, pause=free)
        service.parts.store.close()
    assert said == ["another program keeps it locked"]
