"""Bodies of POST /badges: what is accepted, what is refused, and the messages."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mvsnap.badges import json_body
from mvsnap.badges.model import Readers, Swipe
from mvsnap.errors import BadInput
from tests.badges.build import swipe

NOW = datetime(2026, 3, 5, tzinfo=UTC)
AT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def event(**given: Any) -> dict[str, Any]:
    return {"timestamp": "2026-03-04T12:00:00Z", "user_id": "1", "reader": "A"} | given


def read(body: Any) -> list[Swipe]:
    return json_body.read(json.dumps(body).encode(), NOW)


def refused(body: Any) -> str:
    with pytest.raises(BadInput) as caught:
        json_body.read(
            body if isinstance(body, bytes) else json.dumps(body).encode(), NOW
        )
    return caught.value.message


@pytest.mark.parametrize(
    "timestamp",
    [
        "2026-03-04T12:00:00Z",
        "2026-03-04 12:00:00",
        "2026-03-04T13:00:00+01:00",
        "2026-03-04T06:30:00-05:30",
        AT.timestamp(),
        int(AT.timestamp()),
        int(AT.timestamp() * 1000),
        str(int(AT.timestamp())),
        str(int(AT.timestamp() * 1000)),
    ],
)
def test_a_time_comes_in_many_ways(timestamp: object) -> None:
    (found,) = read(event(timestamp=timestamp))
    assert found.swiped_at == AT


def test_one_event_and_a_list_and_a_form_are_accepted() -> None:
    assert read(event()) == read([event()])
    form = b"timestamp=2026-03-04T12:00:00Z&user_id=1&reader=A&result=ok"
    assert json_body.read(form, NOW) == read(event(result="ok"))


def test_the_rest_is_kept_as_details_and_a_key_is_not() -> None:
    given = {"granted": True, "door": {"a": [1]}, "n": 2**80, "apiKey": "secret"}
    (found,) = read(event(user_id=4711, **given))
    assert found.user_id == "4711"
    expected = {"granted": True, "door": '{"a": [1]}', "n": str(2**80)}
    assert found.details == expected


@pytest.mark.parametrize("name", ["apikey", " APIKEY ", "?apikey", "api_key"])
def test_a_key_is_no_detail_however_its_name_is_written(name: str) -> None:
    (found,) = read(event(**{name: "secret"}))
    assert found.details == {}


def test_the_id_is_that_of_time_person_and_reader() -> None:
    same = swipe(details={"other": 1})
    assert same.id == swipe().id
    others = (swipe("2"), swipe(reader="B"), swipe(swiped_at=AT + timedelta(seconds=1)))
    assert len({one.id for one in (swipe(), *others)}) == 4


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "body: empty"),
        (b"\xff\xfe", "body: not UTF-8"),
        (b"hello", "body: neither JSON nor a form"),
        (b"{", "body: not JSON"),
        (b"[" * 100_000, "body: not JSON"),
        (b'[{"user_id": NaN}]', "body: not JSON"),
        (b'{"reader": "a", "reader": "b"}', "reader: given twice"),
        ([], "body: 0 badge events (expected 1 to 1000)"),
        ([event()] * 1001, "body: 1001 badge events (expected 1 to 1000)"),
        ("text", "body: 'text' (expected {"),
        ([[]], "[0]: a list (expected {"),
        (event(timestamp="yesterday"), "timestamp: 'yesterday' (expected a time like"),
        (event(timestamp=None), "timestamp: missing"),
        (event(timestamp=True), "timestamp: True (expected a time"),
        (event(timestamp=1e30), "timestamp: 1e+30 (expected a time"),
        (event(timestamp="2026-03-04"), "timestamp: '2026-03-04' has no time of day"),
        (event(timestamp="2026-W05"), "timestamp: '2026-W05' has no time of day"),
        (event(timestamp="2026-03-04Z"), "timestamp: '2026-03-04Z' has no time of day"),
        (event(timestamp="20260304"), "timestamp: '20260304' (expected 2010 or later)"),
        (event(timestamp="2026-03-06T00:00Z"), "is in the future"),
        (event(timestamp=1000), "timestamp: 1000 (expected 2010 or later)"),
        (event(user_id=""), "user_id: missing"),
        (event(user_id=1.5), "user_id: 1.5 (expected text)"),
        (event(user_id=None), "user_id: nothing (expected text)"),
        (event(reader="a" * 201), "reader: 201 characters (expected at most 200)"),
        (event(reader="a\0b"), "reader: contains control characters"),
        (event(reader="\ud800"), "reader: contains control characters"),
        (event(note="x" * 1001), "note: 1,001 characters"),
        (event(**{str(n): n for n in range(51)}), "51 details (expected at most 50)"),
    ],
)
def test_what_cannot_be_used_is_named(body: Any, said: str) -> None:
    assert said in refused(body)


def test_every_bad_event_of_a_list_is_named_ten_at_most() -> None:
    message = refused([event(), event(reader=""), event(user_id=[])])
    assert message.startswith("[1].reader: missing")
    assert "[2].user_id: [] (expected text)" in message
    assert "and 20 more" in refused([event(reader="")] * 30)


def test_beside_our_own_name_another_spelling_is_a_detail() -> None:
    (found,) = read(event(UserID="other"))
    assert (found.user_id, found.details) == ("1", {"UserID": "other"})
    twice = {"timestamp": "2026-03-04T12:00:00Z", "UserID": 1, "userId": 2}
    assert "user_id: given twice, as 'userId' too" in refused(twice)


@pytest.mark.parametrize("body", [b"[{'a': 1]", b"{'a': '", b"{'" + b'"\\' * 50_000])
def test_what_only_begins_like_a_python_list_is_refused(body: bytes) -> None:
    assert "body: not JSON" in refused(body)


def test_a_reader_has_its_camera_whatever_the_case_or_that_of_all() -> None:
    readers = Readers({"Door 1": "Q2SM-0000-0001", "*": "Q2SM-0000-0002"})
    assert readers.camera(" door 1 ") == "Q2SM-0000-0001"
    assert readers.camera("Yard") == "Q2SM-0000-0002"
    assert Readers({}).camera("Yard") is None
    assert Readers({"Tür  1": "Q2SM-0000-0003"}).camera("tu\u0308r\u00a01")


@pytest.mark.parametrize("depth", range(900, 1000, 3))
def test_any_depth_is_read_or_refused(depth: int) -> None:
    deep = f'{{"x": {"[" * depth}{"]" * depth}}}'.encode()
    with pytest.raises(BadInput):
        json_body.read(deep[:-1] + b", " + json.dumps(event()).encode()[1:], NOW)
