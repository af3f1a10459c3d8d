"""A clock that only moves on request, servers for odd answers, and small pictures."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from flask import Flask, Response
from PIL import Image

from mvsnap.clock import SystemClock
from mvsnap.domain import parse_serial
from mvsnap.simulator.server import serve

SERIAL = parse_serial("Q2SM-0000-0001")
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SECRET_KEY = "very-secret-dashboard-key"
SECRET_TOKEN = "very-secret-bot-token"


class FakeClock:
    """`sleep` moves the time at once; `asleep` lists how long each sleep was."""

    def __init__(self) -> None:
        self.asleep: list[float] = []
        self.stopped = False
        self._elapsed_s = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        return self._elapsed_s

    def sleep(self, seconds: float) -> None:
        if self.stopped:
            return
        with self._lock:
            self.asleep.append(seconds)
            self._elapsed_s += seconds

    def passed_since(self, moment: datetime) -> timedelta:
        return self.now() - moment

    def pass_time(self, seconds: float) -> None:
        self._elapsed_s += seconds


class SteppedClock(SystemClock):
    """by: how far somebody has set it ahead."""

    by = timedelta()

    def now(self) -> datetime:
        return super().now() + self.by


def picture(*, thumbnail: bytes = b"", progressive: bool = False) -> bytes:
    """Return a small real JPEG, with `thumbnail` in its EXIF segment."""
    out = io.BytesIO()
    image = Image.effect_noise((64, 48), 80).convert("RGB")
    exif = b"Exif\x00\x00" + thumbnail if thumbnail else b""
    image.save(out, "JPEG", progressive=progressive, exif=exif)
    return out.getvalue()


@contextmanager
def answering(answer: Callable[[str, str], Response]) -> Iterator[str]:
    """Serve one function (method, path) -> Response on every path; yield the origin."""
    app = Flask("stub")
    methods = ["GET", "POST"]

    @app.route("/", defaults={"path": ""}, methods=methods)
    @app.route("/<path:path>", methods=methods)
    def any_path(path: str) -> Response:
        from flask import request

        return answer(request.method, request.full_path.rstrip("?"))

    with serve(app) as url:
        yield url


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """Accept connections and let `talk` do the bytes of each; yield the origin."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_now: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_now.append(connection)
            threading.Thread(target=run, args=(connection,), daemon=True).start()

    def run(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            talk(connection)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_now:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def read_request(connection: socket.socket) -> bytes:
    """Read one request with its body and return the head."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
            while len(body) < length:
                body += _some(connection)
    return head


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:  # for ever, and this thread would go on for as long
        raise ConnectionAbortedError("the client has gone")
    return data


def drip(connection: socket.socket, *, head: bytes = b"") -> None:
    """Answer with a byte every 50 ms, forever or until the client disconnects."""
    read_request(connection)
    connection.sendall(head)
    pause = threading.Event()
    while not pause.wait(0.05):
        connection.sendall(b" " if head else b"x")


def in_time(work: Callable[[], object], limit_s: float = 20) -> object:
    """Let a thread do it, which may hang: the test does not."""
    came: list[object] = []

    def run() -> None:
        try:
            came.append(work())
        except Exception as exc:  # noqa: BLE001  # raised below
            came.append(exc)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(limit_s)
    assert came, f"still waiting after {limit_s} s"
    if isinstance(came[0], Exception):
        raise came[0]
    return came[0]


def unused_origin() -> str:
    """Return an origin where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
