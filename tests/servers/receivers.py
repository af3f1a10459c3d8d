"""Receivers of messages as sites have them: real servers, with the troubles they have.

`troubles` says what happens to the next posts, one word each:
  a status          answered with it, and not kept
  silent            kept, but the connection ends without an answer
  redirect          sent elsewhere
  file              413 if a file comes with it, else as usual
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.servers.certificates import Pair

JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True)
class Post:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def has_file(self) -> bool:
        is_named = "filename=" in self.path or b"filename=" in self.body
        return is_named or self.body.startswith(JPEG)


@dataclass
class Receiver:
    """kept: what was accepted, in order. accepts: raises for what it does not take."""

    accepts: Callable[[Post], None] = lambda _post: None
    kept: list[Post] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    asked: int = 0
    port: int = 0

    def outcome(self, post: Post) -> int | None:
        """Return the status to answer, None for no answer."""
        self.asked += 1
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble.isdigit():
            return int(trouble)
        if trouble == "redirect":
            return 307
        if trouble == "file" and post.has_file:
            return 413
        self.accepts(post)
        self.kept.append(post)
        return None if trouble == "silent" else 200


@contextmanager
def receiver(
    accepts: Callable[[Post], None] | None = None, *, tls: Pair | None = None
) -> Iterator[Receiver]:
    """tls: its certificate; None: plain HTTP."""
    made = Receiver(accepts or (lambda _post: None))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            names = {name.lower(): value for name, value in self.headers.items()}
            post = Post(self.path, names, self.rfile.read(size))
            status = made.outcome(post)
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "3")
            if status == 307:
                self.send_header("Location", "http://192.0.2.1/elsewhere")
            answer = b'{"id": "1", "error": "no"}'
            self.send_header("Content-Length", str(len(answer)))
            with suppress(OSError):  # a sender that was killed does not wait for it
                self.end_headers()
                self.wfile.write(answer)

        do_PUT = do_POST

        def do_OPTIONS(self) -> None:
            self.send_response(405)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.cert, tls.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
