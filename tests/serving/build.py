"""A small application behind the server, with deadlines that a test can wait for."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask, Response, request

from mvsnap.config.model import Settings
from mvsnap.config.server import ServerSection
from mvsnap.serving import connection, server
from mvsnap.serving.listening import listen
from mvsnap.web.head import HeadLimit

LONG = 20_000_000


def application(closed: threading.Event) -> Flask:
    app = Flask("told")
    app.config["MAX_CONTENT_LENGTH"] = 1_000_000

    @app.route("/told", methods=["GET", "POST"])
    def told() -> dict[str, Any]:
        length = len(request.get_data())
        headers = dict(request.headers)
        return {"url": request.url, "length": length, "headers": headers}

    @app.route("/long")
    def long() -> Response:
        answer = Response(bytes(1_000_000) for _ in range(LONG // 1_000_000))
        answer.call_on_close(closed.set)
        return answer

    @app.route("/broken")
    def broken() -> Response:
        return Response(str(1 // n) for n in (1, 0))

    app.wsgi_app = HeadLimit(app.wsgi_app)  # type: ignore[method-assign]
    return app


@contextmanager
def serving(
    closed: threading.Event, tls_context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Run it and yield its port; closed: set once the long answer was closed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "knows_address", lambda _app, _path: False)
        patch.setattr(connection, "HEAD_S", 2)
        listening = listen("127.0.0.1", 0)
        settings = Settings(server=ServerSection(threads=4))
        app = application(closed)
        running = server.make_server(app, settings, listening, tls_context)
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        running.close()
        thread.join(10)
