"""The event store over HTTP, on SQLite and on PostgreSQL."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mvsnap.domain import (
    Event,
    EventId,
    EventKind,
    Job,
    Role,
    Serial,
    Trigger,
    TriggerKind,
)
from tests.core import build
from tests.core.build import NOON
from tests.web.build import BUTTON, DOOR, GATE, KEY, READER, Web

EVENTS = "/api/v1.0/events"
JPEG = bytes(range(256)) * 4


def at(seconds: float) -> str:
    return f"{NOON + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture(params=["sqlite", "postgresql"])
def web(request: pytest.FixtureRequest, tmp_path: Path) -> Web:
    given: dict[str, Any] = {}
    if request.param == "postgresql":
        given["database_url"] = request.getfixturevalue("migrated_postgres_url")
    return Web(tmp_path, **given)


def add(web: Web, seconds: float = 0, **given: Any) -> Event:
    event = build.event(occurred_at=NOON + timedelta(seconds=seconds), **given)
    web.store.add_event(event)
    return event


def with_picture(web: Web, **given: Any) -> Event:
    event_id = EventId("11111111-1111-4111-8111-111111111111")
    path = web.files.save_snapshot(event_id, NOON, JPEG)
    return add(web, id=event_id, snapshot_path=path, **given)


def picture(client: FlaskClient, event: Event, **headers: str) -> TestResponse:
    # Buffered: what is served from a file closes it.
    address = f"{EVENTS}/{event.id}/snapshot.jpg"
    return client.get(address, headers=headers, buffered=True)


def listed(client: FlaskClient, query: str = "") -> tuple[list[str], str | None]:
    answer = client.get(f"{EVENTS}?{query}")
    assert answer.status_code == 200, answer.text
    body: Any = answer.get_json()
    return [event["id"] for event in body["events"]], body["after"]


def test_an_event_is_complete(web: Web, client: FlaskClient) -> None:
    event = with_picture(web)
    answer: Any = client.get(f"{EVENTS}/{event.id}").get_json()
    assert answer == {
        "id": event.id,
        "kind": "snapshot",
        "occurred_at": "2026-03-04T12:00:00.000Z",
        "recorded_at": "2026-03-04T12:00:00.000Z",
        "serial": GATE,
        "camera_name": "",
        "title": "",
        "job_id": "job-1",
        "trigger": {"kind": "http", "by": "button"},
        "snapshot_url": f"http://localhost{EVENTS}/{event.id}/snapshot.jpg",
        "clip_url": None,
        "video_link": None,
        "error": None,
        "error_code": None,
        "error_values": {},
        "state": "unnotified",
        "zone": None,
        "details": {},
    }


def test_without_events_the_list_is_empty(client: FlaskClient) -> None:
    assert listed(client) == ([], None)


def test_the_list_goes_on_after_a_page_until_its_end(
    web: Web, client: FlaskClient
) -> None:
    expected = [add(web, seconds).id for seconds in (5, 4, 3, 2, 1)]
    visited: list[str] = []
    after: str | None = ""
    while after is not None:
        page, after = listed(client, f"limit=2&after={after}")
        visited += page
    assert visited == expected


def test_filters_of_the_list_are_those_of_the_store(
    web: Web, client: FlaskClient
) -> None:
    first, second = add(web, 10, serial=GATE), add(web, 20, serial=DOOR)
    assert listed(client, f"serial={DOOR.lower()}") == ([second.id], None)
    assert listed(client, f"serial={GATE},{DOOR}")[0] == [second.id, first.id]
    assert listed(client, f"since={at(20)}") == ([second.id], None)
    assert listed(client, f"until={at(20)}") == ([first.id], None)
    assert listed(client, "kind=snapshot")[0] == [second.id, first.id]
    assert listed(client, "kind=crowd,noise")[0] == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("kind=crowds", "expected one of: snapshot, clip"),
        ("kind=crowd,door", "'crowd,door'"),
        ("since=yesterday", "since: not a time"),
        ("until=tomorrow", "until: not a time"),
        ("serial=camera", "Not a Meraki serial"),
        ("limit=0", "expected 1 to 500"),
        ("limit=501", "expected 1 to 500"),
        ("after=nothing", "after: no event 'nothing'"),
        ("after=%00", "after"),
        ("page=2", "Unknown parameter 'page'"),
        ("mvSerial=Q2SM-0000-0001", "did you mean serial?"),
    ],
)
@pytest.mark.parametrize("address", [EVENTS, f"{EVENTS}.csv"], ids=["list", "csv"])
def test_a_bad_filter_is_refused_by_name(
    client: FlaskClient, address: str, query: str, words: str
) -> None:
    if address.endswith(".csv") and query.startswith("limit"):
        query, words = "limit=1000001", "expected 1 to 1000000"
    answer = client.get(f"{address}?{query}")
    assert answer.status_code == 400
    assert words in answer.text


@pytest.mark.parametrize("text", ["%00", "a%00b", "%ff", "..%2f..%2fetc", "'"])
def test_an_odd_id_is_only_unknown(client: FlaskClient, text: str) -> None:
    assert client.get(f"{EVENTS}/{text}").status_code == 404
    assert client.get(f"{EVENTS}/{text}/snapshot.jpg").status_code == 404


def test_the_table_holds_every_event(web: Web, client: FlaskClient) -> None:
    expected = [add(web, -n, title="=1+1").id for n in range(60)]
    answer = client.get(f"{EVENTS}.csv")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["id"] for row in rows] == expected
    assert {row["title"] for row in rows} == {"'=1+1"}


def test_the_table_takes_filters_and_a_limit(web: Web, client: FlaskClient) -> None:
    for seconds, serial in ((1, GATE), (2, GATE), (3, DOOR)):
        add(web, seconds, serial=serial)
    text = client.get(f"{EVENTS}.csv?serial={GATE}&limit=1").text
    assert len(text.splitlines()) == 2
    assert "2026-03-04T12:00:02.000Z" in text


def test_a_picture_is_served_and_may_be_kept_by_a_browser(
    web: Web, client: FlaskClient
) -> None:
    event = with_picture(web)
    answer = picture(client, event)
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert answer.data == JPEG
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = picture(client, event, **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_shared_cache_must_not_keep_a_picture(web: Web, client: FlaskClient) -> None:
    """It needs a key, and a proxy would serve it without one."""
    event = with_picture(web)
    answer = picture(client, event)
    assert "public" not in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("wanted", "status", "data"),
    [
        ("bytes=0-9", 206, JPEG[:10]),
        ("bytes=-4", 206, JPEG[-4:]),
        ("bytes=1020-", 206, JPEG[1020:]),
        ("bytes=5000-", 416, None),
        ("bytes=9-0", 416, None),
    ],
    ids=["first", "last", "rest", "beyond", "backwards"],
)
def test_a_part_of_a_picture_can_be_asked_for(
    web: Web, client: FlaskClient, wanted: str, status: int, data: bytes | None
) -> None:
    event = with_picture(web)
    answer = picture(client, event, Range=wanted)
    if data is None:
        body: Any = answer.get_json()
        assert set(body["error"]) == {"code", "message"}
    else:
        assert answer.data == data
    assert answer.status_code == status


def test_an_invalid_picture_has_a_reason(web: Web, client: FlaskClient) -> None:
    offline = add(web, error="The camera is offline")
    gone = add(web, snapshot_path="snapshots/gone.jpg")
    answer = client.get(f"{EVENTS}/{offline.id}/snapshot.jpg")
    assert (answer.status_code, "offline" in answer.text) == (404, True)
    assert client.get(f"{EVENTS}/{gone.id}/snapshot.jpg").status_code == 404


def test_what_cannot_be_made_small_has_no_thumbnail(
    web: Web, client: FlaskClient
) -> None:
    for event in (with_picture(web), add(web)):
        assert client.get(f"{EVENTS}/{event.id}/thumbnail.jpg").status_code == 404


def test_an_address_for_others_is_the_one_of_the_settings(tmp_path: Path) -> None:
    site = {"public_url": "https://gateway.example/mv/"}
    web = Web(tmp_path, site=site)
    event = with_picture(web)
    answer: Any = web.client().get(f"{EVENTS}/{event.id}").get_json()
    expected = f"https://gateway.example/mv{EVENTS}/{event.id}/snapshot.jpg"
    assert answer["snapshot_url"] == expected


@pytest.mark.parametrize(
    "kind", [EventKind.CROWD, EventKind.NOISE, EventKind.CROSSING, EventKind.ALARM]
)
def test_the_picture_of_a_crowd_is_that_of_its_job(
    web: Web, client: FlaskClient, kind: EventKind
) -> None:
    raised = add(web, kind=kind)
    assert picture(client, raised).status_code == 404
    address = f"{EVENTS}/{raised.id}"
    assert client.get(address).get_json()["snapshot_url"] is None
    shown = with_picture(web)
    assert picture(client, raised).data == JPEG
    url = f"http://localhost{address}/snapshot.jpg"
    assert client.get(address).get_json()["snapshot_url"] == url
    events: Any = client.get(EVENTS).get_json()["events"]
    assert {e["snapshot_url"] for e in events if e["id"] != shown.id} == {url}
    assert picture(client, raised).cache_control.no_cache


def test_every_list_has_the_link_that_comes_with_the_picture(
    web: Web, client: FlaskClient
) -> None:
    crowd = add(web, kind=EventKind.CROWD)
    link = "https://n1.meraki.com/video?timestamp=1"
    with_picture(web, video_link=link)
    one: Any = client.get(f"{EVENTS}/{crowd.id}").get_json()
    several: Any = client.get(EVENTS).get_json()["events"]
    table = list(csv.DictReader(io.StringIO(client.get(f"{EVENTS}.csv").text)))
    assert [one["video_link"], *(e["video_link"] for e in several)] == [link] * 3
    assert [row["video_link"] for row in table] == [link] * 2


def test_the_picture_of_an_alarm_may_be_of_other_cameras(
    web: Web, client: FlaskClient
) -> None:
    with_picture(web)
    alarm = add(web, kind=EventKind.ALARM, serial=Serial(""), camera_name="Robot 7")
    assert picture(client, alarm).data == JPEG
    other = add(web, kind=EventKind.ALARM, serial=Serial(DOOR))
    assert picture(client, other).data == JPEG
    crowd = add(web, kind=EventKind.CROWD, serial=Serial(DOOR))
    assert picture(client, crowd).status_code == 404


@pytest.fixture
def mismatch(web: Web) -> Event:
    """A mismatch with a picture, and a plain event before it."""
    add(web, id=EventId("11111111-1111-4111-8111-111111111110"))
    event_id = EventId("22222222-2222-4222-8222-222222222222")
    path = web.files.save_snapshot(event_id, NOON, JPEG)
    details: dict[str, Any] = {"person": "Ada Byron", "user_id": "B-77", "note": "?"}
    return add(
        web,
        5,
        id=event_id,
        kind=EventKind.MISMATCH,
        snapshot_path=path,
        details=details,
        trigger=Trigger(TriggerKind.BADGE, "rita"),
    )


def test_a_key_with_read_alone_sees_no_cardholder(web: Web, mismatch: Event) -> None:
    reader = web.client(READER)
    listed = reader.get(EVENTS)
    assert [event["kind"] for event in listed.get_json()["events"]] == ["snapshot"]
    assert reader.get(EVENTS, query_string={"kind": "snapshot"}).status_code == 200
    answers = [listed, reader.get(f"{EVENTS}.csv"), reader.get("/metrics")]
    asked = ["mismatch", "snapshot,mismatch"]
    answers += [reader.get(EVENTS, query_string={"kind": kind}) for kind in asked]
    answers += [
        reader.get(f"{EVENTS}.csv", query_string={"kind": "mismatch"}),
        *(
            reader.get(f"{EVENTS}/{mismatch.id}{file}")
            for file in ("", "/snapshot.jpg", "/thumbnail.jpg", "/clip.mp4")
        ),
    ]
    assert [answer.status_code for answer in answers] == [200] * 3 + [403] * 7
    assert "review" in answers[-1].get_json()["error"]["message"]
    for answer in answers:
        assert b"Ada" not in answer.data
        assert b"rita" not in answer.data
        assert answer.data != JPEG


def test_a_key_with_review_and_a_person_see_mismatches(
    web: Web, mismatch: Event
) -> None:
    for client in (web.client(), web.log_in(Role.VIEWER)):
        listed = client.get(EVENTS).get_json()["events"]
        assert listed[0]["details"]["person"] == "Ada Byron"
        assert b",mismatch," in client.get(f"{EVENTS}.csv").data
        assert picture(client, mismatch).data == JPEG


def test_the_job_of_a_mismatch_is_only_for_review(web: Web, mismatch: Event) -> None:
    job = Job(
        id=mismatch.job_id,
        trigger=mismatch.trigger,
        serials=(),
        accepted_at=NOON,
        rooms=(),
        prefix=mismatch.title,
        about=mismatch.id,
    )
    web.engine.submit(job)
    address = f"/api/v1.0/jobs/{job.id}"
    assert web.client(BUTTON).get(address).status_code == 404
    assert web.client().get(address).get_json()["trigger"]["by"] == "rita"


def test_the_picture_of_an_alarm_is_only_for_who_may_see_its_camera(
    tmp_path: Path,
) -> None:
    keys = [
        {"name": "all", "key": KEY, "scopes": ["read"]},
        {"name": "door", "key": READER, "scopes": ["read"], "cameras": [DOOR]},
    ]
    web = Web(tmp_path, api_keys=keys)
    with_picture(web)
    alarm = add(web, kind=EventKind.ALARM, serial=Serial(DOOR))
    assert picture(web.client(), alarm).data == JPEG
    assert picture(web.client(READER), alarm).status_code == 404
