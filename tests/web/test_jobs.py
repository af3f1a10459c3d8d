"""The list of jobs over HTTP, and "try again now"."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.domain import EventId, Job, Serial, Trigger, TriggerKind
from mvsnap.jobs.codec import encode
from mvsnap.logs.job import current, of_request
from mvsnap.store.audit import AuditFilter
from mvsnap.store.job_states import JobRow, JobStage
from mvsnap.texts.wording import Reason
from tests.core import build
from tests.web.build import BUTTON, DOOR, GATE, READER, Web

LIMITED = "a-key-that-may-only-use-the-door"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def web(tmp_path: Path) -> Web:
    keys = [
        {"name": "reader", "key": READER, "scopes": ["read"]},
        {"name": "button", "key": BUTTON, "scopes": ["snapshot"]},
        {
            "name": "door",
            "key": LIMITED,
            "scopes": ["read", "snapshot"],
            "cameras": [DOOR],
            "rooms": ["Doors"],
        },
    ]
    return Web(tmp_path, api_keys=keys)


def put(web: Web, job: Job, stage: JobStage, waits_for: str | None = None) -> Job:
    row = JobRow(
        job.id,
        stage,
        job.accepted_at,
        encode(job),
        run_id=f"{job.id}#1",
        reason=Reason("Webex reports an error (503)"),
        since=job.accepted_at,
        waits_for=waits_for,
        next_at=job.accepted_at + timedelta(minutes=30),
    )
    web.job_states.put(row, NOON)
    return job


def a_job(minute: int = 0, camera: str = GATE, **given: Any) -> Job:
    at = NOON + timedelta(minutes=minute)
    return build.job(Serial(camera), accepted_at=at, rooms=("Doors",), **given)


def test_each_job_says_what_it_waits_for_or_why_it_failed(web: Web) -> None:
    waits = put(web, a_job(1), JobStage.WAITING, "room Doors")
    failed = put(web, a_job(2), JobStage.FAILED)
    new = a_job(3)
    web.engine.submit(new)
    listed = web.client(READER).get("/api/v1.0/jobs").get_json()["jobs"]
    assert [job["id"] for job in listed] == [new.id, failed.id, waits.id]
    assert listed[0]["reason"] == "it has not begun yet"
    assert listed[0]["reason_code"] == "not_begun"
    assert listed[1]["state"] == "failed"
    assert listed[1]["reason"] == "Webex reports an error (503)"
    assert listed[1]["next_try_at"] is None
    assert listed[2]["waits_for"] == "room Doors"
    assert listed[2]["since"] == "2026-06-01T12:01:00.000Z"
    assert listed[2]["next_try_at"] == "2026-06-01T12:31:00.000Z"


def test_the_list_is_filtered_and_paged(web: Web) -> None:
    jobs = [put(web, a_job(minute), JobStage.FAILED) for minute in range(5)]
    put(web, a_job(9), JobStage.DONE)
    client = web.client(READER)
    first = client.get("/api/v1.0/jobs?state=failed,partial&limit=3").get_json()
    assert [job["id"] for job in first["jobs"]] == [j.id for j in jobs[:1:-1]]
    rest = client.get(f"/api/v1.0/jobs?state=failed&after={first['after']}").get_json()
    assert [job["id"] for job in rest["jobs"]] == [jobs[1].id, jobs[0].id]
    assert rest["after"] is None
    since = "/api/v1.0/jobs?since=2026-06-01T12:04:00Z&until=2026-06-01T12:09:00Z"
    assert [job["id"] for job in client.get(since).get_json()["jobs"]] == [jobs[4].id]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("state=lost", "state"),
        ("after=nobody", "after"),
        ("after=%00", "after"),
        ("limit=0", "limit"),
        ("since=yesterday", "since"),
        ("room=Doors", "room"),
    ],
)
def test_a_wrong_filter_is_named(web: Web, query: str, named: str) -> None:
    answer = web.client(READER).get(f"/api/v1.0/jobs?{query}")
    assert answer.status_code == 400
    assert named in answer.get_json()["error"]["message"]


def test_a_limited_key_sees_and_retries_its_own_alone(web: Web) -> None:
    own = put(web, a_job(1, DOOR), JobStage.FAILED)
    other = put(web, a_job(2, GATE), JobStage.FAILED)
    elsewhere = put(
        web,
        build.job(Serial(DOOR), accepted_at=NOON, rooms=("Alarms",)),
        JobStage.FAILED,
    )
    about_other = a_job(4)
    message = build.job(
        accepted_at=NOON, rooms=("Doors",), about=EventId(about_other.id)
    )
    put(web, message, JobStage.FAILED)
    client = web.client(LIMITED)
    listed = client.get("/api/v1.0/jobs").get_json()["jobs"]
    assert [job["id"] for job in listed] == [own.id]
    for job in (other, elsewhere, message):
        assert client.post(f"/api/v1.0/jobs/{job.id}/retry").status_code == 404
    assert client.post(f"/api/v1.0/jobs/{own.id}/retry").status_code == 202


def test_a_retry_needs_its_scope_and_is_in_the_audit_log(web: Web) -> None:
    waits = put(web, a_job(1), JobStage.WAITING, "room Doors")
    address = f"/api/v1.0/jobs/{waits.id}/retry"
    assert web.client(READER).post(address).status_code == 403
    answer = web.client(BUTTON).post(address)
    assert (answer.status_code, answer.get_json()["waits_for"]) == (202, "its turn")
    assert web.engine.went_on == [f"{waits.id}#1"]
    line = web.audit.lines(AuditFilter(), 1)[0].change
    assert (line.who, line.what) == ("button", f"job {waits.id}")
    assert (line.before, line.after) == ("waiting", "tried again")


def test_what_is_done_or_unknown_is_not_retried(web: Web) -> None:
    done = put(web, a_job(1), JobStage.DONE)
    client = web.client(BUTTON)
    assert client.post(f"/api/v1.0/jobs/{done.id}/retry").status_code == 400
    assert client.post("/api/v1.0/jobs/nobody/retry").status_code == 404


def test_a_list_among_a_hundred_thousand_jobs_is_quick(web: Web) -> None:
    trigger = Trigger(TriggerKind.HTTP, "load")
    text = encode(build.job(Serial(GATE), trigger=trigger))
    from mvsnap.store.sharing.tables import job_states

    rows = [
        {
            "job_id": f"{n:08d}",
            "state": "failed" if n % 10_000 == 0 else "done",
            "accepted_at": NOON + timedelta(seconds=n),
            "job": text,
            "run_id": str(n),
            "thread": "",
            "reason": "",
            "since": NOON,
            "changed_at": NOON,
        }
        for n in range(100_000)
    ]
    with web.job_states._db.writing() as connection:
        connection.execute(job_states.insert(), rows)
    client = web.client(READER)
    for query in ("", "?state=failed", "?state=waiting", "?state=done,failed"):
        began = time.process_time()
        found = client.get(f"/api/v1.0/jobs{query}").get_json()["jobs"]
        assert time.process_time() - began < 2
        assert bool(found) == ("waiting" not in query)


def test_a_request_that_is_refused_is_not_logged_as_the_one_before(
    web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mvsnap.web.request_log")
    assert web.client(BUTTON).get("/api/v1.0/getSnapshot?wait_s=0").status_code == 202
    assert web.browser().get("/status").status_code == 303
    (line,) = caplog.messages
    assert line == "GET /api/v1.0/getSnapshot from 127.0.0.1: 202"


def test_what_a_thread_does_after_a_request_is_of_no_job(web: Web) -> None:
    assert web.client(BUTTON).get("/api/v1.0/getSnapshot?wait_s=0").status_code == 202
    assert (current(), of_request()) == ("", ())
