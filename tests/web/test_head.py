"""What is in front of the body has a limit, before anybody looks at it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest
from flask import Request
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from mvsnap.config.model import Settings
from mvsnap.serving.listening import listen
from mvsnap.serving.server import make_server
from mvsnap.web.head import MAX_BYTES
from mvsnap.web.params import read_query
from tests.web.build import DOOR, KEY, Web

ADDRESS = "/api/v1.0/getSnapshot"


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        pytest.param("&".join(f"a{n}=1" for n in range(10_000)), {}, id="many names"),
        pytest.param("x" * MAX_BYTES, {}, id="a long query"),
        pytest.param("", {"Accept": " " * 160_000}, id="Accept of blanks"),
        pytest.param("", {f"X-{n}": "x" * 100 for n in range(200)}, id="many headers"),
        pytest.param("", {"Cookie": "a=b; " * 4000}, id="cookies"),
    ],
)
def test_a_long_head_is_refused_without_a_key(
    client: FlaskClient, query: str, headers: dict[str, str]
) -> None:
    stranger = client.application.test_client(use_cookies=False)
    answer = stranger.get(f"{ADDRESS}?{query}", headers=headers)
    assert answer.status_code == 431
    assert answer.json is not None
    assert answer.json["error"]["code"] == "head_too_long"


def test_a_long_list_of_types_counts_as_none(web: Web, client: FlaskClient) -> None:
    query = f"apikey={KEY}&mvSerial={DOOR}&wait_s=0"
    answer = client.get(f"{ADDRESS}?{query}", headers={"Accept": " " * 10_000})
    assert answer.status_code == 202, answer.text


def spent_s(work: Callable[[], object]) -> float:
    """Return the least processor time of three runs."""
    times = []
    for _ in range(3):
        began = time.thread_time()
        work()
        times.append(time.thread_time() - began)
    return min(times)


def test_many_names_cost_no_more_each_than_a_few() -> None:
    def query_of(names: int) -> Request:
        query = "&".join(f"name{n}=1" for n in range(names))
        return Request(EnvironBuilder(query_string=query).get_environ())

    few, many = query_of(2_000), query_of(16_000)
    assert spent_s(lambda: read_query(many)) < 40 * spent_s(lambda: read_query(few))


def test_the_server_itself_reads_no_long_head(client: FlaskClient) -> None:
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    server = make_server(client.application, Settings(), listening)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as device:
            device.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 20_000)
            assert device.recv(100).startswith((b"HTTP/1.1 431 ", b"HTTP/1.0 431 "))
    finally:
        server.close()
        thread.join(10)
