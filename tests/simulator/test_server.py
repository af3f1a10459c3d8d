"""The server of simulated clouds and of pages under test."""

from __future__ import annotations

import socket
import struct
from io import BytesIO
from urllib.parse import urlsplit

from flask import Flask, Response

from mvsnap.simulator.server import serve
from tests.servers.processes import wait_until


def test_what_is_sent_is_closed_although_the_browser_goes() -> None:
    sent: list[BytesIO] = []

    def film() -> Response:
        sent.append(BytesIO(b"video" * 10_000))
        return Response(sent[-1], direct_passthrough=True)

    app = Flask(__name__)
    app.add_url_rule("/", "film", film)
    with serve(app) as url:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", urlsplit(url).port)) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
                client.recv(1000)
                # Gone at once, with what was not read: as a closed tab.
                gone = struct.pack("ii", 1, 0)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, gone)
        wait_until(lambda: all(one.closed for one in sent), "all are closed", 30)
