"""Every kind of request reaches the application, and every answer its client."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mvsnap.serving import bodies, front
from mvsnap.serving.listening import listen
from mvsnap.serving.strangers import Strangers
from tests.serving import build
from tests.serving.build import LONG, serving

Say = Callable[..., bytes]


@pytest.fixture(scope="module")
def closed() -> threading.Event:
    """Set once the long answer was closed."""
    return threading.Event()


@pytest.fixture(scope="module")
def port(closed: threading.Event) -> Iterator[int]:
    with serving(closed) as found:
        yield found


@pytest.fixture
def say(port: int) -> Say:
    """Send bytes; return all that comes until the connection ends."""

    def said(sent: bytes, *, ends: bool = False) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            client.sendall(sent)
            if ends:
                client.shutdown(socket.SHUT_WR)
            answer = bytearray()
            while part := client.recv(65536):
                answer += part
        return bytes(answer)

    return said


def told(answer: bytes) -> dict[str, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), answer
    found: dict[str, Any] = json.loads(body)
    return found


HOST = "Host: gate:80\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    ("head", "url"),
    [
        ("GET /told?a=%C3%BC HTTP/1.1", "http://gate/told?a=ü"),
        ("GET /told?a=ü HTTP/1.1", "http://gate/told?a=ü"),
        ("GET /t%6Fld HTTP/1.1", "http://gate/told"),
        ("GET //told HTTP/1.1", "http://gate/told"),
        ("GET http://elsewhere/told?a=b HTTP/1.1", "http://gate/told?a=b"),
    ],
)
def test_an_address_arrives_however_it_is_written(
    say: Say, head: str, url: str
) -> None:
    assert told(say(f"{head}\r\n{HOST}\r\n".encode()))["url"] == url


def test_headers_are_joined_and_look_alikes_dropped(say: Say) -> None:
    lines = (
        "X-A: 1\r\nX-A: 2\r\nCookie: a=b\r\nCookie: c=d\r\nX_Forwarded_For: 1.2.3.4\r\n"
    )
    headers = told(say(f"GET /told HTTP/1.1\r\n{HOST}{lines}\r\n".encode()))["headers"]
    assert headers["X-A"] == "1, 2"
    assert headers["Cookie"] == "a=b; c=d"
    assert "X-Real-Ip" not in headers


@pytest.mark.parametrize(
    "body",
    [
        "Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
        "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    ],
    ids=["a length", "chunks", "asked first"],
)
def test_a_body_arrives_whole(say: Say, body: str) -> None:
    answer = say(f"POST /told HTTP/1.1\r\n{HOST}{body}".encode())
    assert told(answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n"))["length"] == 5


def test_an_old_client_without_a_host_is_answered(say: Say) -> None:
    assert told(say(b"GET /told HTTP/1.0\n\n"))["length"] == 0


def test_a_client_that_closes_its_half_is_answered(say: Say) -> None:
    assert told(say(b"GET /told HTTP/1.1\r\nHost: x\r\n\r\n", ends=True))


def test_requests_may_follow_one_another_at_once(say: Say) -> None:
    first = b"GET /told HTTP/1.1\r\nHost: x\r\n\r\n"
    assert (
        say(first * 2 + f"HEAD /told HTTP/1.1\r\n{HOST}\r\n".encode()).count(b"200 OK")
        == 3
    )


def test_a_long_body_ends_where_it_said(say: Say) -> None:
    """Whatever comes behind it is another request, and its head is measured."""
    body = b"x" * 200_000
    first = b"POST /told HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + body
    answer = say(first + f"GET /told HTTP/1.1\r\n{HOST}\r\n".encode())
    assert answer.count(b"200 OK") == 2
    assert re.findall(rb'"length": ?(\d+)', answer) == [b"200000", b"0"]
    long = f"GET /told HTTP/1.1\r\n{HOST}X: {'x' * 40_000}\r\n\r\n"
    answer = say(first + long.encode())
    assert answer.count(b"200 OK") == 1
    assert b'"code": "head_too_long"' in answer


def test_a_short_answer_leaves_in_one_piece(port: int) -> None:
    # In two it would take twice the processor time.
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        for _ in range(20):
            client.sendall(b"GET /told HTTP/1.1\r\nHost: it\r\n\r\n")
            assert told(client.recv(65536))["length"] == 0


def test_head_has_no_body(say: Say) -> None:
    answer = say(f"HEAD /told HTTP/1.1\r\n{HOST}\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert (b"Content-Length" in head, body) == (True, b"")


def test_a_long_answer_arrives_whole_and_is_closed(
    say: Say, closed: threading.Event
) -> None:
    closed.clear()
    answer = say(b"GET /long HTTP/1.0\r\n\r\n")
    assert len(answer.partition(b"\r\n\r\n")[2]) == LONG
    assert closed.wait(20)


def test_who_does_not_read_is_cut_off(
    port: int, closed: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "_PART_S", 2)
    closed.clear()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(b"GET /long HTTP/1.0\r\n\r\n")
        assert closed.wait(20)


def test_a_body_has_a_deadline(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_SMALL_S", 0.5)
    answer = say(b"POST /told HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1234")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code": "request_timeout"' in answer


def test_a_body_without_room_is_refused_at_once(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has been read already: nothing else will come."""
    monkeypatch.setattr(bodies, "_MEMORY", 100_000)
    head = f"POST /told HTTP/1.1\r\n{HOST}Content-Length: 120000\r\n\r\n"
    began = time.monotonic()
    answer = say(head.encode() + bytes(120_000))
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert time.monotonic() - began < 15


def test_a_broken_answer_is_an_error(say: Say) -> None:
    answer = say(f"GET /broken HTTP/1.1\r\n{HOST}\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"ZeroDivisionError" not in answer


def test_a_body_of_very_many_chunks_is_refused(say: Say) -> None:
    head = f"POST /told HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n".encode()
    few = head + b"1\r\nx\r\n" * 200 + b"0\r\n\r\n"
    assert told(say(few))["length"] == 200
    assert b"too many chunks" in say(head + b"1\r\nx\r\n" * 10_000)


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02", b"nonsense\r\n\r\n", b"GET /\r\n\r\n"]
)
def test_what_is_no_request_is_refused(say: Say, sent: bytes) -> None:
    answer = say(sent)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b'"code": "bad_request"' in answer


def test_a_head_of_any_length_is_refused_readably(say: Say) -> None:
    for length in (17_000, 40_000, 400_000):
        lines = f"GET /told HTTP/1.1\r\n{HOST}X: {'x' * length}\r\n\r\n"
        assert b'"code": "head_too_long"' in say(lines.encode())


def test_who_sends_and_leaves_is_served_in_turn(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A button may close its connection behind its request, and reads nothing."""
    waits, served = threading.Event(), threading.Event()

    def wait_s(_self: Strangers, _address: str) -> float:
        waits.set()
        return 0.5

    def ask(self: front.Front, asked: Any) -> Any:
        served.set()
        return really_ask(self, asked)

    really_ask = front.Front._ask
    monkeypatch.setattr(Strangers, "wait_s", wait_s)
    monkeypatch.setattr(front.Front, "_ask", ask)
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(f"GET /told HTTP/1.1\r\n{HOST}\r\n".encode())
    assert waits.wait(20)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()  # by a reset
    assert served.wait(20)


def test_few_connections_wait_in_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who connects and closes without end would fill a long queue before a device."""
    made: list[socket.socket] = []

    def listening(host: str, port: int) -> socket.socket:
        made.append(listen(host, port))
        return made[-1]

    monkeypatch.setattr(build, "listen", listening)
    with serving(threading.Event()) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            client.sendall(f"GET /told HTTP/1.1\r\n{HOST}\r\n".encode())
            assert client.recv(1)
        # Of a socket that listens, tcpi_sacked is how many may wait.
        told = made[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)
        assert struct.unpack_from("=I", told, 28)[0] == 128
