"""The simulated Webex uses the real one's texts, literally."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from mvsnap.simulator.faults import KINDS, Fault
from mvsnap.simulator.server import serve
from mvsnap.simulator.webex.app import webex_app
from mvsnap.simulator.webex.model import new_id
from mvsnap.simulator.webex.webex import FakeWebex

JSON = "application/json;charset=UTF-8"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
DESTINATION = (
    "Message destination could not be determined. Provide only one destination in the "
    "roomId, toPersonEmail, or toPersonId field"
)
TOKEN = (
    "The request requires a valid access token set in the Authorization request header."
)


@pytest.fixture
def webex() -> FakeWebex:
    return FakeWebex(rooms=("A",))


@pytest.fixture
def origin(webex: FakeWebex) -> Iterator[str]:
    with serve(webex_app(webex)) as url:
        yield url


def ask(
    webex: FakeWebex, url: str, method: str = "GET", **given: Any
) -> requests.Response:
    headers = {"Authorization": f"Bearer {webex.bot_token}"} | given.pop("headers", {})
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, headers=headers, timeout=10, **given)


def assert_refusal(answer: requests.Response, status: int, words: str) -> None:
    tracking_id = answer.headers["TrackingID"]
    assert tracking_id.startswith("ROUTERGW_")
    assert answer.headers["Content-Type"] == JSON
    assert answer.headers["Cache-Control"] == "no-cache"
    assert (answer.status_code, answer.json()) == (
        status,
        {
            "message": words,
            "errors": [{"description": words}],
            "trackingId": tracking_id,
        },
    )


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param("Bearer wrong", id="wrong"),
        pytest.param("", id="none"),
        pytest.param("simulated-bot-token", id="no scheme"),
        pytest.param("Basic simulated-bot-token", id="another scheme"),
    ],
)
def test_without_the_token_nothing_is_revealed(
    webex: FakeWebex, origin: str, authorization: str
) -> None:
    for path in ("/v1/people/me", "/v1/rooms", "/v1/contents/x", "/v1/nothing"):
        headers = {"Authorization": authorization}
        answer = ask(webex, origin + path, headers=headers)
        assert_refusal(answer, 401, TOKEN)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/v1/nothing", 404, "The requested resource could not be found."),
        (
            f"/v1/messages/{new_id('MESSAGE')}",
            404,
            "The requested resource could not be found.",
        ),
        (
            f"/v1/rooms/{new_id('ROOM')}",
            404,
            "Could not find a room with provided ID.",
        ),
        ("/v1/rooms/short", 400, "Expect base64 ID or UUID."),
        (
            "/v1/people",
            400,
            "Email, displayName, or id list should be specified.",
        ),
        (
            "/v1/messages",
            400,
            "Required String parameter 'roomId' is not present",
        ),
        ("/v1/messages?roomId=GROUP", 403, "Failed to get activity."),
    ],
    # Named here: new_id() differs in each process of pytest-xdist.
    ids=["path", "message", "room", "id", "people", "no room", "group messages"],
)
def test_a_question_it_does_not_answer(
    webex: FakeWebex, origin: str, path: str, status: int, words: str
) -> None:
    path = path.replace("GROUP", webex.rooms[0].id)
    assert_refusal(ask(webex, origin + path), status, words)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        pytest.param({"text": "x"}, 400, DESTINATION, id="no destination"),
        pytest.param(
            {"roomId": "ROOM", "toPersonEmail": "guard@example.com", "text": "x"},
            400,
            DESTINATION,
            id="two destinations",
        ),
        pytest.param(
            {"roomId": "ROOM"}, 400, "Both text and file cannot be empty.", id="empty"
        ),
        pytest.param(
            {"roomId": "OTHER", "text": "x"},
            404,
            "Could not find a room with provided ID.",
            id="a room it is not in",
        ),
        pytest.param(
            {"toPersonEmail": "nobody@example.com", "text": "x"},
            404,
            "Failed to find user with specified email address.",
            id="nobody",
        ),
        pytest.param(
            {"roomId": "ROOM", "files": ["http://127.0.0.1:9/x.jpg"]},
            400,
            "Unable to retrieve content.",
            id="a file that is not there",
        ),
    ],
)
@pytest.mark.parametrize("how", ["json", "data"], ids=["JSON", "multipart"])
def test_a_message_it_does_not_take(
    webex: FakeWebex,
    origin: str,
    how: str,
    body: dict[str, Any],
    status: int,
    words: str,
) -> None:
    if how == "data" and "files" in body:
        body = {"roomId": body["roomId"]}
        words = "Both text and file cannot be empty."
    rooms = {"ROOM": webex.rooms[0].id, "OTHER": webex.add_room("B", member=False)}
    if "roomId" in body:
        body = body | {"roomId": rooms[body["roomId"]]}
    given: dict[str, Any] = {how: body}
    if how == "data":
        given["files"] = {"nothing": ("", b"")}
    answer = ask(webex, f"{origin}/v1/messages", "POST", **given)
    assert_refusal(answer, status, words)
    assert webex.messages == []


def test_a_plain_text_body_is_not_supported(webex: FakeWebex, origin: str) -> None:
    headers = {"Content-Type": "text/plain"}
    answer = ask(webex, f"{origin}/v1/messages", "POST", data="x", headers=headers)
    assert_refusal(answer, 415, "Content type 'text/plain' not supported")


@pytest.mark.parametrize("field", ["text", "markdown"])
@pytest.mark.parametrize(
    ("content", "status"),
    [
        pytest.param("x" * 7439, 200, id="7439 letters"),
        pytest.param("ä" * 3719 + "x", 200, id="7439 bytes"),
        pytest.param("x" * 7440, 400, id="one byte more"),
        pytest.param("ä" * 3720, 400, id="one byte more, fewer letters"),
    ],
)
def test_a_message_has_at_most_7439_bytes(
    webex: FakeWebex, origin: str, field: str, content: str, status: int
) -> None:
    body = {"roomId": webex.rooms[0].id, field: content}
    answer = ask(webex, f"{origin}/v1/messages", "POST", json=body)
    assert answer.status_code == status


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kind", sorted(KINDS - {"reset", "slow"}))
def test_every_answer_has_a_tracking_id_also_a_faulty_one(
    webex: FakeWebex, origin: str, kind: str, after: bool
) -> None:
    webex.faults.add(Fault(kind, after=after))
    answer = ask(webex, f"{origin}/v1/people/me")
    assert answer.headers["TrackingID"].startswith("ROUTERGW_")
    if kind in ("401", "502"):
        assert answer.json()["trackingId"] == answer.headers["TrackingID"]


def test_a_room_has_the_documented_keys_and_moments(
    webex: FakeWebex, origin: str
) -> None:
    (room,) = ask(webex, f"{origin}/v1/rooms").json()["items"]
    always = "id title type isLocked lastActivity creatorId created ownerId isPublic"
    assert set(room) == {*always.split(), "isReadOnly"}
    assert MOMENT.fullmatch(room["created"])
    assert MOMENT.fullmatch(room["lastActivity"])


def test_a_message_has_the_documented_keys_and_moment(
    webex: FakeWebex, origin: str
) -> None:
    body = {"roomId": webex.rooms[0].id, "markdown": "**Gate 3** snapshot"}
    message = ask(webex, f"{origin}/v1/messages", "POST", json=body).json()
    assert MOMENT.fullmatch(message.pop("created"))
    assert message.pop("id") == webex.messages[0].id
    assert message == body | {
        "roomType": "group",
        "text": "Gate 3 snapshot",
        "html": "<strong>Gate 3</strong> snapshot",
        "personId": webex.bot_id,
        "personEmail": "mvsnap@webex.bot",
    }


def test_the_head_of_a_file_says_what_it_is(webex: FakeWebex, origin: str) -> None:
    given = {
        "data": {"roomId": webex.rooms[0].id},
        "files": {"files": ("gate 3.png", b"\x89PNG", "image/png")},
    }
    sent = ask(webex, f"{origin}/v1/messages", "POST", **given).json()
    head = ask(webex, sent["files"][0], "HEAD").headers
    assert head["Content-Disposition"] == 'attachment; filename="gate 3.png"'
    assert (head["Content-Type"], head["Content-Length"]) == ("image/png", "4")


@pytest.mark.parametrize(
    ("wanted", "given"),
    [("0", [1, 1, 1]), ("2", [2, 1]), ("5000", [2, 1]), ("many", [2, 1])],
)
def test_a_page_size_out_of_range_is_clamped_without_a_word(
    wanted: str, given: list[int]
) -> None:
    webex = FakeWebex(rooms=("A", "B", "C"), page_max=2)
    sizes = []
    with serve(webex_app(webex)) as origin:
        url = f"{origin}/v1/rooms?max={wanted}"
        while url:
            answer = ask(webex, url)
            assert answer.status_code == 200
            sizes.append(len(answer.json()["items"]))
            url = answer.links.get("next", {}).get("url", "")
            assert url.startswith(origin) or not url
            assert "&before&" in url or not url
    assert sizes == given


def test_two_people_of_one_name_have_a_room_each(webex: FakeWebex, origin: str) -> None:
    webex.people = {"a@example.com": "Sam", "b@example.com": "Sam"}
    room_ids = []
    for email in (*webex.people, *webex.people):
        body = {"toPersonEmail": email, "text": "x"}
        sent = ask(webex, f"{origin}/v1/messages", "POST", json=body).json()
        assert (sent["roomType"], sent["toPersonEmail"]) == ("direct", email)
        room_ids.append(sent["roomId"])
    assert room_ids[:2] == room_ids[2:]
    assert len(set(room_ids)) == 2
    listed = ask(webex, f"{origin}/v1/messages?roomId={room_ids[0]}").json()["items"]
    assert [message["roomId"] for message in listed] == room_ids[:1] * 2


def test_first_messages_at_once_make_one_room(webex: FakeWebex, origin: str) -> None:
    body = {"toPersonEmail": "guard@example.com", "text": "x"}
    go = threading.Barrier(8)

    def post() -> None:
        go.wait()
        ask(webex, f"{origin}/v1/messages", "POST", json=body)

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [room.title for room in webex.rooms] == ["A", "Gil Guard"]
    assert len(webex.messages) == 8


def test_an_upload_without_its_body_is_given_up(webex: FakeWebex) -> None:
    """What the SDK sends when it repeats an upload: the length, and nothing else."""
    head = (
        "POST /v1/messages HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {webex.bot_token}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n"
        "Content-Length: 250000\r\n\r\n"
    )
    with serve(webex_app(webex), silence_s=0.3) as origin:
        place = ("127.0.0.1", int(origin.rpartition(":")[2]))
        with socket.create_connection(place, timeout=20) as client:
            client.sendall(head.encode())
            assert client.recv(100).startswith(b"HTTP/1.1 400")
        assert ask(webex, f"{origin}/v1/people/me").status_code == 200
    assert webex.messages == []
