"""The sign of life, at a watcher that answers well, badly, and not at all."""

from __future__ import annotations

import logging
import socket
import time

import pytest
from flask import Response

from mvsnap.clients import heartbeat
from mvsnap.errors import UpstreamError
from tests.clients.fakes import answering, raw_server

SECRET = "5d9f4a0e-not-for-logs"


def ping(origin: str) -> None:
    heartbeat.ping(f"{origin}/ping/{SECRET}?status=up")


def test_a_watcher_is_asked_with_get(caplog: pytest.LogCaptureFixture) -> None:
    asked: list[tuple[str, str]] = []

    def answer(method: str, path: str) -> Response:
        asked.append((method, path))
        return Response("OK")

    caplog.set_level(logging.DEBUG)
    with answering(answer) as origin:
        ping(origin)
    assert asked == [("GET", f"/ping/{SECRET}?status=up")]
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("urllib3")]
    assert SECRET not in "".join(ours)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Response("no such monitor", 404), "it answered 404"),
        (Response("busy", 503), "it answered 503"),
        (Response("", 302, {"Location": "http://127.0.0.1:1/"}), "it answered 302"),
        (Response("OK (not found)"), "does not know this address"),
    ],
)
def test_a_watcher_that_took_no_note(answer: Response, words: str) -> None:
    with (
        answering(lambda _method, _path: answer) as origin,
        pytest.raises(UpstreamError, match=words) as caught,
    ):
        ping(origin)
    assert SECRET not in str(caught.value)


def test_a_watcher_that_is_slow_or_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "_TIMEOUT_S", 0.2)

    def trickle(connection: socket.socket) -> None:
        """Bytes come, but the answer never ends."""
        connection.recv(1000)
        while True:
            connection.sendall(b"H")
            time.sleep(0.05)

    with raw_server(trickle) as origin, pytest.raises(UpstreamError) as slow:
        ping(origin)
    with pytest.raises(UpstreamError) as away:
        ping(origin)
    assert SECRET not in f"{slow.value}{away.value}"


def test_an_address_that_cannot_be_asked() -> None:
    with pytest.raises(UpstreamError, match="heartbeat"):
        heartbeat.ping(f"http://[bad/{SECRET}")
