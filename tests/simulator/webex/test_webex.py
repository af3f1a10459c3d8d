"""The simulated Webex answers as the real one was seen to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from mvsnap.simulator.faults import Fault
from mvsnap.simulator.server import serve
from mvsnap.simulator.webex.app import webex_app
from mvsnap.simulator.webex.model import new_id
from mvsnap.simulator.webex.webex import FakeWebex
from tests.simulator.webex.client import Bot

JPEG = b"\xff\xd8\xff\xd9"


@pytest.fixture
def bot() -> Iterator[Bot]:
    webex = FakeWebex(rooms=("A", "B", "C", "D", "E"))
    with serve(webex_app(webex)) as url:
        yield Bot(webex, url)


def titles(bot: Bot, path: str) -> list[str]:
    """Return the titles of all pages."""
    found = []
    while path:
        answer = bot.ask("GET", path)
        found += [room["title"] for room in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url", "").removeprefix(bot.url)
    return found


def test_rooms_come_in_pages_of_at_most_the_clamp(bot: Bot) -> None:
    bot.webex.page_max = 2
    assert titles(bot, "/v1/rooms?max=1000") == ["A", "B", "C", "D", "E"]
    assert len(bot.webex.asked) == 3


def test_the_last_page_may_be_empty(bot: Bot) -> None:
    bot.webex.page_max, bot.webex.empty_last_page = 5, True
    assert titles(bot, "/v1/rooms") == ["A", "B", "C", "D", "E"]
    assert len(bot.webex.asked) == 2


def test_a_room_without_its_key_has_an_unreadable_title(bot: Bot) -> None:
    bot.webex.add_room("secret", broken=True)
    item = bot.ask("GET", "/v1/rooms").json()["items"][-1]
    assert item["errors"]["title"]["code"] == "kms_failure"
    assert "type" not in item


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        pytest.param({"text": "x"}, 400, "destination could not be", id="no room"),
        pytest.param(
            {"roomId": "R", "toPersonEmail": "a@b.c", "text": "x"},
            400,
            "Provide only one destination",
            id="two destinations",
        ),
        pytest.param({"roomId": "R"}, 400, "text and file cannot", id="nothing said"),
        pytest.param(
            {"roomId": "short", "text": "x"}, 400, "Expect base64", id="a broken id"
        ),
        pytest.param(
            {"roomId": new_id("ROOM"), "text": "x"},
            404,
            "Could not find a room",
            id="a room it is not in",
        ),
        pytest.param(
            {"toPersonEmail": "nobody@example.com", "text": "x"},
            404,
            "Failed to find user",
            id="nobody",
        ),
        pytest.param(
            {"roomId": "R", "markdown": "ä" * 3720}, 400, "7439", id="too many bytes"
        ),
    ],
)
def test_webex_says_no_in_its_own_words(
    bot: Bot, body: dict[str, Any], status: int, words: str
) -> None:
    if body.get("roomId") == "R":
        body = body | {"roomId": bot.room_id}
    answer = bot.post(**body)
    assert answer.status_code == status
    assert words in answer.json()["message"]
    assert answer.json()["trackingId"] == answer.headers["TrackingID"]


def test_a_wrong_token_is_refused(bot: Bot) -> None:
    bot.webex.bot_token = "another"
    answer = requests.get(f"{bot.url}/v1/people/me", timeout=10)
    assert answer.status_code == 401
    assert "valid access token" in answer.json()["message"]


def test_a_picture_is_kept_and_needs_the_token(bot: Bot) -> None:
    answer = bot.ask(
        "POST",
        "/v1/messages",
        data={"roomId": bot.room_id, "markdown": "look"},
        files={"files": ("gate.jpg", JPEG, "image/jpeg")},
    )
    path = answer.json()["files"][0].removeprefix(bot.url)
    assert bot.ask("GET", path).content == JPEG
    assert "gate.jpg" in bot.ask("HEAD", path).headers["Content-Disposition"]
    assert requests.get(bot.url + path, timeout=10).status_code == 401


def test_a_reply_belongs_to_a_first_message_of_the_same_room(bot: Bot) -> None:
    first = bot.post(roomId=bot.room_id, text="first").json()
    reply = bot.post(roomId=bot.room_id, text="reply", parentId=first["id"]).json()
    assert reply["parentId"] == first["id"]
    for room_id, parent_id in (
        (bot.room_id, reply["id"]),
        (bot.webex.rooms[1].id, first["id"]),
    ):
        refused = bot.post(roomId=room_id, text="x", parentId=parent_id)
        assert refused.status_code == 400


def test_a_person_gets_a_room_of_two(bot: Bot) -> None:
    for _ in range(2):
        sent = bot.post(toPersonEmail="guard@example.com", text="x").json()
    assert sent["roomType"] == "direct"
    assert titles(bot, "/v1/rooms?type=direct") == ["Gil Guard"]


def test_a_limit_is_reported_in_html(bot: Bot) -> None:
    bot.webex.faults.add(Fault("429", seconds=7))
    answer = bot.ask("GET", "/v1/people/me")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["Content-Type"] == "text/html"


def test_a_fault_after_the_effect_leaves_the_message_there(bot: Bot) -> None:
    bot.webex.faults.add(Fault("reset", after=True))
    with pytest.raises(requests.ConnectionError):
        bot.post(roomId=bot.room_id, text="x")
    assert len(bot.webex.messages) == 1


def test_faults_can_be_caused_over_http(bot: Bot) -> None:
    fault = {"kind": "503-html", "times": -1}
    assert bot.ask("POST", "/fault", json=fault).status_code == 201
    assert bot.ask("GET", "/v1/people/me").status_code == 503
    assert bot.ask("POST", "/fault", json={"kind": "flood"}).status_code == 400
    bot.ask("DELETE", "/fault")
    assert bot.ask("GET", "/v1/people/me").status_code == 200


def test_the_page_shows_threads_and_escapes_what_was_said(bot: Bot) -> None:
    first = bot.post(roomId=bot.room_id, markdown="<script>alert(1)</script>").json()
    bot.post(roomId=bot.room_id, markdown="**below**", parentId=first["id"])
    page = bot.ask("GET", "/").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert page.index("&lt;script&gt;") < page.index("below")
    assert "http://" not in page
    assert "https://" not in page
