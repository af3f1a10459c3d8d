"""No key, token or picture URL appears in any error, repr or log line."""

from __future__ import annotations

import logging
import socket
import traceback
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from flask import Response

from mvsnap.clients.meraki.dashboard import Dashboard, SnapshotTicket
from mvsnap.clients.webex.client import Webex
from mvsnap.domain import Destination, RoomId
from mvsnap.errors import MvsnapError
from tests.clients.fakes import (
    SECRET_KEY,
    SECRET_TOKEN,
    SERIAL,
    FakeClock,
    answering,
    drip,
    picture,
    raw_server,
    read_request,
    unused_origin,
)

PATH = "stream/jpeg/snapshot/very-secret-picture"
SECRETS = (SECRET_KEY, SECRET_TOKEN, "very-secret-picture")


def bad_headers(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nBad Header\r\n: x\r\n\r\nx")


def origins() -> Iterator[str]:
    """Yield servers that fail in every way: refuse, reset, babble, echo."""
    yield unused_origin()
    yield "http://no-such-host.invalid"
    yield "nonsense"
    for talk in (drip, bad_headers, read_request):
        with raw_server(talk) as origin:  # type: ignore[arg-type]  # result unused
            yield origin
    for status in (200, 302, 400, 401, 403, 404, 423, 429, 500, 503):
        with answering(partial(echo, status)) as origin:
            yield origin


def echo(status: int, _method: str, path: str) -> Response:
    """Return an answer that repeats what it was sent."""
    secret = SECRET_TOKEN if path.startswith("/v1/") else SECRET_KEY
    said = f"bad key {secret} for https://spn4.meraki.com/{PATH}"
    body = f'{{"errors": ["{said}"], "message": "{said}", "url": 7}}'
    headers = {"Location": f"https://evil.example/{PATH}", "TrackingID": secret}
    return Response(body, status, content_type="application/json", headers=headers)


def test_no_secret_is_revealed(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    for origin in origins():
        told += troubles(origin, tmp_path)
    told += [record.getMessage() for record in caplog.records]
    told += [record.exc_text or "" for record in caplog.records]
    assert len(told) > 80
    for text in told:
        assert not any(secret in text for secret in (*SECRETS, str(tmp_path))), text


def test_a_picture_that_is_fetched_leaves_no_trace_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with (
        answering(lambda *_: Response(picture())) as origin,
        closing(Dashboard(origin, SECRET_KEY, clock=FakeClock())) as dashboard,
    ):
        dashboard.fetch_picture(SnapshotTicket(f"{origin}/{PATH}"))
    assert "very-secret-picture" not in caplog.text


def troubles(origin: str, tmp_path: Path) -> list[str]:
    """Call everything against `origin` and return the texts of all errors."""
    jpeg = tmp_path / "private.jpg"
    jpeg.write_bytes(b"x")
    ticket = SnapshotTicket(f"{origin}/{PATH}")
    room = Destination(room_id=RoomId("R"))
    webex = Webex(f"{origin}/v1", SECRET_TOKEN, timeout_s=1)
    dashboard = Dashboard(origin, SECRET_KEY, clock=FakeClock(), timeout_s=0.2)
    told = [repr(ticket), repr(webex), repr(dashboard), str(ticket)]
    with closing(webex), closing(dashboard):
        for call in (
            lambda: dashboard.request_snapshot(SERIAL),
            lambda: dashboard.organizations(),
            lambda: dashboard.fetch_picture(ticket, limit_s=0.5),
            lambda: webex.me(),
            lambda: webex.resolve("x"),
            lambda: webex.post(room, "x", file=jpeg),
        ):
            try:
                call()
            except MvsnapError as exc:
                told += [str(exc), repr(exc), repr(vars(exc)), repr(exc.__context__)]
                told += traceback.format_exception(exc)
    return told
