"""Processes and the services outside, as every process writes and reads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from mvsnap.store import database
from mvsnap.store.sharing.process_tables import processes, upstreams
from mvsnap.store.sharing.processes import ProcessReport, ProcessStore
from mvsnap.texts.wording import Reason
from mvsnap.upstreams import Outcome, Outcomes, Upstream
from mvsnap.values import replace

PI = ProcessReport("pi-1-web-0", "pi-1", "web", "1.0", "0a1b", disk_free_bytes=5)
NEARLY = timedelta(seconds=5)


@pytest.fixture
def store(db: database.Database) -> ProcessStore:
    return ProcessStore(db)


def beat(
    store: ProcessStore,
    report: ProcessReport = PI,
    outcomes: Mapping[str, Outcome] | None = None,
    *,
    monotonic_s: float = 1000,
    clock: datetime | None = None,
    is_first: bool = False,
) -> None:
    store.beat(
        report,
        outcomes or {},
        monotonic_s=monotonic_s,
        clock=clock or datetime.now(UTC),
        is_first=is_first,
    )


def test_a_restart_is_the_same_row_with_a_new_start(store: ProcessStore) -> None:
    beat(store)
    (first,) = store.all()
    beat(store, replace(PI, version="1.1"))
    (second,) = store.all()
    assert second.started_at == first.started_at < second.seen_at
    assert second.report.version == "1.1"
    beat(store, is_first=True)
    assert store.all()[0].started_at > first.started_at


def test_a_clean_stop_is_noted_until_the_next_start(store: ProcessStore) -> None:
    beat(store)
    store.leave(PI.id)
    assert store.all()[0].stopped
    beat(store)
    assert not store.all()[0].stopped


def test_a_clock_is_held_against_the_databases(store: ProcessStore) -> None:
    beat(store, clock=datetime.now(UTC) + timedelta(hours=1))
    assert store.all()[0].clock_ahead_s == pytest.approx(3600, abs=5)


def test_moments_are_the_databases_whatever_this_clock_says(
    store: ProcessStore,
) -> None:
    failed = Outcome(900, 990, 950, Reason("no answer within 20 s"))
    beat(
        store, outcomes={Upstream.WEBEX: failed}, clock=datetime(1970, 1, 2, tzinfo=UTC)
    )
    (state,) = store.upstreams()
    now = store.all()[0].seen_at
    assert (state.name, state.error) == (Upstream.WEBEX, "no answer within 20 s")
    assert state.worked_at == pytest.approx(now - timedelta(seconds=100), abs=NEARLY)
    assert state.failed_at == pytest.approx(now - timedelta(seconds=10), abs=NEARLY)
    assert state.failing_since == pytest.approx(now - timedelta(seconds=50), abs=NEARLY)


def test_after_a_restart_what_worked_before_is_still_known(
    store: ProcessStore,
) -> None:
    beat(store, outcomes={Upstream.S3: Outcome(worked_s=990)})
    (before,) = store.upstreams()
    beat(store, outcomes={Upstream.S3: Outcome(None, 999, 999, Reason("it is full"))})
    (after,) = store.upstreams()
    assert after.worked_at == before.worked_at
    assert (after.error, after.failing_since) == ("it is full", after.failed_at)
    beat(store, outcomes={Upstream.S3: Outcome(999, 999, None, Reason(""))})
    (again,) = store.upstreams()
    assert (again.error, again.failing_since) == ("", None)
    assert again.failed_at is not None


def test_each_process_has_its_own_view_of_a_service(store: ProcessStore) -> None:
    other = replace(PI, id="pi-2-web-0", machine="pi-2")
    beat(store, outcomes={Upstream.MERAKI: Outcome(worked_s=990)})
    beat(store, other, {Upstream.MERAKI: Outcome(None, 990, 990, Reason("no route"))})
    assert {s.process_id: s.error for s in store.upstreams()} == {
        PI.id: "",
        other.id: "no route",
    }
    assert [known.report.machine for known in store.all()] == ["pi-1", "pi-2"]


def test_what_was_not_seen_for_a_day_is_forgotten(
    store: ProcessStore, db: database.Database
) -> None:
    old = replace(PI, id="gone-web-0")
    beat(store, old, {Upstream.MERAKI: Outcome(worked_s=990)})
    day_ago = datetime.now(UTC) - timedelta(days=1, minutes=1)
    with db.writing() as connection:
        connection.execute(update(processes).values(seen_at=day_ago))
    assert store.all() == []
    beat(store, is_first=True)
    with db.reading() as connection:
        assert len(connection.execute(processes.select()).all()) == 1
        assert connection.execute(upstreams.select()).all() == []


def test_a_service_of_another_version_is_passed_over(
    store: ProcessStore, db: database.Database
) -> None:
    row: dict[str, Any] = {"process_id": PI.id, "name": "telegraph", "error": ""}
    with db.writing() as connection:
        connection.execute(upstreams.insert().values(row))
    assert store.upstreams() == []


def test_outcomes_keep_since_when_a_service_fails() -> None:
    outcomes = Outcomes()
    outcomes.failed(Upstream.WEBEX, "first")
    first = outcomes.all()[Upstream.WEBEX]
    outcomes.failed(Upstream.WEBEX, "x" * 10_000)
    second = outcomes.all()[Upstream.WEBEX]
    assert second.failing_since_s == first.failed_s
    assert len(second.error) == 300
    outcomes.worked(Upstream.WEBEX)
    third = outcomes.all()[Upstream.WEBEX]
    assert (third.error, third.failing_since_s) == ("", None)
    assert third.failed_s == second.failed_s
