"""Events: the time line with its filters, and a page for each event with its job."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap.domain import EventId, EventKind, JobId, Role, Serial, Trigger, TriggerKind
from mvsnap.jobs.clip_results import notification_id
from mvsnap.jobs.codec import encode
from mvsnap.store.audit import AuditFilter
from mvsnap.store.events import search as event_search
from mvsnap.store.job_states import JobRow, JobStage
from mvsnap.texts.wording import Reason
from tests.core import build
from tests.web.build import DOOR, GATE, Web, below_field, send, words
from tests.web.clip_build import ROBOT, SETTINGS
from tests.web.event_build import EVENING, REASON, Later, Story, add, tell

PAGE, ROWS = "/events", "/events/rows"


@dataclass(frozen=True)
class Shop:
    web: Web
    story: Story
    viewer: FlaskClient


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A gateway that no test changes."""
    web = Web(tmp_path_factory.mktemp("shop"), clock=Later(), **SETTINGS)
    story = tell(web, EVENING)
    yield Shop(web, story, web.log_in(Role.VIEWER))
    web.close()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    made = Web(tmp_path, clock=Later(), **SETTINGS)
    yield made
    made.close()


def listed(client: FlaskClient, query: str = "") -> list[str]:
    """Return the ids of the events that are shown."""
    answer = client.get(f"{ROWS}?{query}")
    assert answer.status_code == 200, answer.text
    return re.findall(r'<li class="event-row" id="event-([^"]+)"', answer.text)


def words_of(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    main = answer.text.partition("<main")[2]
    return unescape(words(main))


def test_an_event_whose_time_is_still_to_come_says_that_a_clock_was_wrong(
    web: Web,
) -> None:
    """It was stored while the clock was ahead, and is the newest until then."""
    viewer, at = web.log_in(Role.VIEWER), Later().now()
    marks = "in the future: a clock was wrong"
    web.store.add_event(build.event(occurred_at=at, recorded_at=at))
    assert marks not in words_of(viewer, PAGE)
    ahead = at + timedelta(days=365)
    wrong = build.event(occurred_at=ahead, recorded_at=ahead, job_id=JobId("job-2"))
    web.store.add_event(wrong)
    assert words_of(viewer, PAGE).count(marks) == 1
    assert marks in words_of(viewer, f"{PAGE}/{wrong.id}")


def test_what_a_clock_that_was_ahead_left_first_has_a_way_past_it(web: Web) -> None:
    viewer, at = web.log_in(Role.VIEWER), Later().now()
    right = build.event(occurred_at=at, recorded_at=at)
    web.store.add_event(right)
    assert "Show today" not in words_of(viewer, PAGE)
    for number in range(60):
        ahead = at + timedelta(days=365, minutes=number)
        job = JobId(f"ahead {number}")
        web.store.add_event(
            build.event(occurred_at=ahead, recorded_at=ahead, job_id=job)
        )
    assert right.id not in listed(viewer, "kind=snapshot")
    html = viewer.get(f"{PAGE}?kind=snapshot").text
    (address,) = re.findall(r'href="([^"]+)"[^>]*>Show today<', html)
    query = unescape(address).partition("?")[2]
    assert listed(viewer, query) == [right.id]
    assert "kind=snapshot" in query
    assert "Show today" not in viewer.get(f"{PAGE}?{query}").text


def test_everything_that_happened_is_there_newest_first(shop: Shop) -> None:
    story, found = shop.story, listed(shop.viewer)
    assert found[0] == story.offline.id
    assert len(found) == 8
    by_time = [story.offline, story.button, story.alarm, story.end, story.crowd]
    places = [found.index(event.id) for event in by_time]
    assert places == sorted(places)
    text = words_of(shop.viewer, PAGE)
    assert "Door 3 forced Gate north request with key button notified" in text
    assert "Staff entrance failed The camera is offline" in text
    assert (
        f"Robot stopped Robot 7 webhook line 3 failed Not delivered: {REASON}" in text
    )
    assert "peak: 7 people, lasted 3 min 4 s" in text
    assert "nobody notified Muted by anna" in text


# The night shift of 1 June holds the alarm, its clip, two pictures and a failure.
FILTERS = {
    "": 8,
    "kind=snapshot": 4,
    "kind=end": 1,
    f"camera={GATE}": 4,
    f"camera={DOOR.lower()}": 2,
    f"camera={ROBOT}": 1,
    f"camera={GATE}&kind=snapshot": 2,
    "day=2026-06-01": 5,
    "day=2026-06-02": 3,
    "day=2026-06-01&hour_from=22&hour_to=6": 5,
    "day=2026-06-02&hour_from=22&hour_to=6": 0,
    "hour_from=22&hour_to=6": 5,
    "hour_from=18&hour_to=20": 3,
    "day=2026-06-01&hour_from=22": 2,
    "text=ROBOT": 2,
    "text=gripper+pressure": 1,
    "text=door+forced+staff": 1,
    "text=offline": 1,
    "text=%25": 0,
    "severity=critical": 1,
    "severity=warning": 0,
    "state=failed": 2,
    "state=notified": 3,
    "state=waiting": 0,
    "state=unnotified": 3,
    "state=stored": 7,
    "state=stored&kind=snapshot&day=2026-06-02": 2,
}


@pytest.mark.parametrize(("query", "number"), FILTERS.items(), ids=FILTERS)
def test_a_filter_finds_what_it_says(shop: Shop, query: str, number: int) -> None:
    assert len(listed(shop.viewer, query)) == number


@pytest.mark.parametrize("query", FILTERS)
def test_the_downloads_have_the_events_of_the_list(shop: Shop, query: str) -> None:
    shown = listed(shop.viewer, query)
    page = shop.viewer.get(f"{PAGE}?{query}").text
    links = re.findall(r'href="(/api/v1.0/events[^"/]*)"', page)
    table, answer = (unescape(link) for link in links[:2])
    rows = list(csv.DictReader(io.StringIO(shop.viewer.get(table).text)))
    assert [row["id"] for row in rows] == shown
    body: Any = shop.viewer.get(answer).get_json()
    assert [event["id"] for event in body["events"]] == shown


MISTAKES = {
    "kind=crowds": "kind: 'crowds' (expected one of: snapshot, clip",
    "camera=%00": "camera: '\\x00' (expected a serial",
    "day=never": "day: not a date: 'never'",
    "day=0001-01-01": "day: not a date",
    "day=9999-12-31&hour_from=22": "day: not a date",
    "day=0001-01-01&hour_from=0&hour_to=1": "day: 0001-01-01 (expected a later",
    "hour_from=24": "hour_from: '24' (expected 0 to 23)",
    "hour_to=-1": "hour_to: '-1' (expected 1 to 24)",
    "hour_from=6&hour_to=6": "hour_to: must differ",
    "severity=bad": "severity: 'bad' (expected one of: critical",
    "state=lost": "state: 'lost' (expected one of: failed",
    "text=%00": "text: '\\x00' (expected up to 200",
    "text=" + "a" * 201: "(expected up to 200",
    "text=a+b+c+d+e+f+g+h+i": "text: 9 words (expected up to 8)",
    "after=nothing": "after: 'nothing' (expected the id of an event)",
    "after=%00": "after: '\\x00' (expected an event id)",
}


@pytest.mark.parametrize(("query", "said"), MISTAKES.items(), ids=range(len(MISTAKES)))
def test_a_bad_filter_is_refused_by_name(shop: Shop, query: str, said: str) -> None:
    answer = shop.viewer.get(f"{PAGE}?{query}")
    assert answer.status_code == 400
    assert below_field(said) in unescape(answer.text)
    refused = shop.viewer.get(f"{ROWS}?{query}")
    assert refused.status_code == 400
    assert said in unescape(refused.text)


def test_older_events_are_on_the_next_pages(web: Web) -> None:
    expected = [add(web, EVENING - timedelta(minutes=n)).id for n in range(120)]
    client = web.log_in(Role.VIEWER)
    seen, address = listed(client), PAGE
    while older := re.search(r'href="([^"]+)" rel="next"', client.get(address).text):
        address = unescape(older[1])
        seen += listed(client, address.partition("?")[2])
    assert seen == expected


def test_a_search_that_finds_little_says_how_far_it_looked(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_search, "LOOKS_AT", 10)
    made = [add(web, EVENING - timedelta(minutes=n)) for n in range(25)]
    last = add(web, EVENING - timedelta(minutes=25), title="Needle")
    client = web.log_in(Role.VIEWER)
    assert listed(client, "text=needle") == []
    text = words_of(client, f"{PAGE}?text=needle")
    assert "Nothing found; searched back to Mon 01 Jun 18:51:00 ." in text
    assert "Search further back" in text
    older = f"text=needle&after={made[19].id}"
    assert listed(client, older) == [last.id]
    body: Any = client.get("/api/v1.0/events?text=needle").get_json()
    assert (body["events"], body["after"]) == ([], made[9].id)
    table = client.get("/api/v1.0/events.csv?text=needle").text
    assert [row["id"] for row in csv.DictReader(io.StringIO(table))] == [last.id]


def test_the_rows_are_sent_again_only_when_they_changed(web: Web) -> None:
    story = tell(web, EVENING)
    client = web.log_in(Role.VIEWER)
    etag = {"If-None-Match": client.get(ROWS).headers["ETag"]}
    assert client.get(ROWS, headers=etag).status_code == 304
    job_id, room = story.alarm.job_id, "Packaging line"
    assert web.store.begin_delivery(job_id, "", room, EVENING) is not None
    answer = client.get(ROWS, headers=etag)
    assert answer.status_code == 200
    assert "waiting" in answer.text


def test_nothing_yet_and_no_matches_are_said(web: Web) -> None:
    client = web.log_in(Role.VIEWER)
    assert "Nothing has happened yet." in words_of(client, PAGE)
    assert "No matches. Show all events" in words_of(client, f"{PAGE}?text=x")


# --- one event


def test_the_page_of_a_buttons_picture_says_who_asked_for_what(shop: Shop) -> None:
    text = words_of(shop.viewer, f"{PAGE}/{shop.story.button.id}")
    assert "Started by Request with key button" in text
    assert "Asked for Picture of Gate north, picture of Staff entrance" in text
    assert "Recipients Alarms" in text
    assert "sent Alarms: first message" in text
    assert "sent Alarms: Staff entrance" in text
    assert "Dashboard video" in text
    assert "Job done" in text


def test_the_page_of_an_alarm_has_its_clip_and_failed_message(shop: Shop) -> None:
    text = words_of(shop.viewer, f"{PAGE}/{shop.story.alarm.id}")
    assert "Alarm critical Robot 7" in text
    assert "Message Gripper pressure below 4 bar Instructions: open valve D5." in text
    assert f"failed Packaging line: first message {REASON}, 3 attempts" in text
    assert "0:10 Packaging robot ready Clip" in text
    assert "Send again" not in text  # a viewer


@pytest.mark.parametrize("name", ["crowd", "end", "clip", "offline"])
def test_every_kind_of_event_has_a_page(shop: Shop, name: str) -> None:
    event = getattr(shop.story, name)
    text = words_of(shop.viewer, f"{PAGE}/{event.id}")
    assert event.camera_name in text
    assert shop.viewer.get(f"{PAGE}/{event.id}/live").status_code == 200


def test_a_mismatch_names_the_cardholder_and_the_audit_log_says_who_saw_it(
    web: Web,
) -> None:
    event = add(
        web,
        EVENING,
        kind=EventKind.MISMATCH,
        trigger=Trigger(TriggerKind.BADGE, "rita"),
        title="Badge mismatch",
        details={"badge_id": "b-1", "person": "Ada Example", "reader": "Door 7"},
    )
    client = web.log_in(Role.VIEWER)
    text = words_of(client, f"{PAGE}/{event.id}")
    assert "Started by Badge review, rita" in text
    assert "Person Ada Example" in text
    lines = [line.change.after for line in web.audit.lines(AuditFilter(), 5)]
    assert any(event.id in line and "cardholder" in line for line in lines)


@pytest.mark.parametrize("event_id", ["nothing", "%00", "a" * 300])
def test_an_event_that_is_not_known_is_not_found(shop: Shop, event_id: str) -> None:
    assert shop.viewer.get(f"{PAGE}/{event_id}").status_code == 404
    assert shop.viewer.get(f"{PAGE}/{event_id}/live").status_code == 404


def test_a_reviewer_sends_again_what_failed_and_that_is_noted(web: Web) -> None:
    story = tell(web, EVENING)
    job_id = story.alarm.job_id
    # The clip has a job of its own that posts it: it failed, too.
    post = build.job(id=notification_id(EventId(story.clip.id)), about=story.clip.id)
    row = JobRow(
        post.id, JobStage.FAILED, EVENING, encode(post), "run", Reason("x"), EVENING
    )
    web.job_states.put(row, EVENING)
    client = web.log_in(Role.REVIEWER)
    address = f"{PAGE}/{story.alarm.id}"
    assert "Send again" in words_of(client, address)
    answer = send(client, f"{address}/send")
    assert answer.location == address
    assert "sent again now" in client.get(address).text
    assert {job.id for job in web.engine.again.values()} == {job_id, post.id}
    changes = [line.change for line in web.audit.lines(AuditFilter(), 2)]
    assert {(c.who, c.what, c.after) for c in changes} == {
        ("reviewer", f"job {job_id}", "tried again"),
        ("reviewer", f"job {post.id}", "tried again"),
    }


def test_what_was_sent_is_not_sent_twice(web: Web) -> None:
    story = tell(web, EVENING)
    client = web.log_in(Role.REVIEWER)
    address = f"{PAGE}/{story.button.id}"
    assert "Send again" not in words_of(client, address)
    answer = send(client, f"{address}/send")
    assert "everything was sent" in client.get(answer.location).text
    assert web.engine.again == {}


def test_a_viewer_sends_nothing_again(shop: Shop) -> None:
    answer = send(shop.viewer, f"{PAGE}/{shop.story.alarm.id}/send")
    assert answer.status_code == 403


# --- the ways to it


def test_every_number_of_the_overview_leads_to_its_list(shop: Shop) -> None:
    page = shop.viewer.get("/").text
    found = re.findall(r'href="([^"]+)"[^>]* aria-label="(\d+) (\w+)[^"]* today"', page)
    numbers = {what: int(number) for _, number, what in found}
    assert numbers == {"snapshots": 2, "clips": 0, "failure": 1}
    for address, number, what in found:
        query = unescape(address).partition("?")[2]
        assert len(listed(shop.viewer, query)) == int(number), what


def test_lists_and_jobs_lead_to_the_page_of_an_event(shop: Shop) -> None:
    story, client = shop.story, shop.viewer
    to_crowd = f'href="{PAGE}/{story.crowd.id}"'
    assert to_crowd in client.get("/crowd-events").text
    to_button = f'href="{PAGE}/{story.button.id}"'
    assert to_button in client.get("/").text
    assert to_button in client.get(f"/status/jobs/{story.button.job_id}").text


def test_a_job_of_a_badge_review_is_listed(web: Web) -> None:
    rita = Trigger(TriggerKind.BADGE, "rita")
    job = build.job(Serial(GATE), id=JobId("a-mismatch"), trigger=rita)
    row = JobRow(
        job.id, JobStage.FAILED, EVENING, encode(job), "run", Reason("x"), EVENING
    )
    web.job_states.put(row, EVENING)
    client = web.log_in(Role.VIEWER)
    assert "Badge review, rita" in client.get("/status/jobs").text
