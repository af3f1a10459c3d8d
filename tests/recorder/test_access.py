"""How an HTTP camera lets the recorder in, and what its refusals mean."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.client import BadStatusLine, LineTooLong, RemoteDisconnected

import pytest
import requests
from flask import Flask, Response, redirect, request
from urllib3.exceptions import DecodeError, ProtocolError

from mvsnap.clock import SystemClock
from mvsnap.recorder import (
    Auth,
    AuthType,
    CameraRefused,
    SourceKind,
    State,
    StreamSource,
    Timing,
)
from mvsnap.recorder.access import refusal, trouble
from mvsnap.recorder.http_stream import HttpStream
from mvsnap.recorder.probing import probe
from mvsnap.simulator.server import serve
from mvsnap.simulator.video import FakeVideo, draw_number
from mvsnap.values import replace

COOKIE = {"Cookie": "way=in"}


class Lan:
    """A camera with a picture at /now.jpg, and pages that lead to it or away."""

    def __init__(self) -> None:
        self.cookies: list[str] = []
        self.elsewhere = ""
        self.status = 200

    def app(self) -> Flask:
        app = Flask(__name__)

        @app.get("/now.jpg")
        def now() -> Response:
            self.cookies.append(request.headers.get("Cookie", ""))
            kind = "image/jpeg" if self.status == 200 else "text/html"
            return Response(draw_number(1), self.status, content_type=kind)

        app.add_url_rule("/here", view_func=lambda: redirect("/now.jpg"), endpoint="h")
        app.add_url_rule("/round", view_func=lambda: redirect("/round"), endpoint="r")
        app.add_url_rule(
            "/away", view_func=lambda: redirect(self.elsewhere), endpoint="a"
        )
        return app


@pytest.fixture
def lan() -> Iterator[tuple[Lan, str]]:
    camera = Lan()
    with serve(camera.app()) as url:
        yield camera, url


def http_stream(url: str, **more: object) -> HttpStream:
    source = StreamSource(SourceKind.HTTP, url)
    return HttpStream(replace(source, **more), Timing(), SystemClock())  # type: ignore[arg-type]


def refused(url: str, **more: object) -> CameraRefused:
    with pytest.raises(CameraRefused) as caught:
        http_stream(url, **more)
    return caught.value


def test_a_camera_may_lead_to_its_own_picture_and_gets_the_cookie_again(
    lan: tuple[Lan, str],
) -> None:
    camera, url = lan
    http_stream(f"{url}/here", headers=COOKIE).close()
    assert camera.cookies == ["way=in"]


def test_a_cookie_never_leaves_its_server(lan: tuple[Lan, str]) -> None:
    camera, url = lan
    camera.elsewhere = url.replace("127.0.0.1", "localhost") + "/now.jpg"
    error = refused(f"{url}/away", headers=COOKIE)
    assert error.ending.state is State.NO_VIDEO
    assert "another server" in error.ending.text
    assert camera.cookies == []


def test_a_redirect_without_end_is_no_video(lan: tuple[Lan, str]) -> None:
    error = refused(f"{lan[1]}/round", headers=COOKIE)
    assert error.ending.state is State.NO_VIDEO


def ended(status: int, _: object) -> bool:
    return status in (401, 403)


@pytest.mark.parametrize(
    ("is_first", "state"),
    [
        pytest.param(True, State.WRONG_PASSWORD, id="just opened"),
        pytest.param(False, State.OFFLINE, id="later"),
    ],
)
def test_a_way_that_is_just_open_has_not_ended(is_first: bool, state: State) -> None:
    answer = requests.Response()
    answer.status_code, answer.url = 403, "http://camera/"
    source = StreamSource(SourceKind.HTTP, "http://camera/", has_ended=ended)
    ending, target = refusal(source, answer, is_first=is_first)
    assert (ending.state, target) == (state, None)


@pytest.mark.parametrize("kind", ["basic", "digest"])
def test_the_camera_says_what_kind_of_password_it_wants(kind: str) -> None:
    video = FakeVideo(auth=kind, username="me", password="pö")
    with serve(video.app()) as url:
        auth = Auth(AuthType.AUTO, "me", "pö")
        got = threading.Event()

        def write(_: bytes) -> None:
            got.set()
            raise BrokenPipeError

        http_stream(f"{url}/picture.jpg", auth=auth).pump(write)
        assert got.is_set()
        wrong = refused(f"{url}/picture.jpg", auth=replace(auth, password="x"))
    assert wrong.ending.state is State.WRONG_PASSWORD


def nested(reason: Exception) -> Callable[[str], Exception]:
    """Return an error as `requests` wraps it."""
    aborted = ProtocolError("Connection aborted.", reason)
    return lambda _: requests.ConnectionError(aborted)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (requests.exceptions.SSLError, "verify_tls"),
        (requests.ConnectTimeout, "no answer in time"),
        (requests.ConnectionError, "no connection"),
        (DecodeError, "Content-Encoding"),
        (nested(BadStatusLine("ICY 200 OK")), "not HTTP"),
        (nested(LineTooLong("header line")), "not HTTP"),
        (nested(RemoteDisconnected("secret")), "no connection"),
        (requests.exceptions.InvalidURL, "InvalidURL"),
    ],
)
def test_an_error_is_reported_without_the_address(
    error: Callable[[str], Exception], said: str
) -> None:
    words = trouble(error("http://me:secret@camera/"))
    assert said in words
    assert "secret" not in words


class Endless:
    """What no picture should be: a stream, bytes without end, one byte at a time."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self.pictures = 0

    def app(self) -> Flask:
        app = Flask(__name__)
        parts = "multipart/x-mixed-replace; boundary=b"
        for path, kind, pieces in (
            ("/stream.jpg", parts, self._parts),
            ("/endless.jpg", "image/jpeg", self._bytes),
            ("/dripping.jpg", "image/jpeg", self._drops),
        ):
            view = partial(self._answer, pieces, kind)
            app.add_url_rule(path, view_func=view, endpoint=path)
        return app

    def _answer(self, pieces: Callable[[], Iterator[bytes]], kind: str) -> Response:
        return Response(pieces(), content_type=kind)

    def _parts(self) -> Iterator[bytes]:
        while not self.closed.wait(0.05):
            self.pictures += 1
            yield b"--b\r\n\r\n" + draw_number(self.pictures) + b"\r\n"

    def _bytes(self) -> Iterator[bytes]:
        yield b"\xff\xd8\xff"
        while not self.closed.is_set():
            yield bytes(1_000_000)

    def _drops(self) -> Iterator[bytes]:
        yield b"\xff\xd8\xff"
        while not self.closed.wait(0.05):
            yield b"\0"


@pytest.fixture
def endless() -> Iterator[str]:
    camera = Endless()
    with serve(camera.app()) as url:
        yield url
        camera.closed.set()


SHORT = Timing(first_byte_s=0.5, stall_s=0.5)


def picture(url: str, name: str) -> HttpStream:
    return HttpStream(
        StreamSource(SourceKind.JPEG, f"{url}/{name}.jpg"), SHORT, SystemClock()
    )


def test_a_picture_that_is_a_stream_is_treated_as_one(endless: str) -> None:
    pictures: list[bytes] = []

    def write(part: bytes) -> None:
        pictures.append(part)
        if len(pictures) == 3:
            raise BrokenPipeError

    picture(endless, "stream").pump(write)
    assert len(pictures) == 3


@pytest.mark.parametrize(
    ("name", "why"),
    [("endless", "an endless picture"), ("dripping", "no complete picture in time")],
)
def test_a_picture_without_end_is_given_up(endless: str, name: str, why: str) -> None:
    found = picture(endless, name)
    found.pump(lambda _: pytest.fail("there is no picture"))
    assert found.ending is not None
    assert why in found.ending.text


@pytest.mark.parametrize("drips", ["in its headers", "in its picture"])
def test_a_camera_that_drips_holds_up_no_probe(drips: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"
    head += b"X-Long: " if drips == "in its headers" else b"\r\n\xff\xd8\xff"
    ended = threading.Event()

    def drip(listening: socket.socket) -> None:
        caller, _ = listening.accept()
        with caller, contextlib.suppress(OSError):
            caller.sendall(head)
            while not ended.wait(0.05):
                caller.sendall(b"0")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=drip, args=(listening,), daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/now.jpg"
        began = time.monotonic()
        with pytest.raises(CameraRefused) as caught:
            probe(StreamSource(SourceKind.JPEG, url), limit_s=1)
        assert time.monotonic() - began < 3
        ended.set()
    assert "no picture within 1 s" in caught.value.message
