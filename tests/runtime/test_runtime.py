from __future__ import annotations

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.jobs.abandoned_clips import AbandonedClips
from mvsnap.jobs.finished import NoJobs
from mvsnap.jobs.service import Finished
from mvsnap.runtime import Parts, cleaning, worker
from mvsnap.store import pulses
from mvsnap.store.audit import AuditFilter
from mvsnap.store.cleanings import CleaningStore
from mvsnap.store.events import SILENT_AFTER
from mvsnap.store.purging import PurgeResult
from mvsnap.store.tables import workers
from tests.changes import log_line
from tests.servers.processes import wait_until


@pytest.mark.parametrize(
    ("retention_days", "kept"),
    [(30, ["364 days"]), (400, ["399 days", "364 days"])],
    ids=["for a year", "as long as the events"],
)
def test_the_audit_log_outlives_the_events(
    tmp_path: Path, retention_days: int, kept: list[str]
) -> None:
    storage = {"retention_days": retention_days}
    parts = Parts(Settings.model_validate({"data_dir": tmp_path, "storage": storage}))
    now = parts.clock.now()
    for days in (364, 399, 401):
        at = now - timedelta(days=days)
        parts.audit.add(log_line(at, "anna", f"{days} days", "", ""))
    for kind in cleaning.kinds(parts, NoJobs()):
        kind.purge()
    lines = parts.audit.lines(AuditFilter(), 9)
    assert sorted(line.change.what for line in lines) == sorted(kept)
    parts.store.close()


def test_a_worker_is_not_silent_while_it_removes_what_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removing, go_on = threading.Event(), threading.Event()

    def step(_dry_run: bool) -> PurgeResult:
        removing.set()
        go_on.wait(30)
        return PurgeResult()

    slow = cleaning.DataKind("much", "now", step)
    monkeypatch.setattr(cleaning, "kinds", lambda _parts, _jobs: (slow,))
    monkeypatch.setattr(worker, "_HEARTBEAT_S", 0.1)
    monkeypatch.setattr(pulses, "ROW_EVERY", timedelta())
    parts = Parts(Settings.model_validate({"data_dir": tmp_path}))
    working = worker.Worker(parts, Finished())
    working.start()
    assert removing.wait(20)

    def seen() -> list[datetime]:
        with parts.db.reading() as connection:
            return list(connection.scalars(select(workers.c.seen_at)))

    began = seen()
    wait_until(lambda: seen() != began, "another beat", 20)
    go_on.set()
    parts.clock.stop()
    working.stop()
    parts.store.close()


def test_a_cleaning_that_fails_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cleaned = threading.Event()

    def fail(_dry_run: bool) -> PurgeResult:
        raise ValueError("a broken row")

    def clean(_dry_run: bool) -> PurgeResult:
        cleaned.set()
        return PurgeResult(removed=3)

    kinds = (
        cleaning.DataKind("Bad", "now", fail),
        cleaning.DataKind("Good", "now", clean),
    )
    monkeypatch.setattr(cleaning, "kinds", lambda _parts, _jobs: kinds)
    monkeypatch.setattr(worker, "_HEARTBEAT_S", 0.1)
    # Another test may have set the level of our own loggers.
    caplog.set_level("INFO", logger="mvsnap.runtime.worker")
    parts = Parts(Settings.model_validate({"data_dir": tmp_path}))
    # A store that was never cleaned waits for NTP first.
    for kind in kinds:
        CleaningStore(parts.db).done(kind.name, parts.clock.now())
    working = worker.Worker(parts, Finished())
    working.start()
    try:
        assert cleaned.wait(20)
        wait_until(lambda: "Good: 3 removed" in caplog.text, "the log says so", 20)
    finally:
        parts.clock.stop()
        working.stop()
        parts.store.close()
    assert "cleaning: Bad" in caplog.text


def test_jobs_that_are_taken_over_are_named_though_the_store_goes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    parts = Parts(Settings.model_validate({"data_dir": tmp_path}))
    parts.store.heartbeat("pi-89ab-0", parts.store.now() - 2 * SILENT_AFTER)
    working = worker.Worker(parts, Finished())
    monkeypatch.setattr(working.engine, "take_over", lambda _: 3)
    working._beat()  # the others get a round first

    def away(_executor_id: str) -> None:
        raise OperationalError("delete", {}, Exception("it is away"))

    monkeypatch.setattr(parts.store, "forget_worker", away)
    with pytest.raises(OperationalError):
        working._beat()
    assert "worker pi-89ab-0 is gone: taking over 3 jobs" in caplog.text
    working.stop()
    parts.store.close()


class MovedClock(SystemClock):
    def __init__(self) -> None:
        super().__init__()
        self.ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


def test_other_recorders_have_time_to_come_back_before_their_clips_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    parts = Parts(Settings.model_validate({"data_dir": tmp_path}))
    clock = MovedClock()
    monkeypatch.setattr(parts, "clock", clock)
    monkeypatch.setattr(cleaning, "kinds", lambda _parts, _jobs: ())
    monkeypatch.setattr(
        AbandonedClips, "finish", lambda _self: looks.append(clock.ahead_s)
    )
    working = worker.Worker(parts, Finished())
    house = working._chores()
    silent_s = SILENT_AFTER.total_seconds()
    for clock.ahead_s in (0, silent_s, 1.5 * silent_s, 2 * silent_s + 1):
        house()
    working.stop()
    parts.store.close()
    assert looks == [2 * silent_s + 1]


def test_a_worker_that_was_never_started_can_be_stopped(tmp_path: Path) -> None:
    """As when a signal comes while the database is still opened."""
    parts = Parts(Settings.model_validate({"data_dir": tmp_path}))
    working = worker.Worker(parts, Finished())
    working.stop()
    other = worker.Worker(parts, Finished())
    assert other.executor_id == working.executor_id, "its place is free"
    other.stop()
    parts.store.close()
