from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest

from mvsnap.badges.directory_client import DirectoryClient
from mvsnap.clients import connections
from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clients.webex.client import Webex
from mvsnap.domain import Destination, RoomId
from mvsnap.errors import UpstreamError
from tests.clients.fakes import FakeClock, drip, in_time, raw_server, read_request
from tests.clients.webex.stub import bot

BODY = b'{"name": "A", "displayName": "A"}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY)


class KeepAlive:
    """Answers on one connection again and again, after `answers` it hangs."""

    def __init__(self, *, answers: int) -> None:
        self.answers = answers
        self.connections = 0

    def talk(self, connection: socket.socket) -> None:
        self.connections += 1
        for _ in range(self.answers):
            read_request(connection)
            connection.sendall(HEAD + BODY)
        read_request(connection)
        connection.recv(1)


def test_a_connection_is_used_again_and_still_cut_when_it_hangs() -> None:
    server = KeepAlive(answers=2)
    with (
        raw_server(server.talk) as origin,
        closing(Dashboard(origin, "key", clock=FakeClock())) as dashboard,
    ):
        assert [dashboard.whoami(), dashboard.whoami()] == ["A", "A"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dashboard._calls, "_timeout_s", 0.3)
            with pytest.raises(UpstreamError, match=r"within 0\.3 s"):
                dashboard.whoami()
        assert server.connections == 1
        # What was cut is not used again.
        assert dashboard.whoami() == "A"
    assert server.connections == 2


def test_after_a_pause_webex_is_asked_over_a_new_connection() -> None:
    server = KeepAlive(answers=9)
    with raw_server(server.talk) as origin, bot(origin) as webex:
        webex.me()
        webex.me()
        assert server.connections == 1
        webex._used_at -= 31
        webex.me()
    assert server.connections == 2


def test_the_webex_sdk_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, mvsnap.clients.webex.client as w; w.Webex('http://x/v1', 't');"
    code += "assert 'webexteamssdk' not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_a_message_through_a_proxy_that_hangs_may_have_arrived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = KeepAlive(answers=0)
    with raw_server(server.talk) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        webex = Webex("http://webex.invalid/v1", "token", timeout_s=1)
        with closing(webex), pytest.raises(UpstreamError, match="within 1 s") as caught:
            webex.post(Destination(room_id=RoomId("R")), "x")
    assert (caught.value.retry, caught.value.unsure) == (True, True)


def test_a_proxy_that_drips_its_answer_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It opens the way to the host: nobody has answered the request itself."""
    talk = partial(drip, head=b"HTTP/1.1 200 OK\r\nX: ")
    with raw_server(talk) as proxy:
        monkeypatch.setenv("https_proxy", proxy)
        webex = Webex("https://webex.invalid/v1", "token", timeout_s=1)
        with closing(webex), pytest.raises(UpstreamError, match="within 1 s"):
            in_time(webex.me)


def test_an_address_that_nobody_answers_at_costs_no_more_than_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second address answers for ever, after the time of all was over."""
    talk = partial(drip, head=b"HTTP/1.1 200 OK\r\n\r\n")
    real = socket.getaddrinfo

    def found(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        hosts = ["127.0.0.2", "127.0.0.1"] if host == "photos.example" else [host]
        return [each for one in hosts for each in real(one, port, *more, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setattr(connections, "is_near", lambda _: False)
    with raw_server(talk) as origin, silent(urlsplit(origin).port or 0) as port:
        place = f"photos.example:{port}"
        photos = DirectoryClient((place,), timeout_s=0.5)
        webex = Webex(f"http://{place}/v1", "token", timeout_s=1)
        for work in (partial(photos.photo, f"http://{place}/1.jpg"), webex.me):
            with pytest.raises(UpstreamError):
                in_time(work)
        webex.close()


@contextmanager
def silent(port: int) -> Iterator[int]:
    """At 127.0.0.2: a server whose queue is full; nobody gets an answer."""
    with ExitStack() as held:
        listening = held.enter_context(
            socket.create_server(("127.0.0.2", port), backlog=0)
        )
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(listening.getsockname())
        yield port
