"""Server: an app on a real port, for the duration of a `with` block."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

_ANSWER = "mvsnap.answer"


class _Handler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass

    def connection_dropped(
        self, error: BaseException, environ: dict[str, Any] | None = None
    ) -> None:
        self.close_connection = True
        # Werkzeug drops it if the client disconnects while its last bytes are read: a
        # file being sent would stay open.
        answer = (environ or {}).get(_ANSWER)
        if answer is not None:
            answer.close()


@contextmanager
def serve(
    app: Flask, host: str = "127.0.0.1", port: int = 0, *, silence_s: float = 10
) -> Iterator[str]:
    """Serve `app` in a thread and yield its origin, such as http://127.0.0.1:50123.

    port: 0 picks a free one.
    silence_s: how long to wait for an announced body that does not arrive.
    """

    class Handler(_Handler):
        timeout = silence_s

    def noted(environ: dict[str, Any], start_response: Any) -> Any:
        environ[_ANSWER] = app(environ, start_response)
        return environ[_ANSWER]

    server = make_server(host, port, noted, threaded=True, request_handler=Handler)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
