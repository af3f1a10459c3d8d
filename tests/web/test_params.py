"""Requests as old and simple devices send them, through the whole application."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mvsnap.clock import SystemClock, iso
from mvsnap.domain import Job
from tests.web.build import BUTTON, DOOR, GATE, KEY, Web

ADDRESS = "/api/v1.0/getSnapshot"


def accepted(web: Web, answer: TestResponse) -> Job:
    assert answer.status_code == 202, answer.text
    (job,) = web.accepted
    return job


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("wait_s=0&mvSerial=" + DOOR, id="as documented"),
        pytest.param("wait_s=0&MVSERIAL=" + DOOR, id="upper case name"),
        pytest.param("wait_s=0&mvserial=" + DOOR.lower(), id="all lower case"),
        pytest.param("WAIT_S=0&mvSerial=%20" + DOOR + "%20", id="blanks around"),
        pytest.param("wait_s=0&?mvSerial=" + DOOR, id="a stray ? before the name"),
        pytest.param("?wait_s=0&mvSerial=" + DOOR, id="two ? at the beginning"),
        pytest.param("wait_s=0&_=1772625600&mvSerial=" + DOOR, id="a cache buster"),
        pytest.param("wait_s=0&_x=&_x=2&mvSerial=" + DOOR, id="any _ name, twice"),
        pytest.param(f"wait_s=0&mvSerial={DOOR}&mvSerial={DOOR}", id="twice the same"),
        pytest.param(f"wait_s=0&webexRoom=&mvSerial={DOOR}", id="an empty parameter"),
    ],
)
def test_quirks_of_a_query_are_forgiven(
    web: Web, client: FlaskClient, query: str
) -> None:
    answer = client.get(f"{ADDRESS}?{query}")
    assert accepted(web, answer).serials == (DOOR,)


def test_a_stray_question_mark_behind_the_key_is_forgiven(web: Web) -> None:
    query = f"apikey={KEY}?&mvSerial={DOOR}&wait_s=0"
    answer = web.client(None).get(f"{ADDRESS}?{query}")
    assert accepted(web, answer).serials == (DOOR,)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(
            f"mvSerial={DOOR}&wait_s=0", "application/x-www-form-urlencoded", id="form"
        ),
        pytest.param(f"mvSerial={DOOR}&wait_s=0", None, id="form without a type"),
        pytest.param(f"mvSerial={DOOR}&wait_s=0\r\n", "text/plain", id="form as text"),
        pytest.param(
            f"mvSerial={DOOR}&wait_s=0", "application/octet-stream", id="as bytes"
        ),
        pytest.param(
            f'{{"mvSerial": "{DOOR}", "wait_s": 0}}', "application/json", id="JSON"
        ),
        pytest.param(
            f'{{"mvSerial": ["{DOOR}"], "wait_s": "0"}}', None, id="JSON without a type"
        ),
        pytest.param(
            f' {{"mvserial": "{DOOR}", "wait_s": 0.0, "at": null}}',
            "application/x-www-form-urlencoded",
            id="JSON that says it is a form",
        ),
        pytest.param(
            f'{{"mvSerial": "{DOOR}", "wait_s": 0}}', "application/json", id="JSON "
        ),
        pytest.param(
            f'\ufeff{{"mvSerial": "{DOOR}", "wait_s": 0}}',
            "application/json",
            id="JSON with a byte order mark",
        ),
    ],
)
def test_a_body_is_understood_whatever_it_says_it_is(
    web: Web, client: FlaskClient, body: str, content_type: str | None
) -> None:
    answer = client.post(ADDRESS, data=body.encode(), content_type=content_type)
    assert accepted(web, answer).serials == (DOOR,)


def test_a_multipart_form_is_a_form(web: Web, client: FlaskClient) -> None:
    answer = client.post(
        ADDRESS,
        data={"mvSerial": DOOR, "wait_s": "0"},
        content_type="multipart/form-data",
    )
    assert accepted(web, answer).serials == (DOOR,)


def test_query_and_body_count_the_same(web: Web, client: FlaskClient) -> None:
    answer = client.post(f"{ADDRESS}?mvSerial={DOOR}", data="wait_s=0&prefix=T%C3%BCr")
    job = accepted(web, answer)
    assert (job.serials, job.prefix) == ((DOOR,), "Tür")


@pytest.mark.parametrize(
    "query",
    [
        f"mvSerial={GATE},{DOOR}",
        f"mvSerial={GATE}&mvSerial={DOOR}",
        f"mvSerial={GATE}%2C%20{DOOR}",
    ],
    ids=["commas", "given twice", "escaped comma"],
)
def test_several_serials_come_in_any_form(
    web: Web, client: FlaskClient, query: str
) -> None:
    answer = client.get(f"{ADDRESS}?wait_s=0&{query}")
    assert accepted(web, answer).serials == (GATE, DOOR)


def test_without_a_serial_the_cameras_of_the_settings_are_used(
    web: Web, client: FlaskClient
) -> None:
    assert accepted(web, client.get(f"{ADDRESS}?wait_s=0")).serials == (GATE,)


def an_hour_ago() -> datetime:
    return SystemClock().now().replace(microsecond=0) - timedelta(hours=1)


@pytest.mark.parametrize("plus", ["+", "%2B", " "], ids=["+", "escaped", "blank"])
def test_a_time_with_a_plus_arrives_right(
    web: Web, client: FlaskClient, plus: str
) -> None:
    moment = an_hour_ago()
    shifted = f"{moment + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}{plus}02:00"
    answer = client.get(ADDRESS, query_string=f"wait_s=0&at={shifted}")
    assert accepted(web, answer).at == moment


def test_a_time_in_json_arrives_right(web: Web, client: FlaskClient) -> None:
    moment = an_hour_ago()
    answer = client.post(ADDRESS, json={"at": iso(moment), "wait_s": 0})
    assert accepted(web, answer).at == moment


def refused(web: Web, answer: TestResponse, status: int = 400) -> dict[str, str]:
    assert answer.status_code == status, answer.text
    assert web.accepted == []
    body: Any = answer.get_json()
    error: dict[str, str] = body["error"]
    return error


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        pytest.param("camera=1", "unknown_parameter", "'camera'", id="unknown"),
        pytest.param("serial=1", "unknown_parameter", "mean mvSerial?", id="near"),
        pytest.param("room=1", "unknown_parameter", "mean webexRoom?", id="room"),
        pytest.param("wait=1", "unknown_parameter", "mean wait_s?", id="wait"),
        pytest.param("mvSerial=camera", "bad_serial", "'camera'", id="no serial"),
        pytest.param("at=yesterday", "bad_time", "'yesterday'", id="no time"),
        pytest.param("at=2999-01-01", "bad_time", "future", id="a future time"),
        pytest.param("wait_s=ten", "bad_input", "wait_s", id="no number"),
        pytest.param("wait_s=61", "bad_input", "wait_s", id="too long"),
        pytest.param("wait_s=1&wait_s=2", "bad_input", "two different", id="twice"),
        pytest.param("prefix=a%0Ab", "bad_input", "control", id="a line break"),
        pytest.param("prefix=a%00b", "bad_input", "control", id="a NUL"),
        pytest.param("webexRoom=" + "a" * 401, "bad_input", "401", id="a long room"),
        pytest.param(
            "mvSerial=" + ",".join([GATE] * 33), "too_many_serials", "33", id="33"
        ),
        pytest.param(
            "&".join(f"_{n}=1" for n in range(101)), "bad_input", "101", id="101"
        ),
    ],
)
def test_a_bad_query_is_refused_by_name_and_nothing_starts(
    web: Web, client: FlaskClient, query: str, code: str, words: str
) -> None:
    error = refused(web, client.get(f"{ADDRESS}?{query}"))
    assert error["code"] == code
    assert words in error["message"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b'["Q2SM-0000-0001"]', "a list", id="a JSON list"),
        pytest.param(b'"text"', "a single value", id="a JSON text"),
        pytest.param(b"null", "a single value", id="JSON null"),
        pytest.param(b"{", "not JSON", id="half of JSON"),
        pytest.param(b'{"mvSerial": NaN}', "", id="NaN"),
        pytest.param(b'{"mvSerial": {"a": 1}}', "mvSerial", id="an object inside"),
        pytest.param(b'{"mvSerial": [1, 2]}', "mvSerial", id="a list of numbers"),
        pytest.param(b'{"prefix": true}', "prefix", id="a truth value"),
        pytest.param(
            b'{"wait_s": 0, "prefix": "\\ud83d"}', "prefix", id="half a character"
        ),
        pytest.param(
            b'{"wait_s": 0, "webexRoom": "\\ud83d"}', "webexRoom", id="a room"
        ),
        pytest.param(b'{"mvSerial": "\\u0000"}', "serial", id="a NUL"),
        pytest.param(b"[" * 60_000, "not JSON", id="deep JSON"),
        pytest.param(b'{"wait_s": ' + b"9" * 5000 + b"}", "", id="a huge number"),
        pytest.param(b"\xff\xfe\x00", "UTF-8", id="not UTF-8"),
        pytest.param(b"mvSerial", "JSON", id="a name alone"),
        pytest.param(b"a=1&" * 101, "", id="a form of 101"),
        pytest.param(b"<xml/>", "JSON", id="XML"),
    ],
)
def test_a_bad_body_is_refused_in_words_and_nothing_starts(
    web: Web, client: FlaskClient, body: bytes, words: str
) -> None:
    answer = client.post(ADDRESS, data=body, content_type="application/json")
    assert words in refused(web, answer)["message"]


def test_a_message_never_repeats_more_than_a_piece_of_bad_input(
    web: Web, client: FlaskClient
) -> None:
    answer = client.get(f"{ADDRESS}?{'a' * 3000}=1&mvSerial={quote('ä' * 500)}")
    assert len(refused(web, answer)["message"]) < 300


def test_a_long_idempotency_key_is_refused(web: Web, client: FlaskClient) -> None:
    answer = client.get(ADDRESS, headers={"Idempotency-Key": "k" * 256})
    assert "Idempotency-Key" in refused(web, answer)["message"]


def test_head_takes_no_picture(web: Web, client: FlaskClient) -> None:
    """Link checkers and browsers ask HEAD before anybody wants a picture."""
    answer = client.head(f"{ADDRESS}?wait_s=0")
    assert answer.status_code == 405
    assert web.accepted == []


def test_the_name_of_a_recorder_camera_is_no_serial(tmp_path: Path) -> None:
    cameras = {"Gate": {"url": "rtsp://camera.example/live"}}
    key = {"name": "all", "key": KEY, "scopes": ["snapshot"]}
    blind = {"name": "one", "key": BUTTON, "scopes": ["snapshot"], "cameras": [DOOR]}
    web = Web(tmp_path, recorder={"cameras": cameras}, api_keys=[key, blind])
    query = f"{ADDRESS}?mvSerial=Gate"
    assert "Gate only records clips" in web.client().get(query).text
    assert "Not a Meraki serial" in web.client(BUTTON).get(query).text
