from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import closing

import pytest

from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clients.webex.client import Webex
from mvsnap.domain import Destination, RoomId
from mvsnap.errors import UpstreamError
from tests.clients.fakes import FakeClock, raw_server, read_request
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
