"""Dashboard answers that no simulator gives: stubs over real HTTP."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from typing import Any

import pytest
from flask import Response

from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clock import SystemClock
from mvsnap.domain import Zone
from mvsnap.errors import UpstreamError
from tests.clients.fakes import (
    SERIAL,
    FakeClock,
    answering,
    drip,
    raw_server,
    read_request,
    unused_origin,
)


def client(
    origin: str, *, timeout_s: float = 5, key: str = "key"
) -> AbstractContextManager[Dashboard]:
    return closing(Dashboard(origin, key, clock=FakeClock(), timeout_s=timeout_s))


def as_json(data: Any, status: int = 200, **headers: str) -> Response:
    return Response(
        json.dumps(data), status, content_type="application/json", headers=headers
    )


def paged(link: Callable[[str], str]) -> Callable[[str, str], Response]:
    def answer(_method: str, path: str) -> Response:
        page = int(path.partition("page=")[2] or 0)
        header = link(f"page={page + 1}")
        rows = [{"id": str(page), "name": f"Organization {page}"}]
        return as_json(rows, Link=header) if page < 2 else as_json(rows)

    return answer


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(
            lambda q: (
                f"</organizations?x=1>; rel=first, </organizations?{q}>; rel=next"
            ),
            id="relative, unquoted",
        ),
        pytest.param(lambda q: f'<?{q}>; rel="next"', id="query only, quoted"),
    ],
)
def test_next_links_are_followed_as_they_are(link: Callable[[str], str]) -> None:
    with answering(paged(link)) as origin, client(origin) as dashboard:
        assert [o.id for o in dashboard.organizations()] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("link", "words"),
    [
        pytest.param("<https://evil.example/x>; rel=next", "not one of", id="foreign"),
        pytest.param("</organizations>; rel=next", "never ends", id="to itself"),
    ],
)
def test_a_next_link_that_leads_nowhere_good_is_refused(link: str, words: str) -> None:
    with (
        answering(lambda *_: as_json([], Link=link)) as origin,
        client(origin) as dashboard,
        pytest.raises(UpstreamError, match=words) as caught,
    ):
        dashboard.organizations()
    assert not caught.value.retry


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("https://evil.example/api/v1", id="another host"),
        pytest.param("http://api.meraki.com/api/v1", id="Meraki without TLS"),
        pytest.param("https://api.meraki.com@evil.example/", id="disguised"),
        pytest.param("http://127.0.0.1:1/api/v1", id="another port of this machine"),
        pytest.param("", id="nowhere"),
    ],
)
def test_a_redirect_elsewhere_is_refused_and_nothing_sent_there(location: str) -> None:
    answer = as_json({}, 302, Location=location) if location else as_json({}, 302)
    with (
        answering(lambda *_: answer) as origin,
        client(origin) as dashboard,
        pytest.raises(UpstreamError, match="redirect") as caught,
    ):
        dashboard.whoami()
    assert not caught.value.retry


def test_redirects_to_the_same_origin_end_after_five() -> None:
    asked: list[str] = []

    def answer(_method: str, path: str) -> Response:
        asked.append(path)
        return as_json({}, 307, Location=f"/hop{len(asked)}")

    with (
        answering(answer) as origin,
        client(origin) as dashboard,
        pytest.raises(UpstreamError, match="more than 5 times"),
    ):
        dashboard.whoami()
    assert len(asked) == 6


@pytest.mark.parametrize(
    ("answer", "retry", "words"),
    [
        pytest.param(as_json({"errors": ["Bad x"]}, 400), False, "Bad x", id="400"),
        pytest.param(as_json({"errors": "text"}, 400), False, "text", id="no list"),
        pytest.param(as_json({"error": "word"}, 400), False, "word", id="error"),
        pytest.param(as_json({"message": "word"}, 400), False, "word", id="message"),
        pytest.param(as_json(["word"], 400), False, "word", id="a list"),
        pytest.param(Response("word", 400), False, "word", id="plain text"),
        pytest.param(
            as_json({"error": {"message": "No video"}}, 400), True, "moment", id="inner"
        ),
        pytest.param(as_json({"message": "IP"}, 403), False, "IP", id="403 message"),
        pytest.param(as_json({"error": "gone"}, 404), False, "gone", id="404 error"),
        pytest.param(as_json(["slow"], 429), True, "slow", id="429 list"),
        pytest.param(Response("<p>No", 400), False, "No", id="HTML 400"),
        pytest.param(
            Response("<h1>400 Bad Request</h1>", 400),
            False,
            "no reason given",
            id="HTML of a web server",
        ),
        pytest.param(Response("", 400), False, "no reason given", id="empty 400"),
        pytest.param(as_json({}, 403), False, "right to view", id="403"),
        pytest.param(as_json({}, 418), False, "418", id="an odd status"),
        pytest.param(Response("", 504), True, "504", id="empty 504"),
        pytest.param(Response("", 200), True, "without JSON", id="empty 200"),
        pytest.param(Response("", 204), True, "without JSON", id="204"),
        pytest.param(as_json([1]), True, "than an object", id="a list for an object"),
        pytest.param(as_json({}), True, "no link", id="no url"),
        pytest.param(as_json({"url": 7}), True, "no link", id="url is a number"),
    ],
)
def test_odd_answers_to_a_snapshot_become_words(
    answer: Response, retry: bool, words: str
) -> None:
    with (
        answering(lambda *_: answer) as origin,
        client(origin) as dashboard,
        pytest.raises(UpstreamError, match=words) as caught,
    ):
        dashboard.request_snapshot(SERIAL)
    assert caught.value.retry is retry


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_2xx_accepts_a_snapshot(status: int) -> None:
    accepted = as_json({"url": "https://x.example/p", "expiry": "soon"}, status)
    with answering(lambda *_: accepted) as origin, client(origin) as dashboard:
        ticket = dashboard.request_snapshot(SERIAL)
    assert (ticket.url, ticket.expires_at) == ("https://x.example/p", None)


def test_zones_are_read_by_either_name_of_their_id() -> None:
    rows = [{"zoneId": 7, "label": "Door"}, {"id": "0"}, "no row"]
    with answering(lambda *_: as_json(rows)) as origin, client(origin) as dashboard:
        assert dashboard.zones(SERIAL) == [Zone("7", "Door"), Zone("0", "")]


def test_a_list_wrapped_in_items_is_read_and_bad_rows_are_skipped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows = {"items": [{"serial": SERIAL, "name": " "}, {"serial": None}], "meta": {}}
    with answering(lambda *_: as_json(rows)) as origin, client(origin) as dashboard:
        (camera,) = dashboard.cameras("1")
    assert (camera.name, camera.status) == (SERIAL, "unknown")
    assert "without a usable serial" in caplog.text


def hang(connection: socket.socket) -> None:
    read_request(connection)
    connection.recv(1)


def hang_up(connection: socket.socket) -> None:
    read_request(connection)


def drip_body(connection: socket.socket) -> None:
    drip(connection, head=b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(hang, id="hangs"),
        pytest.param(drip, id="drips its headers"),
        pytest.param(drip_body, id="drips its body"),
    ],
)
def test_a_server_that_never_ends_is_cut(talk: Callable[[socket.socket], None]) -> None:
    with (
        raw_server(talk) as origin,
        client(origin, timeout_s=0.3) as dashboard,
        pytest.raises(UpstreamError, match=r"within 0\.3 s") as caught,
    ):
        dashboard.whoami()
    assert caught.value.retry


def test_a_connection_that_breaks_is_worth_a_retry() -> None:
    with (
        raw_server(hang_up) as origin,
        client(origin) as dashboard,
        pytest.raises(UpstreamError, match="the connection broke") as caught,
    ):
        dashboard.whoami()
    assert caught.value.retry


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        pytest.param(unused_origin(), "connection refused", id="nobody listens"),
        pytest.param("http://no-such-host.invalid", "not found", id="no such name"),
    ],
)
def test_a_cloud_out_of_reach_is_worth_a_retry(origin: str, words: str) -> None:
    with client(origin) as dashboard, pytest.raises(UpstreamError) as caught:
        dashboard.whoami()
    assert words in caught.value.message
    assert caught.value.retry


@pytest.mark.parametrize(
    ("base_url", "key"),
    [
        pytest.param("http://127.0.0.1:1", "two\nlines", id="a key of two lines"),
        pytest.param("http://127.0.0.1:1", "schlüßel€", id="a key beyond latin 1"),
        pytest.param("nonsense", "key", id="no URL"),
        pytest.param("http://", "key", id="no host"),
    ],
)
def test_settings_that_cannot_work_are_not_tried_again(base_url: str, key: str) -> None:
    with raw_server(hang) as origin:
        url = base_url.replace("http://127.0.0.1:1", origin)
        with (
            client(url, key=key) as dashboard,
            pytest.raises(UpstreamError, match="could not be built") as caught,
        ):
            dashboard.whoami()
    assert not caught.value.retry
    assert key not in str(caught.value) or key == "key"


def test_the_environment_neither_diverts_nor_signs_a_call(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", unused_origin())
    signed: list[str] = []

    def answer(_method: str, _path: str) -> Response:
        from flask import request

        signed.append(request.headers["Authorization"])
        return as_json({"name": "A", "email": None})

    with answering(answer) as origin, client(origin) as dashboard:
        assert dashboard.whoami() == "A"
    assert signed == ["Bearer key"]


def test_a_stop_ends_a_call_that_waits_for_its_turn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    clock = SystemClock()
    clock.stop()
    with (
        answering(lambda *_: as_json({"name": "A"})) as origin,
        closing(Dashboard(origin, "key", clock=clock, requests_per_s=0.1)) as dashboard,
    ):
        dashboard.whoami()
        with pytest.raises(UpstreamError, match="stopping"):
            dashboard.whoami()
