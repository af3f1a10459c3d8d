"""What goes wrong with Webex: refusals, odd answers, broken connections."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Response

from mvsnap.clients.webex.client import Webex
from mvsnap.domain import Destination, RoomId
from mvsnap.errors import UpstreamError
from tests.clients.fakes import (
    SECRET_TOKEN,
    answering,
    drip,
    raw_server,
    read_request,
    unused_origin,
)
from tests.clients.webex.stub import StubWebex, as_json, bot, served

TO_A = Destination(room_id=RoomId("ROOM-A"))
HTML = "<html>busy</html>"


def refused(message: str, status: int, **headers: str) -> Response:
    body = {"message": message, "errors": [], "trackingId": "ROUTER_1"}
    return as_json(body, status, **headers)


@pytest.mark.parametrize("with_picture", [False, True], ids=["text", "picture"])
@pytest.mark.parametrize(
    ("answer", "retry", "retry_after_s", "unsure"),
    [
        pytest.param(lambda: refused("Bad", 400), False, None, False, id="400"),
        pytest.param(lambda: refused("No", 401), True, None, False, id="401"),
        pytest.param(lambda: refused("No", 403), False, None, False, id="403"),
        pytest.param(lambda: refused("No room", 404), False, None, False, id="404"),
        pytest.param(lambda: refused("Type", 415), False, None, False, id="415"),
        pytest.param(
            lambda: refused("Scan", 423, **{"Retry-After": "2"}),
            True,
            2.0,
            False,
            id="423",
        ),
        pytest.param(
            lambda: Response("", 429, headers={"Retry-After": "7200"}),
            True,
            3600.0,
            False,
            id="429 for two hours",
        ),
        pytest.param(
            lambda: Response(HTML, 429, headers={"Retry-After": "rand(30),add(30)"}),
            True,
            None,
            False,
            id="429 with garbage",
        ),
        pytest.param(lambda: Response("", 429), True, None, False, id="429 without"),
        pytest.param(lambda: refused("Oops", 500), True, None, True, id="500"),
        pytest.param(lambda: Response(HTML, 502), True, None, False, id="502"),
        pytest.param(lambda: Response(HTML, 503), True, None, False, id="503"),
        pytest.param(lambda: Response("", 504), True, None, True, id="504"),
        pytest.param(lambda: as_json(["x"], 400), False, None, False, id="list"),
        pytest.param(lambda: as_json({"message": 7}, 400), False, None, False, id="7"),
        pytest.param(lambda: Response(HTML, 200), True, None, True, id="login page"),
        pytest.param(lambda: as_json(None), True, None, True, id="null"),
        pytest.param(lambda: as_json({}), True, None, True, id="no id"),
        pytest.param(lambda: as_json([1]), True, None, True, id="200 list"),
        pytest.param(
            lambda: Response("", 302, headers={"Location": "/v1/messages"}),
            False,
            None,
            False,
            id="redirect",
        ),
    ],
)
def test_a_refused_message_says_whether_to_retry(
    tmp_path: Path,
    answer: Callable[[], Response],
    retry: bool,
    retry_after_s: float | None,
    unsure: bool,
    with_picture: bool,
) -> None:
    stub = StubWebex()
    stub.instead = [answer()]
    path = tmp_path / "picture.jpg"
    path.write_bytes(b"x" * 300_000)
    with served(stub) as webex, pytest.raises(UpstreamError) as caught:
        webex.post(TO_A, "x", file=path if with_picture else None)
    error = caught.value
    assert (error.retry, error.retry_after_s, error.unsure) == (
        retry,
        retry_after_s,
        unsure,
    )
    assert len(stub.asked) == 1
    assert error.__cause__ is None
    assert error.__context__ is None


def test_webexs_message_and_the_tracking_id_are_reported() -> None:
    stub = StubWebex()
    stub.instead = [refused("Could not find a room with provided ID.", 404)]
    with served(stub) as webex, pytest.raises(UpstreamError) as caught:
        webex.post(TO_A, "x")
    assert caught.value.message == (
        "Webex cannot find this room, person or message (404): is the bot in the room?:"
        " Could not find a room with provided ID. [tracking id ROUTER_1]"
    )


def test_the_tracking_id_is_also_read_from_the_header() -> None:
    stub = StubWebex()
    stub.instead = [as_json({"message": "x"}, 400, TrackingID="ROUTER_2")]
    with served(stub) as webex, pytest.raises(UpstreamError, match="ROUTER_2"):
        webex.post(TO_A, "x")


@pytest.mark.parametrize("status", [201, 202])
def test_any_2xx_is_a_message_that_was_posted(status: int) -> None:
    stub = StubWebex()
    stub.instead = [as_json({"id": "M"}, status)]
    with served(stub) as webex:
        assert webex.post(TO_A, "x") == "M"


def test_after_a_429_the_same_picture_is_uploaded_whole(tmp_path: Path) -> None:
    stub = StubWebex()
    stub.instead = [Response("", 429, headers={"Retry-After": "1"})]
    path = tmp_path / "picture.jpg"
    path.write_bytes(b"x" * 200_000)
    with served(stub) as webex:
        with pytest.raises(UpstreamError):
            webex.post(TO_A, "x", file=path)
        webex.post(TO_A, "x", file=path)
    assert [len(data) for _, _, data in stub.files] == [200_000]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda: as_json([]), id="a list"),
        pytest.param(lambda: as_json({}), id="no items"),
        pytest.param(lambda: as_json({"items": [{"title": "x"}]}), id="no id"),
        pytest.param(lambda: as_json({"items": [7]}), id="a number for a room"),
        pytest.param(lambda: Response(HTML, 200), id="HTML"),
    ],
)
def test_rooms_that_make_no_sense_are_worth_a_retry(
    answer: Callable[[], Response],
) -> None:
    stub = StubWebex()
    stub.instead = [answer()]
    with served(stub) as webex, pytest.raises(UpstreamError) as caught:
        webex.rooms()
    assert caught.value.retry
    assert not caught.value.unsure


@pytest.mark.parametrize(
    ("link", "words"),
    [
        pytest.param("https://evil.example/v1/rooms?x=1", "another server", id="host"),
        pytest.param("http://127.0.0.1:1/v1/rooms?x=1", "another server", id="port"),
        pytest.param("{own}/v1/rooms?max=1000", "never ends", id="to itself"),
    ],
)
def test_a_next_link_never_takes_the_token_elsewhere_nor_round_in_circles(
    link: str, words: str
) -> None:
    asked: list[str] = []

    def answer(_method: str, path: str) -> Response:
        asked.append(path)
        url = link.replace("{own}", origin)
        return as_json({"items": []}, Link=f'<{url}>; rel="next"')

    with (
        answering(answer) as origin,
        bot(origin) as webex,
        pytest.raises(UpstreamError, match=words) as caught,
    ):
        webex.rooms()
    assert not caught.value.retry
    assert len(asked) == 1


def hang(connection: socket.socket) -> None:
    read_request(connection)
    connection.recv(1)


def hang_up(connection: socket.socket) -> None:
    read_request(connection)


def cut_answer(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")


def never_read(connection: socket.socket) -> None:
    connection.recv(1)


@pytest.mark.parametrize(
    ("talk", "size", "unsure"),
    [
        pytest.param(hang, 0, True, id="hangs"),
        pytest.param(hang, 300_000, True, id="hangs after the upload"),
        pytest.param(drip, 0, True, id="drips"),
        pytest.param(hang_up, 0, True, id="hangs up"),
        pytest.param(cut_answer, 300_000, True, id="cut answer"),
        pytest.param(never_read, 9_000_000, False, id="hangs up within the upload"),
    ],
)
def test_a_message_without_an_answer_may_have_arrived(
    tmp_path: Path, talk: Callable[[socket.socket], None], size: int, unsure: bool
) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(b"x" * size)
    with (
        raw_server(talk) as origin,
        bot(origin, timeout_s=1) as webex,
        pytest.raises(UpstreamError, match="could not be reached") as caught,
    ):
        webex.post(TO_A, "x", file=path if size else None)
    assert caught.value.retry
    assert caught.value.unsure is unsure


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param(unused_origin(), id="refused"),
        pytest.param("http://no-such-host.invalid", id="no such name"),
    ],
)
def test_a_message_that_never_left_is_not_unsure(origin: str) -> None:
    with bot(origin) as webex, pytest.raises(UpstreamError) as caught:
        webex.post(TO_A, "x")
    assert (caught.value.retry, caught.value.unsure) == (True, False)


@pytest.mark.parametrize(
    ("base_url", "token"),
    [
        pytest.param("nonsense", SECRET_TOKEN, id="no URL"),
        pytest.param("https://webexapis.com/v1", "", id="no token"),
        pytest.param("https://webexapis.com/v1", "a\nb", id="token of two lines"),
    ],
)
def test_settings_that_cannot_work_are_reported(base_url: str, token: str) -> None:
    webex = Webex(base_url, token)
    with pytest.raises(UpstreamError, match=r"webex\.bot_token") as caught:
        webex.me()
    webex.close()
    assert not caught.value.retry
