from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mvsnap.domain import EventId
from tests.core.build import event
from tests.web.build import BUTTON, DOOR, GATE, KEY, READER, Web

SNAPSHOT = "/api/v1.0/getSnapshot?wait_s=0"
EVENTS = "/api/v1.0/events"
LIMITED = "a-key-for-one-camera-and-room"


def code(answer: TestResponse) -> tuple[int, str]:
    body: Any = answer.get_json()
    return answer.status_code, body["error"]["code"]


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda c: c.get(EVENTS, headers={"X-API-Key": KEY}), id="header"),
        pytest.param(
            lambda c: c.get(EVENTS, headers={"x-api-key": f" {KEY} "}), id="blanks"
        ),
        pytest.param(
            lambda c: c.get(EVENTS, headers={"Authorization": f"Bearer {KEY}"}),
            id="bearer",
        ),
        pytest.param(
            lambda c: c.get(EVENTS, headers={"Authorization": f"bearer  {KEY}"}),
            id="bearer in lower case",
        ),
        pytest.param(lambda c: c.get(f"{EVENTS}?apikey={KEY}"), id="query"),
        pytest.param(lambda c: c.get(f"{EVENTS}?apiKey={KEY}"), id="query, mixed case"),
        pytest.param(lambda c: c.get(f"{EVENTS}?ApiKey={KEY}?"), id="query with ?"),
    ],
)
def test_a_key_is_read_wherever_a_device_can_put_it(
    web: Web, ask: Callable[[FlaskClient], TestResponse]
) -> None:
    assert ask(web.client(None)).status_code == 200


@pytest.mark.parametrize("how", ["form", "json"])
def test_a_key_is_read_from_a_body(web: Web, how: str) -> None:
    fields = {"apikey": KEY, "wait_s": "0"}
    body: dict[str, Any] = {"json": fields} if how == "json" else {"data": fields}
    answer = web.client(None).post("/api/v1.0/getSnapshot", **body)
    assert answer.status_code == 202


@pytest.mark.parametrize(
    "key",
    [
        KEY.upper(),
        KEY[:-1],
        KEY + "x",
        KEY[:-1] + "x",
        "ä" * 20,
        "\x00",
        "*",
        "a" * 8000,
    ],
    ids=["case", "shorter", "longer", "last", "umlauts", "NUL", "star", "long"],
)
def test_any_other_key_is_refused(web: Web, key: str) -> None:
    answer = web.client(None).get(EVENTS, query_string={"apikey": key})
    assert code(answer) == (401, "unauthorized")
    assert key not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": "Bearer"},
        {"Authorization": KEY},
        {"X-API-Key": ""},
        {"Cookie": f"apikey={KEY}"},
    ],
    ids=["none", "basic", "bearer alone", "no scheme", "empty", "cookie"],
)
def test_without_a_key_the_answer_says_how_to_send_one(
    web: Web, headers: dict[str, str]
) -> None:
    answer = web.client(None).get(EVENTS, headers=headers)
    assert code(answer) == (401, "unauthorized")
    assert "X-API-Key" in answer.text


@pytest.mark.parametrize(
    ("key", "address", "status"),
    [
        (READER, EVENTS, 200),
        (READER, SNAPSHOT, 403),
        (BUTTON, EVENTS, 403),
        (BUTTON, SNAPSHOT, 202),
    ],
    ids=["read/events", "read/snapshot", "snapshot/events", "snapshot/snapshot"],
)
def test_a_scope_opens_its_own_routes_only(
    web: Web, key: str, address: str, status: int
) -> None:
    assert web.client(key).get(address).status_code == status


def limited(folder: Path, **limits: Any) -> Web:
    scopes = ["snapshot", "read"]
    entry = {"name": "limited", "key": LIMITED, "scopes": scopes} | limits
    return Web(folder, api_keys=[entry, {"name": "all", "key": KEY}])


@pytest.mark.parametrize(
    ("serials", "status"),
    [(GATE, 202), (DOOR, 403), (f"{GATE},{DOOR}", 403), (GATE.lower(), 202)],
    ids=["its own", "another", "both", "in lower case"],
)
def test_a_key_reaches_its_own_cameras_only(
    tmp_path: Path, serials: str, status: int
) -> None:
    web = limited(tmp_path, cameras=[GATE.lower()])
    answer = web.client(LIMITED).get(f"{SNAPSHOT}&mvSerial={serials}")
    assert answer.status_code == status
    assert len(web.accepted) == (1 if status == 202 else 0)


def test_the_default_cameras_are_no_way_around_the_limit(tmp_path: Path) -> None:
    web = limited(tmp_path, cameras=[DOOR])
    answer = web.client(LIMITED).get(SNAPSHOT)
    assert code(answer) == (403, "forbidden")


@pytest.mark.parametrize(
    ("room", "status"),
    [("Yard", 202), ("yard ", 202), ("Alarms", 403), ("", 403), ("x@y.example", 403)],
    ids=["its own", "in another case", "another", "the default", "a person"],
)
def test_a_key_posts_to_its_own_rooms_only(
    tmp_path: Path, room: str, status: int
) -> None:
    web = limited(tmp_path, rooms=["Yard"])
    answer = web.client(LIMITED).get(f"{SNAPSHOT}&webexRoom={room}")
    assert answer.status_code == status


def test_a_key_sees_events_of_its_own_cameras_only(tmp_path: Path) -> None:
    web = limited(tmp_path, cameras=[GATE])
    for serial in (GATE, DOOR):
        web.store.add_event(event(id=EventId(f"of-{serial}"), serial=serial))
    client = web.client(LIMITED)
    listed: Any = client.get(EVENTS).get_json()
    assert [found["serial"] for found in listed["events"]] == [GATE]
    assert DOOR not in client.get(f"{EVENTS}.csv").text
    assert code(client.get(f"{EVENTS}?serial={DOOR}")) == (403, "forbidden")
    assert client.get(f"{EVENTS}/of-{GATE}").status_code == 200
    for address in (f"{EVENTS}/of-{DOOR}", f"{EVENTS}/of-{DOOR}/snapshot.jpg"):
        assert code(client.get(address)) == (404, "not_found")


def test_a_key_does_not_see_jobs_with_other_cameras(tmp_path: Path) -> None:
    web = limited(tmp_path, cameras=[GATE])
    answer: Any = web.client().get(f"{SNAPSHOT}&mvSerial={GATE},{DOOR}").get_json()
    address = f"/api/v1.0/jobs/{answer['job']['id']}"
    assert web.client().get(address).status_code == 200
    assert code(web.client(LIMITED).get(address)) == (404, "not_found")


def test_a_key_over_its_rate_gets_retry_after(tmp_path: Path) -> None:
    web = Web(tmp_path, server={"rate_per_minute": 3})
    client = web.client()
    answers = [client.get(EVENTS) for _ in range(8)]
    # A minute may end in between: then three more are let in.
    late = [answer for answer in answers if answer.status_code == 429]
    assert [answer.status_code for answer in answers[:3]] == [200] * 3
    assert len(late) >= 2
    assert code(late[0]) == (429, "too_many_requests")
    assert 1 <= int(late[0].headers["Retry-After"]) <= 60


def test_one_key_beyond_its_rate_does_not_hinder_another_address(
    tmp_path: Path,
) -> None:
    web = Web(tmp_path, server={"rate_per_minute": 3})
    for _ in range(8):
        web.client(READER).get(EVENTS)
    other = web.client()
    other.environ_base["REMOTE_ADDR"] = "10.0.0.2"
    assert other.get(EVENTS).status_code == 200


def guess(web: Web, times: int) -> list[int]:
    client = web.client(None)
    wrong = [{"X-API-Key": f"wrong-key-number-{n}"} for n in range(times)]
    return [client.get(EVENTS, headers=headers).status_code for headers in wrong]


def test_guessing_locks_an_address_out(web: Web) -> None:
    statuses = guess(web, 45)
    assert statuses[:20] == [401] * 20
    assert 429 in statuses[20:]
    last = web.client(None).get(EVENTS, headers={"X-API-Key": "one-more-wrong-key"})
    assert code(last) == (429, "too_many_requests")
    assert 1 <= int(last.headers["Retry-After"]) <= 60


def test_guessing_from_a_network_of_ipv6_is_guessing_from_one_address(
    web: Web,
) -> None:
    """Everybody there has another address for each request."""
    client = web.client(None)

    def tried(address: str) -> int:
        client.environ_base["REMOTE_ADDR"] = address
        return client.get(EVENTS, headers={"X-API-Key": address}).status_code

    statuses = [tried(f"2001:db8::{n:x}") for n in range(1, 30)]
    assert statuses == [401] * 20 + [429] * 9
    assert tried("2001:db8:0:1::1") == 401


def test_a_right_key_works_during_a_lockout(web: Web) -> None:
    assert 429 in guess(web, 45)
    assert web.client(READER).get(EVENTS).status_code == 200


def test_a_short_key_works_during_a_lockout_only_where_it_worked_before(
    tmp_path: Path,
) -> None:
    short = {"name": "old", "key": "short-key", "scopes": ["read"]}
    web = Web(tmp_path, api_keys=[short])
    assert 429 in guess(web, 45)
    assert code(web.client("short-key").get(EVENTS)) == (429, "too_many_requests")
    elsewhere = web.client("short-key")
    elsewhere.environ_base["REMOTE_ADDR"] = "10.0.0.2"
    assert elsewhere.get(EVENTS).status_code == 200
    for n in range(45):
        elsewhere.get(EVENTS, headers={"X-API-Key": f"wrong-key-number-{n}"})
    assert elsewhere.get(EVENTS).status_code == 200


def test_another_address_is_not_locked_out(web: Web) -> None:
    assert 429 in guess(web, 45)
    client = web.client(READER)
    client.environ_base["REMOTE_ADDR"] = "10.0.0.2"
    assert client.get(EVENTS).status_code == 200


def test_a_missing_key_is_no_guess(web: Web) -> None:
    answers = {web.client(None).get(EVENTS).status_code for _ in range(30)}
    assert answers == {401}
    assert web.client(READER).get(EVENTS).status_code == 200


def test_an_address_cannot_change_itself_by_a_header(web: Web) -> None:
    client = web.client(None)
    statuses = [
        client.get(
            EVENTS,
            headers={"X-API-Key": f"wrong-{n}", "X-Forwarded-For": f"10.0.0.{n}"},
        ).status_code
        for n in range(45)
    ]
    assert 429 in statuses


def test_behind_a_proxy_the_address_is_the_one_the_proxy_saw(tmp_path: Path) -> None:
    web = Web(tmp_path, server={"trusted_proxies": ["127.0.0.1"]})
    client = web.client(None)
    for n in range(45):
        headers = {"X-API-Key": f"wrong-{n}", "X-Forwarded-For": "10.0.0.1"}
        client.get(EVENTS, headers=headers)
    headers = {"X-API-Key": READER, "X-Forwarded-For": "10.0.0.2"}
    assert client.get(EVENTS, headers=headers).status_code == 200


def test_without_any_key_in_the_settings_nobody_comes_in(tmp_path: Path) -> None:
    web = Web(tmp_path, api_keys=[])
    for key in (None, "", KEY):
        assert web.client(key).get(EVENTS).status_code == 401
    ready: Any = web.client(None).get("/readyz").get_json()
    assert "nobody can call" in ready["parts"]["api_keys"]
