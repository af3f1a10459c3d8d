from __future__ import annotations

import socket
import struct
import time
from contextlib import AbstractContextManager, closing

import pytest
from flask import Response

from mvsnap.clients.meraki.dashboard import Dashboard, SnapshotTicket
from mvsnap.clock import SystemClock
from mvsnap.errors import NoPicture
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from tests.clients.fakes import (
    SERIAL,
    FakeClock,
    answering,
    drip,
    picture,
    raw_server,
    unused_origin,
)

JPEG = picture()


def client(
    clock: FakeClock | SystemClock, *, timeout_s: float = 5
) -> AbstractContextManager[Dashboard]:
    return closing(
        Dashboard(
            "https://api.meraki.com/api/v1", "key", clock=clock, timeout_s=timeout_s
        )
    )


@pytest.mark.parametrize(
    "not_ready",
    [
        pytest.param(Response("", 404), id="empty 404"),
        pytest.param(Response("", 202), id="202"),
        pytest.param(Response(JPEG[:-9], 206), id="a part"),
        pytest.param(Response("<html>", 200), id="HTML"),
        pytest.param(Response("<html>busy", 503), id="503"),
        pytest.param(Response(JPEG[:-9], 200, content_type="image/jpeg"), id="cut"),
        pytest.param(Response(b"", 200), id="empty 200"),
        pytest.param(Response("", 403), id="403"),
    ],
)
def test_an_incomplete_picture_is_requested_again(not_ready: Response) -> None:
    answers = [not_ready, not_ready, Response(JPEG + b"\x00\x00")]
    clock = FakeClock()
    with answering(lambda *_: answers.pop(0)) as origin, client(clock) as dashboard:
        assert dashboard.fetch_picture(SnapshotTicket(origin)) == JPEG + b"\x00\x00"
    assert clock.asleep == [pytest.approx(0.2), pytest.approx(0.2)]


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206])
@pytest.mark.parametrize("kind", ["image/jpeg", "text/html"])
def test_a_whole_picture_is_the_picture_whatever_2xx_it_comes_with(
    status: int, kind: str
) -> None:
    answer = Response(JPEG, status, content_type=kind)
    with answering(lambda *_: answer) as origin, client(FakeClock()) as dashboard:
        assert dashboard.fetch_picture(SnapshotTicket(origin), limit_s=1) == JPEG


def test_a_picture_that_is_too_large_is_refused_at_once() -> None:
    at = JPEG.index(b"\xff\xc0") + 5
    huge = JPEG[:at] + struct.pack(">HH", 13000, 13000) + JPEG[at + 4 :]
    clock = FakeClock()
    with (
        answering(lambda *_: Response(huge)) as origin,
        client(clock) as dashboard,
        pytest.raises(NoPicture, match="picture too large: 13000 x 13000") as refused,
    ):
        dashboard.fetch_picture(SnapshotTicket(origin), limit_s=1)
    assert (refused.value.retry, clock.asleep) == (False, [])


@pytest.mark.parametrize("status", [404, 403, 500])
def test_a_picture_with_an_error_is_none(status: int) -> None:
    answer = Response(JPEG, status, content_type="image/jpeg")
    with (
        answering(lambda *_: answer) as origin,
        client(FakeClock()) as dashboard,
        pytest.raises(NoPicture, match=f"last answer: {status}"),
    ):
        dashboard.fetch_picture(SnapshotTicket(origin), limit_s=1)


def test_the_pauses_grow_after_five_seconds_up_to_one() -> None:
    clock = FakeClock()
    with (
        answering(lambda *_: Response("", 404)) as origin,
        client(clock) as dashboard,
        pytest.raises(
            NoPicture, match=r"no picture within 1 min \(last answer: 404\)"
        ) as caught,
    ):
        dashboard.fetch_picture(SnapshotTicket(origin))
    assert caught.value.retry
    assert sum(clock.asleep) == pytest.approx(60)
    assert clock.asleep[:25] == [pytest.approx(0.2)] * 25
    assert clock.asleep[25:-1] == sorted(clock.asleep[25:-1])
    assert clock.asleep[-2] == 1.0
    assert len(clock.asleep) < 90


def test_a_picture_is_noticed_soon_after_it_is_there() -> None:
    clock = FakeClock()

    def camera(*_: str) -> Response:
        is_there = sum(clock.asleep) >= 0.5
        return Response(JPEG) if is_there else Response("", 404)

    with answering(camera) as origin, client(clock) as dashboard:
        assert dashboard.fetch_picture(SnapshotTicket(origin)) == JPEG
    assert 0.5 <= sum(clock.asleep) < 0.8


@pytest.mark.parametrize("kind", ["never", "html", "truncated"])
def test_a_camera_that_never_uploads_ends_at_the_deadline(
    dashboard: Dashboard, fake_dashboard: FakeDashboard, kind: str
) -> None:
    fake_dashboard.cameras[SERIAL].picture = kind
    ticket = dashboard.request_snapshot(SERIAL)
    with pytest.raises(NoPicture, match=r"within 0\.5 s") as caught:
        dashboard.fetch_picture(ticket, limit_s=0.5)
    assert caught.value.retry


def dripping_jpeg(connection: socket.socket) -> None:
    drip(connection, head=b"HTTP/1.1 200 OK\r\n\r\n" + JPEG[:100])


@pytest.mark.parametrize("talk", [drip, dripping_jpeg])
def test_a_host_that_drips_is_cut_at_the_deadline(talk: object) -> None:
    began = time.monotonic()
    with (
        raw_server(talk) as origin,  # type: ignore[arg-type]  # parametrised functions
        client(SystemClock()) as dashboard,
        pytest.raises(NoPicture, match="no complete answer") as caught,
    ):
        dashboard.fetch_picture(SnapshotTicket(origin), limit_s=0.4)
    assert caught.value.retry
    assert time.monotonic() - began < 10  # it drips without end


def test_a_host_out_of_reach_is_asked_until_the_deadline() -> None:
    with client(FakeClock()) as dashboard, pytest.raises(NoPicture) as caught:
        dashboard.fetch_picture(SnapshotTicket(unused_origin()), limit_s=3)
    assert "refused" in caught.value.message
    assert caught.value.retry


def test_an_endless_body_is_not_read() -> None:
    def endless(_method: str, _path: str) -> Response:
        megabyte = b"\xff" * 1024 * 1024
        return Response(megabyte for _ in range(40))

    with (
        answering(endless) as origin,
        client(FakeClock()) as dashboard,
        pytest.raises(NoPicture, match="larger than 20 MB") as caught,
    ):
        dashboard.fetch_picture(SnapshotTicket(origin))
    assert not caught.value.retry


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("ftp://spn4.meraki.com/x", id="another protocol"),
        pytest.param("https://spn4.meraki.com@evil.example/x", id="disguised"),
        pytest.param("", id="empty"),
    ],
)
def test_a_link_that_is_not_an_http_url_is_not_requested(url: str) -> None:
    with (
        client(FakeClock()) as dashboard,
        pytest.raises(NoPicture, match=r"not an http\(s\) URL") as caught,
    ):
        dashboard.fetch_picture(SnapshotTicket(url))
    assert not caught.value.retry


def test_a_picture_is_followed_within_its_origin_only() -> None:
    def answer(_method: str, path: str) -> Response:
        if path == "/start":
            return Response("", 302, headers={"Location": "/there"})
        if path == "/there":
            return Response(JPEG)
        return Response("", 302, headers={"Location": "https://evil.example/x"})

    with answering(answer) as origin, client(FakeClock()) as dashboard:
        assert dashboard.fetch_picture(SnapshotTicket(f"{origin}/start")) == JPEG
        with pytest.raises(NoPicture, match="leads away") as caught:
            dashboard.fetch_picture(SnapshotTicket(f"{origin}/bad"))
    assert not caught.value.retry


def test_a_stop_ends_the_waiting_at_once() -> None:
    clock = SystemClock()

    def answer(_method: str, _path: str) -> Response:
        clock.stop()
        return Response("", 404)

    with (
        answering(answer) as origin,
        client(clock) as dashboard,
        pytest.raises(NoPicture, match="stopping") as caught,
    ):
        dashboard.fetch_picture(SnapshotTicket(origin), limit_s=30)
    assert caught.value.retry
