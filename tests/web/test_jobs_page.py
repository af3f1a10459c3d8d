"""Jobs that wait or failed: the list, a page for each, and "Try again now"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mvsnap import texts
from mvsnap.domain import (
    DeliveryState,
    Job,
    JobId,
    Role,
    Serial,
    Trigger,
    TriggerKind,
)
from mvsnap.jobs.codec import encode
from mvsnap.simulator.server import serve
from mvsnap.store.audit import AuditFilter
from mvsnap.store.job_states import JobRow, JobStage
from mvsnap.texts.wording import Reason
from mvsnap.web.pages.clip_text import started_by, started_by_title
from tests.core import build
from tests.servers.visitor import PHONE, fits, log_in, visitor
from tests.web.build import GATE, PASSWORD, Web, send

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
REASON = "Webex could not be reached: no answer within 20 s"


def put(
    web: Web,
    stage: JobStage,
    minute: int = 0,
    reason: str = REASON,
    job: Job | None = None,
) -> Job:
    at = NOON + timedelta(minutes=minute)
    job = job or build.job(Serial(GATE), accepted_at=at, rooms=("Alarms",))
    web.engine.submit(job)
    web.job_states.put(
        JobRow(
            job.id,
            stage,
            at,
            encode(job),
            run_id=f"{job.id}#3",
            reason=Reason(reason),
            since=at + timedelta(seconds=20),
            waits_for="",
            next_at=at + timedelta(minutes=10),
        ),
        at,
    )
    return job


def test_what_waits_or_failed_is_listed_and_what_is_done_on_request(web: Web) -> None:
    waiting, failed = put(web, JobStage.WAITING), put(web, JobStage.FAILED, 1)
    done = put(web, JobStage.DONE, 2, "")
    client = web.log_in(Role.VIEWER)
    page = client.get("/status/jobs").text
    assert page.index(failed.id) < page.index(waiting.id)
    assert done.id not in page
    assert REASON in page
    assert "next try" in page
    page = client.get("/status/jobs?state=done").text
    assert done.id in page
    assert waiting.id not in page
    assert failed.id not in client.get("/status/jobs?day=2026-05-31").text


def test_a_list_that_is_empty_says_that_all_is_done(web: Web) -> None:
    client = web.log_in(Role.VIEWER)
    assert "No job waits" in client.get("/status/jobs").text
    assert "Nothing matches" in client.get("/status/jobs?state=failed").text


@pytest.mark.parametrize(
    "query", ["state=lost", "day=never", "after=nothing", "after=%00"]
)
def test_a_filter_that_cannot_be_is_a_mistake(web: Web, query: str) -> None:
    client = web.log_in(Role.VIEWER)
    answer = client.get(f"/status/jobs?{query}")
    assert answer.status_code == 400
    assert "(expected" in answer.text
    assert client.get(f"/status/jobs/rows?{query}").status_code == 400


def test_older_jobs_are_on_the_next_page(web: Web) -> None:
    jobs = [put(web, JobStage.FAILED, minute) for minute in range(52)]
    client = web.log_in(Role.VIEWER)
    first = client.get("/status/jobs").text
    assert jobs[2].id in first
    assert jobs[1].id not in first
    older = client.get(f"/status/jobs?after={jobs[2].id}").text
    assert all(job.id in older for job in jobs[:2])
    assert f"job-{jobs[2].id}" not in older


def test_a_list_that_has_not_changed_is_not_sent_again(web: Web) -> None:
    put(web, JobStage.WAITING)
    client = web.log_in(Role.VIEWER)
    etag = {"If-None-Match": client.get("/status/jobs/rows").headers["ETag"]}
    assert client.get("/status/jobs/rows", headers=etag).status_code == 304
    put(web, JobStage.FAILED, 1)
    assert client.get("/status/jobs/rows", headers=etag).status_code == 200


def test_the_page_of_a_job_has_its_pictures_and_messages(web: Web) -> None:
    job = put(web, JobStage.FAILED)
    web.store.begin_delivery(job.id, "", "Alarms", NOON)
    failed = DeliveryState.FAILED
    web.store.set_delivery(
        job.id, "", "Alarms", failed, NOON, error=Reason("room is full")
    )
    sent = (f"buttons {GATE}", "clip Robot 3", "answer", f"{GATE} link")
    for part in sent:
        web.store.begin_delivery(job.id, part, "Alarms", NOON)
    page = web.log_in(Role.VIEWER).get(f"/status/jobs/{job.id}").text
    assert f"Picture of {GATE}" in page
    assert "Alarms: first message" in page
    said = (f"{GATE}, buttons", "Robot 3, clip", "answer", f"{GATE}, video link")
    assert all(f"Alarms: {words}<" in page for words in said)
    assert "room is full" in page
    assert "Try again now" not in page


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"snapshot_path": "a.jpg"}, ("taken", "delivery pending")),
        ({"error": Reason("offline")}, ("none", "delivery pending, offline")),
    ],
)
def test_a_picture_that_is_taken_is_not_pending_but_its_delivery_is(
    web: Web, given: dict[str, Any], said: tuple[str, str]
) -> None:
    job = put(web, JobStage.WAITING)
    client = web.log_in(Role.VIEWER)
    page = f"/status/jobs/{job.id}"
    assert ">pending<" in client.get(page).text
    taken = build.event(trigger=job.trigger, job_id=job.id, serial=GATE, **given)
    web.store.add_event(taken)
    after = client.get(page).text
    assert ">pending<" not in after
    assert f">{said[0]}</span>" in after
    assert f'"status-text">{said[1]}</div>' in after


@pytest.mark.parametrize("job_id", ["nothing", "%00", "a" * 300])
def test_a_job_that_is_not_known_is_not_found(web: Web, job_id: str) -> None:
    client = web.log_in(Role.VIEWER)
    assert client.get(f"/status/jobs/{job_id}").status_code == 404


def test_a_reviewer_has_a_job_tried_again_and_that_is_noted(web: Web) -> None:
    job = put(web, JobStage.FAILED)
    client = web.log_in(Role.REVIEWER)
    answer = send(client, f"/status/jobs/{job.id}/retry")
    assert answer.location == f"/status/jobs/{job.id}"
    assert list(web.engine.again) == [f"{job.id}#4"]
    assert "It is tried again now." in client.get(answer.location).text
    line = web.audit.lines(AuditFilter(), 1)[0].change
    assert (line.who, line.before, line.after) == (
        "reviewer",
        "failed",
        "tried again",
    )


def test_what_is_done_is_not_tried_again(web: Web) -> None:
    job = put(web, JobStage.DONE, reason="")
    client = web.log_in(Role.REVIEWER)
    assert "Try again now" not in client.get(f"/status/jobs/{job.id}").text
    answer = send(client, f"/status/jobs/{job.id}/retry")
    assert "everything is done" in client.get(answer.location).text
    assert web.engine.again == {}


def test_a_viewer_has_nothing_tried_again(web: Web) -> None:
    job = put(web, JobStage.FAILED)
    client = web.log_in(Role.VIEWER)
    assert send(client, f"/status/jobs/{job.id}/retry").status_code == 403
    assert web.engine.again == {}


def test_the_way_from_the_status_to_the_button_in_a_browser(web: Web) -> None:
    job: JobId = put(web, JobStage.FAILED).id
    web.add_user("anna", Role.REVIEWER)
    with serve(web.app) as url, visitor(PHONE) as page:
        log_in(page, f"{url}/status", "anna", PASSWORD)
        page.get_by_role("link", name="See jobs").first.click()
        page.wait_for_url(f"{url}/status/jobs")
        assert fits(page)
        page.locator(f"#job-{job} a").click()
        page.get_by_role("button", name="Try again now").click()
        page.get_by_text("It is tried again now.").wait_for()
        assert list(web.engine.again) == [f"{job}#4"]
        page.goto(f"{url}/status")
        page.get_by_text("Live").wait_for()
        first = page.locator("[data-age]").count()
        assert fits(page)
        assert first == 0


def test_a_long_word_for_a_state_stays_in_its_column(web: Web) -> None:
    put(web, JobStage.FAILED)
    web.add_user("anna", Role.REVIEWER)
    with serve(web.app) as url, visitor(PHONE) as page:
        log_in(page, f"{url}/status/jobs", "anna", PASSWORD)
        texts.use("de")
        page.reload()
        badge = page.locator(".status-health").first
        assert badge.text_content() == "fehlgeschlagen"
        assert badge.evaluate("it => it.scrollWidth <= it.clientWidth")


def test_on_a_phone_the_reason_has_the_whole_width(web: Web) -> None:
    put(web, JobStage.FAILED)
    web.add_user("anna", Role.REVIEWER)
    with serve(web.app) as url, visitor(PHONE) as page:
        log_in(page, f"{url}/status/jobs", "anna", PASSWORD)
        row = page.locator(".status-row").first.bounding_box()
        reason = page.locator(".status-row .status-text").first.bounding_box()
        assert row is not None
        assert reason is not None
        assert (reason["x"], reason["width"]) == (row["x"], row["width"])


def test_the_page_of_a_job_shows_by_itself_that_it_is_done(web: Web) -> None:
    job = put(web, JobStage.FAILED)
    web.add_user("anna", Role.REVIEWER)
    with serve(web.app) as url, visitor() as page:
        page.clock.install()
        log_in(page, f"{url}/status/jobs/{job.id}", "anna", PASSWORD)
        again = page.get_by_role("button", name="Try again now")
        again.wait_for()
        page.clock.fast_forward(3000)
        page.get_by_text("Live").wait_for()
        put(web, JobStage.DONE, reason="", job=job)
        page.clock.fast_forward(3000)
        page.get_by_text("done", exact=True).wait_for()
        assert page.get_by_text(REASON).count() == 0
        assert again.is_hidden()


def test_a_job_that_goes_on_is_not_sent_again_without_news(web: Web) -> None:
    job = put(web, JobStage.WAITING)
    client = web.log_in(Role.VIEWER)
    live = f"/status/jobs/{job.id}/live"
    etag = {"If-None-Match": client.get(live).headers["ETag"]}
    assert client.get(live, headers=etag).status_code == 304
    assert "data-live-done" not in client.get(live).text
    put(web, JobStage.DONE, reason="", job=job)
    assert "data-live-done" in client.get(live, headers=etag).text


def test_whatever_started_a_job_has_words() -> None:
    for kind in TriggerKind:
        assert "anna" in started_by(Trigger(kind, "anna"))


def test_a_title_leaves_a_name_as_it_is() -> None:
    by_page = Trigger(TriggerKind.PAGE, "nora")
    assert started_by_title(by_page) == "nora on the camera's page"
    assert started_by_title(Trigger(TriggerKind.SCHEDULE, "x")) == "Schedule x"
    unnamed = Trigger(TriggerKind.SCHEDULE, "schedule 0 8 * * *")
    assert started_by_title(unnamed) == "Schedule 0 8 * * *"
