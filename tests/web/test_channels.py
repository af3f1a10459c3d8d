"""Channels over HTTP: in requests, limited by keys, tried on their page."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap.core import signed_links
from mvsnap.domain import EventId, Role
from mvsnap.errors import UpstreamError
from mvsnap.web.recipients import RecipientCheck
from tests.core import build
from tests.core.build import NOON
from tests.servers.processes import wait_until
from tests.web.build import KEY, Web, send

SNAPSHOT = "/api/v1.0/getSnapshot"
PAGE = "/settings/entries/channels"
TEST = "/settings/channels/test"
GUARDS_KEY = "a-key-that-may-tell-the-guards"
JPEG = bytes(range(256)) * 4
MES = {
    "name": "MES",
    "kind": "webhook",
    "url": "http://127.0.0.1:9/hook-4f1c",
    "secret": "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cyBvbmx5",
}
GUARDS = {"name": "Guards", "kind": "webex", "room": "Night watch"}
KEYS = [
    {"name": "all", "key": KEY, "scopes": ["snapshot", "read", "review"]},
    {
        "name": "guards",
        "key": GUARDS_KEY,
        "scopes": ["snapshot"],
        "rooms": ["guards"],
    },
]


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return Web(
        tmp_path,
        channels=[GUARDS, MES],
        api_keys=KEYS,
        site={"public_url": "https://gateway.example"},
    )


def asked(web: Web, **given: Any) -> tuple[str, ...]:
    answer = web.client().get(SNAPSHOT, query_string={"wait_s": "0"} | given)
    assert answer.status_code == 202, answer.text
    return web.accepted[-1].rooms


@pytest.mark.parametrize(
    ("given", "rooms"),
    [
        ("mes", ("MES",)),
        (["mes", "Hall"], ("MES", "Hall")),
        (["MES", "mes", "GUARDS"], ("MES", "Guards")),
        ([], ("Alarms",)),
    ],
    ids=str,
)
def test_a_request_names_a_channel_alone_or_in_a_list(
    web: Web, given: Any, rooms: tuple[str, ...]
) -> None:
    assert asked(web, webexRoom=given) == rooms
    answer = web.client().post(SNAPSHOT, json={"wait_s": 0, "webexRoom": given})
    assert answer.status_code == 202, answer.text
    assert web.accepted[-1].rooms == rooms


def test_a_key_is_limited_to_channels_as_to_rooms(web: Web) -> None:
    guards = web.client(GUARDS_KEY)
    for room, status in (
        (["GUARDS"], 202),
        (["guards", "MES"], 403),
        (["MES"], 403),
        (["Night watch"], 403),
        ([], 403),
    ):
        answer = guards.get(SNAPSHOT, query_string={"wait_s": "0", "webexRoom": room})
        assert answer.status_code == status, (room, answer.text)


def test_without_webex_a_request_reaches_channels_only(tmp_path: Path) -> None:
    web = Web(tmp_path, channels=[MES], webex={}, api_keys=KEYS)
    assert asked(web, webexRoom="mes") == ("MES",)
    answer = web.client().get(SNAPSHOT, query_string={"webexRoom": "Hall"})
    assert answer.status_code == 400
    assert "neither a channel" in answer.get_json()["error"]["message"]


def test_the_page_lists_the_channels_without_their_secrets(web: Web) -> None:
    page = web.log_in().get(PAGE).text
    for name in ("Guards", "MES", "Alarms"):
        assert f"Send a test to {name}" in page
    assert "None yet." not in page
    assert "hook-4f1c" not in page
    assert "whsec_" not in page


def test_the_room_alone_is_listed_once_and_nowhere_else(tmp_path: Path) -> None:
    web = Web(tmp_path)
    admin = web.log_in()
    page = admin.get(PAGE).text
    assert "Send a test to Alarms" in page
    assert "None yet." not in page
    assert "Send a test" not in admin.get("/settings").text
    web.close()


def test_without_room_and_channel_there_is_none(tmp_path: Path) -> None:
    web = Web(tmp_path, webex={})
    page = web.log_in().get(PAGE).text
    assert "None yet." in page
    assert "Send a test" not in page
    web.close()


def outcome(admin: FlaskClient, name: str) -> str:
    """Return the page when it shows what came of a test."""

    def is_known() -> bool:
        answer = admin.get(TEST, query_string={"name": name})
        return answer.get_json()["ok"] is not None

    wait_until(is_known, "the outcome is known")
    return admin.get(f"{PAGE}?tested={name}").text


def pressed(admin: FlaskClient, name: str) -> str:
    answer = send(admin, TEST, name=name)
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"{PAGE}?tested={name}#channel-test")
    return outcome(admin, name)


def test_a_press_sends_one_and_says_what_came_of_it(web: Web) -> None:
    sent = []

    def post(name: str) -> None:
        sent.append(name)
        if name == "MES":
            raise UpstreamError("The webhook MES could not be reached", retry=True)

    web.test_messages = RecipientCheck(post)
    web.app = web.fresh_app()
    admin = web.log_in()
    assert "Test message sent to Guards." in pressed(admin, "Guards")
    for _ in range(2):  # each press is a message
        assert "The webhook MES could not be reached" in pressed(admin, "MES")
    assert sent == ["Guards", "MES", "MES"]
    assert "Test message" not in admin.get(PAGE).text
    assert "Test message" not in admin.get(f"{PAGE}?tested=nobody").text


def test_a_press_is_answered_at_once_and_sends_nothing_twice(web: Web) -> None:
    answered, sent = threading.Event(), []

    def post(name: str) -> None:
        sent.append(name)
        answered.wait(60)

    web.test_messages = RecipientCheck(post)
    web.app = web.fresh_app()
    admin = web.log_in()
    try:
        for _ in range(2):
            send(admin, TEST, name="MES")
        waiting = admin.get(TEST, query_string={"name": "MES"}).get_json()
        assert waiting == {"ok": None, "text": "Sending a test message to MES …"}
        page = admin.get(f"{PAGE}?tested=MES").text
        assert "Sending a test message to MES …" in page
        assert 'data-address="/settings/channels/test?name=MES"' in page
    finally:
        answered.set()
    assert "Test message sent to MES." in outcome(admin, "MES")
    assert sent == ["MES"]


def test_only_an_admin_sends_and_only_to_what_is_listed(web: Web) -> None:
    web.test_messages = RecipientCheck(lambda _name: pytest.fail("it was sent"))
    web.app = web.fresh_app()
    assert send(web.log_in(), TEST, name="Hall").status_code == 404
    assert web.log_in().get(TEST, query_string={"name": "Hall"}).status_code == 404
    assert send(web.log_in(Role.VIEWER), TEST, name="MES").status_code == 403


def test_a_signed_link_shows_one_picture_without_a_log_in_until_it_expires(
    web: Web,
) -> None:
    event_id = EventId("11111111-1111-4111-8111-111111111111")
    path = web.files.save_snapshot(event_id, NOON, JPEG)
    web.store.add_event(build.event(id=event_id, snapshot_path=path))
    stranger, now = web.client(None), datetime.now(UTC)

    def answer(hours: int, instead: str = signed_links.PICTURE) -> tuple[int, bytes]:
        until, key = now + timedelta(hours=hours), web.users.link_key()
        url = signed_links.link("", key, event_id, signed_links.PICTURE, until)
        got = stranger.get(url.replace(signed_links.PICTURE, instead), buffered=True)
        return got.status_code, got.data

    assert answer(1) == (200, JPEG)
    assert answer(-1)[0] == 403
    assert answer(1, signed_links.CLIP)[0] == 403
    assert stranger.get(f"/evidence/{event_id}/snapshot.jpg").status_code == 403
