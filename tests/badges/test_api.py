"""POST /api/v1.0/badges: all or none, new or known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap.badges.conditions import BadgeFilter
from mvsnap.badges.model import BadgePictureState
from mvsnap.clock import iso
from tests.web.build import DOOR, GATE, KEY, READER, Web

ADDRESS = "/api/v1.0/badges"


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return Web(tmp_path, badges={"camera_of_reader": {"Gate": GATE}})


AN_HOUR_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


def event(number: int = 0, **given: Any) -> dict[str, Any]:
    at = AN_HOUR_AGO - timedelta(seconds=number)
    return {"timestamp": iso(at), "user_id": "1", "reader": "Gate"} | given


def stored(web: Web) -> int:
    return web.badges.count(BadgeFilter(), 5000)


def test_new_ones_are_202_and_known_ones_200(web: Web, client: FlaskClient) -> None:
    many = [event(n) for n in range(1000)]
    answer = client.post(ADDRESS, json=many)
    assert (answer.status_code, answer.json) == (202, {"new": 1000, "known": 0})
    again = client.post(ADDRESS, json=many[:3])
    assert (again.status_code, again.json) == (200, {"new": 0, "known": 3})
    assert stored(web) == 1000


def test_an_event_waits_for_the_picture_of_its_readers_camera(
    web: Web, client: FlaskClient
) -> None:
    now = iso(datetime.now(UTC))
    client.post(ADDRESS, json=[event(timestamp=now), event(reader="Yard")])
    first, second = web.badges.badges(BadgeFilter(), 5)
    assert (first.serial, first.picture) == (GATE, BadgePictureState.WAITING)
    assert first.ask_at == first.swiped_at + timedelta(minutes=3)
    assert (second.serial, second.picture) == (None, BadgePictureState.NO_CAMERA)
    assert first.source == "all"


def test_one_bad_event_and_none_is_stored(web: Web, client: FlaskClient) -> None:
    answer = client.post(ADDRESS, json=[event(), event(1, reader=None)])
    assert answer.status_code == 400
    body: Any = answer.json
    said = "[1].reader: nothing (expected text)"
    assert body["error"] == {"code": "bad_input", "message": said}
    assert stored(web) == 0


def test_a_list_without_readers_is_accepted_in_any_spelling(
    web: Web, client: FlaskClient
) -> None:
    now = datetime.now(UTC)
    times = [iso(now - timedelta(hours=n)) for n in range(4)]
    python = f"""[{{'timestamp': "{times[0]}", 'UserID': "850"}},
        {{'timestamp': '{times[1]}', 'UserID': '851'}}]"""
    assert client.post(ADDRESS, data=python).status_code == 202
    many = [
        {"TimeStamp": times[2], "userid": 852},
        {"timestamp": times[3], "UserId": 1},
    ]
    assert client.post(ADDRESS, json=many).json == {"new": 2, "known": 0}
    found = web.badges.badges(BadgeFilter(), 5)
    assert [event.user_id for event in found] == ["850", "851", "852", "1"]
    assert {event.reader for event in found} == {"Badge reader"}


@pytest.mark.parametrize("name", ["apikey", "?apikey", " apiKey"])
def test_a_form_of_a_simple_device_is_accepted(web: Web, name: str) -> None:
    fields = {name: KEY} | event()
    answer = web.app.test_client().post(ADDRESS, data=fields)
    assert answer.status_code == 202
    (found,) = web.badges.badges(BadgeFilter(), 5)
    assert found.details == {}


@pytest.mark.parametrize("body", [[event()], event(door={"a": 1})], ids=["list", "one"])
def test_the_key_may_stand_in_the_address_whatever_the_body(
    web: Web, body: Any
) -> None:
    answer = web.app.test_client().post(f"{ADDRESS}?apikey={KEY}", json=body)
    assert answer.status_code == 202


@pytest.mark.parametrize("extra", [{}, {"granted": True}, {"door": {"a": 1}}])
def test_the_key_may_stand_in_the_body_whatever_else_does(
    web: Web, extra: dict[str, Any]
) -> None:
    stranger, body = web.app.test_client(), event(**extra)
    assert stranger.post(ADDRESS, json=body | {"apikey": KEY}).status_code == 202
    assert stranger.post(ADDRESS, json=body | {"apikey": "wrong"}).status_code == 401
    assert stranger.post(ADDRESS, json=body).status_code == 401


def test_a_key_reaches_readers_of_its_own_cameras_alone(tmp_path: Path) -> None:
    key = "a-key-for-the-door-alone"
    door = {"name": "door", "key": key, "cameras": [DOOR], "scopes": ["badges"]}
    cameras = {"Gate": GATE, "Door": DOOR}
    made = Web(
        tmp_path,
        api_keys=[door],
        badges={"camera_of_reader": cameras},
    )
    client = made.client(key)
    answer = client.post(ADDRESS, json=[event(reader="Door"), event(reader=" gate")])
    assert answer.status_code == 403
    assert f"camera {GATE}" in answer.text
    assert stored(made) == 0
    for reader in ("Door", "Yard"):
        assert client.post(ADDRESS, json=[event(reader=reader)]).status_code == 202


def test_a_key_needs_the_scope(web: Web) -> None:
    assert web.client(READER).post(ADDRESS, json=[event()]).status_code == 403
    wrong = web.app.test_client().post(f"{ADDRESS}?apikey=wrong", json=[event()])
    assert wrong.status_code == 401
