"""The simulated list of rooms keeps order and filter over all pages."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from mvsnap.simulator.server import serve
from mvsnap.simulator.webex.app import webex_app
from mvsnap.simulator.webex.webex import FakeWebex


def pages(webex: FakeWebex, **query: str) -> list[list[str]]:
    """Return the titles on each page, as a client that follows `next` sees them."""
    found: list[list[str]] = []
    with serve(webex_app(webex)) as origin, requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {webex.bot_token}"
        answer = session.get(f"{origin}/v1/rooms", params=query, timeout=10)
        while True:
            found.append([room["title"] for room in answer.json()["items"]])
            if "next" not in answer.links:
                return found
            answer = session.get(answer.links["next"]["url"], timeout=10)


def ask(webex: FakeWebex, path: str) -> Any:
    with serve(webex_app(webex)) as origin:
        headers = {"Authorization": f"Bearer {webex.bot_token}"}
        return requests.get(origin + path, headers=headers, timeout=10)


def test_the_next_page_is_of_the_same_type() -> None:
    webex = FakeWebex(rooms=("A", "B", "C"))
    for name in ("Ann", "Bob", "Cy"):
        webex.add_room(name, type="direct")
    assert pages(webex, max="2", type="direct") == [["Ann", "Bob"], ["Cy"]]


def test_the_newest_activity_comes_first_on_request() -> None:
    webex = FakeWebex(rooms=("A", "B", "C"))
    webex.rooms[1].last_activity = webex.rooms[2].last_activity.replace(year=2099)
    assert pages(webex, max="2", sortBy="lastactivity")[0][0] == "B"
    assert pages(webex, sortBy="created") == [["C", "B", "A"]]


def test_a_room_the_bot_is_not_in_is_not_there() -> None:
    webex = FakeWebex(rooms=("A",))
    room_id = webex.add_room("B", member=False)
    assert pages(webex) == [["A"]]
    assert ask(webex, f"/v1/rooms/{room_id}").status_code == 404


def test_a_room_is_the_same_at_every_request() -> None:
    webex = FakeWebex(rooms=("A",))
    path = f"/v1/rooms/{webex.rooms[0].id}"
    assert ask(webex, path).json() == ask(webex, path).json()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/rooms?cursor=nonsense!", 400),
        ("/v1/rooms?sortBy=colour", 400),
        ("/v1/rooms/x", 400),
        ("/v1/nothing", 404),
    ],
)
def test_a_wrong_question_gets_webexs_own_kind_of_no(path: str, status: int) -> None:
    answer = ask(FakeWebex(), path)
    assert answer.status_code == status
    assert answer.json()["trackingId"] == answer.headers["TrackingID"]
