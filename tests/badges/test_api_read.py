"""GET /api/v1.0/badges: events and verdicts, for keys with the scope review."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap.badges.directory import Cardholder
from mvsnap.badges.model import BadgeEvent, BadgePictureState, Judgement, Verdict
from mvsnap.clock import iso
from mvsnap.domain import Role
from mvsnap.simulator.directory import portrait_of
from mvsnap.values import replace
from tests.badges.build import NOON, badge
from tests.badges.page_build import add_people
from tests.web.build import DOOR, GATE, KEYS, READER, Web

ADDRESS = "/api/v1.0/badges"
GUARD = "a-key-that-may-read-badge-events"
OF_A_DOOR = "a-key-for-the-camera-of-a-door"


@pytest.fixture
def web(tmp_path: Path) -> Web:
    keys = (
        *KEYS,
        {"name": "guard", "key": GUARD, "scopes": ["review"]},
        {"name": "door", "key": OF_A_DOOR, "scopes": ["review"], "cameras": [DOOR]},
    )
    return Web(
        tmp_path,
        api_keys=keys,
        site={"public_url": "https://mvsnap.example"},
        badges={"camera_of_reader": {"Gate": GATE}},
    )


@pytest.fixture
def guard(web: Web) -> FlaskClient:
    return web.client(GUARD)


def add(web: Web, seconds: float = 0, **given: Any) -> BadgeEvent:
    made = badge(seconds, **given)
    web.badges.add([made])
    return made


def ids(client: FlaskClient, query: str = "") -> list[str]:
    answer = client.get(f"{ADDRESS}?{query}")
    assert answer.status_code == 200, answer.text
    body: Any = answer.json
    return [one["id"] for one in body["badges"]]


def judge(
    web: Web, made: BadgeEvent, verdict: Verdict, note: str = "", after_s: int = 0
) -> None:
    at = NOON + timedelta(seconds=after_s)
    web.badges.judge(Judgement(made.id, verdict, note, at, "anna"))


def test_an_event_has_its_person_picture_and_verdicts(
    web: Web, guard: FlaskClient
) -> None:
    made = add(web)
    add_people(web, Cardholder("4711", "Anna Berg", "Sales"))
    jpeg = portrait_of("camera")
    path = web.files.save_picture("badges", made.id, made.swiped_at, jpeg)
    web.badge_pictures.fetched(made.id, path, "https://n1.meraki.com/video?ts=1")
    judge(web, made, Verdict.MISMATCH, "a tall man")
    judge(web, made, Verdict.OPEN)
    body: Any = guard.get(f"{ADDRESS}/{made.id}").json
    assert body["swiped_at"] == iso(NOON)
    assert (body["person"], body["department"]) == ("Anna Berg", "Sales")
    assert (body["picture"], body["verdict"]) == ("fetched", "open")
    assert body["details"] == {"result": "granted"}
    assert [(v["verdict"], v["note"]) for v in body["verdicts"]] == [
        ("open", ""),
        ("mismatch", "a tall man"),
    ]
    url = f"https://mvsnap.example{ADDRESS}/{made.id}/picture.jpg"
    assert body["picture_url"] == url
    with guard.get(f"{ADDRESS}/{made.id}/picture.jpg") as picture:
        assert (picture.status_code, picture.data) == (200, jpeg)


def test_the_list_is_filtered_and_goes_on(web: Web, guard: FlaskClient) -> None:
    first, second, third = (add(web, n, user_id=str(n)) for n in range(3))
    add_people(web, Cardholder("0", "Anna Berg", "Sales"))
    judge(web, first, Verdict.MATCH)
    assert ids(guard) == [third.id, second.id, first.id]
    assert ids(guard, "verdict=match") == [first.id]
    assert ids(guard, "department=Sales&person=anna") == [first.id]
    assert ids(guard, "only=unknown") == [third.id, second.id]
    assert ids(guard, "only=no_picture&reader=Gate&limit=1") == [third.id]
    since = iso(NOON + timedelta(seconds=1))
    assert ids(guard, f"since={since}&until={iso(third.swiped_at)}") == [second.id]
    page: Any = guard.get(f"{ADDRESS}?limit=2").json
    assert page["after"] == second.id
    last: Any = guard.get(f"{ADDRESS}?limit=2&after={page['after']}").json
    assert ([one["id"] for one in last["badges"]], last["after"]) == ([first.id], None)


def test_verdicts_since_a_time_have_those_that_were_undone_too(
    web: Web, guard: FlaskClient
) -> None:
    first, second, third = (add(web, n, user_id=str(n)) for n in range(3))
    add(web, 3)  # never judged
    judge(web, first, Verdict.MATCH, after_s=60)
    judge(web, second, Verdict.MISMATCH, after_s=61)
    judge(web, third, Verdict.MATCH, after_s=10)
    judge(web, second, Verdict.OPEN, after_s=70)
    since = f"judged_since={iso(NOON + timedelta(seconds=60))}"
    assert ids(guard, since) == [second.id, first.id]
    assert ids(guard, f"{since}&verdict=match") == [first.id]
    assert ids(guard, f"judged_since={iso(NOON + timedelta(seconds=71))}") == []
    table = guard.get(f"{ADDRESS}.csv?{since}").text
    assert [row["id"] for row in csv.DictReader(io.StringIO(table))] == [
        second.id,
        first.id,
    ]
    page: Any = guard.get(f"{ADDRESS}?{since}&limit=1").json
    assert ids(guard, f"{since}&limit=1&after={page['after']}") == [first.id]


def test_an_event_has_the_pictures_before_and_after(
    web: Web, guard: FlaskClient
) -> None:
    made = add(web)
    before: Any = guard.get(f"{ADDRESS}/{made.id}").json
    assert before["near"] == []
    web.near.ask(made, "anna", web.clock.now())
    jpeg = portrait_of("camera")
    wanted = web.near.claim("one", web.clock.now(), 9)
    (first, second) = (one.near for one in wanted[:2])
    path = web.files.save_picture("badges", first.file_name, made.swiped_at, jpeg)
    web.near.fetched(first, path)
    web.near.not_fetched(second, BadgePictureState.OFFLINE, "It is offline", None)
    body: Any = guard.get(f"{ADDRESS}/{made.id}").json
    assert [one["offset_s"] for one in body["near"]] == [-5, -2, 2, 5]
    assert body["near"][0] == {
        "offset_s": -5,
        "at": iso(NOON - timedelta(seconds=5)),
        "picture": "fetched",
        "picture_url": f"https://mvsnap.example{ADDRESS}/{made.id}/near/-5/picture.jpg",
        "error": None,
    }
    assert (body["near"][1]["error"], body["near"][1]["picture_url"]) == (
        "It is offline",
        None,
    )
    with guard.get(f"{ADDRESS}/{made.id}/near/-5/picture.jpg") as picture:
        assert (picture.status_code, picture.data) == (200, jpeg)
    assert "It is offline" in guard.get(f"{ADDRESS}/{made.id}/near/-2/picture.jpg").text
    for offset_s in ("2", "5", "0", "-05", "%00", "x" * 900):
        address = f"{ADDRESS}/{made.id}/near/{offset_s}/picture.jpg"
        assert guard.get(address).status_code == 404


def test_those_of_another_camera_are_not_for_a_key_of_one(web: Web) -> None:
    """Its reader has another camera by now, and there was no picture of its own."""
    made = replace(badge(), serial=DOOR)  # type: ignore[arg-type]  # a text
    web.badges.add([made])
    web.near.ask(made, "anna", web.clock.now())
    (first,) = (one.near for one in web.near.claim("one", web.clock.now(), 1))
    jpeg = portrait_of("camera")
    path = web.files.save_picture("badges", first.file_name, made.swiped_at, jpeg)
    web.near.fetched(first, path)
    for key, seen, status in ((GUARD, 4, 200), (OF_A_DOOR, 0, 404)):
        client = web.client(key)
        body: Any = client.get(f"{ADDRESS}/{made.id}").json
        assert len(body["near"]) == seen
        with client.get(f"{ADDRESS}/{made.id}/near/-5/picture.jpg") as picture:
            assert picture.status_code == status


def test_the_table_has_the_same_events(web: Web, guard: FlaskClient) -> None:
    made = add(web, user_id="1")
    add(web, 1, user_id="2")
    table = guard.get(f"{ADDRESS}.csv?person=1").text
    (row,) = csv.DictReader(io.StringIO(table))
    assert (row["id"], row["user_id"]) == (made.id, "1")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("verdict=good", "verdict: 'good' (expected one of: open, match"),
        ("only=x", "only: 'x' (expected one of: unknown, no_picture)"),
        ("since=yesterday", "since: "),
        ("judged_since=yesterday", "judged_since: not a time: 'yesterday'"),
        ("judged_until=2026-01-01T00:00:00Z", "judged_until"),
        ("limit=0", "limit: '0' (expected 1 to 500)"),
        ("after=%00", "after: no badge event"),
        ("after=1", "after: no badge event '1' (expected the id of one)"),
        ("reader=%01", "reader: contains control characters"),
        ("verdicts=open", "did you mean verdict?"),
    ],
)
def test_a_bad_parameter_is_named(guard: FlaskClient, query: str, said: str) -> None:
    answer = guard.get(f"{ADDRESS}?{query}")
    body: Any = answer.json
    assert answer.status_code == 400
    assert said in body["error"]["message"]


def test_a_key_needs_the_scope_and_sees_its_cameras_alone(
    web: Web, guard: FlaskClient
) -> None:
    gate, yard = add(web), add(web, 1, reader="Yard")
    door = replace(badge(2), serial=DOOR)  # type: ignore[arg-type]  # a text
    web.badges.add([door])
    near = f"/{gate.id}/near/-5/picture.jpg"
    for path in ("", ".csv", f"/{gate.id}", f"/{gate.id}/picture.jpg", near):
        assert web.client(READER).get(f"{ADDRESS}{path}").status_code == 403
        assert web.client(None).get(f"{ADDRESS}{path}").status_code == 401
    limited = web.client(OF_A_DOOR)
    assert ids(limited) == [door.id]
    for other in (gate, yard):
        assert limited.get(f"{ADDRESS}/{other.id}").status_code == 404
        assert limited.get(f"{ADDRESS}{near}").status_code == 404
    assert guard.get(f"{ADDRESS}/{yard.id}").status_code == 200
    assert guard.get(f"{ADDRESS}/{gate.id}/picture.jpg").status_code == 404
    assert guard.post(ADDRESS, json={}).status_code == 403
    assert ids(web.log_in(Role.VIEWER)) == [door.id, yard.id, gate.id]
