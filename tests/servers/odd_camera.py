"""An HTTP camera that serves its pictures in all the ways cameras were seen to.

Picture `n` is shown at `n / NUMBERS` seconds of the wall clock, and says `n`.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from flask import Flask, Response

from mvsnap.simulator.video import draw_number

NUMBERS = 20  # a second
STREAM_FPS = 8
BAD_EVERY = 8  # one answer in so many
_PART = b"--frame\r\nContent-Type: image/jpeg\r\n"


def with_type(kind: str | None, content: bytes) -> Response:
    answer = Response(content)
    if kind is None:
        del answer.headers["Content-Type"]
    else:
        answer.headers["Content-Type"] = kind
    return answer


def multipart(picture: bytes, length: bool = True, end: bytes = b"\r\n") -> bytes:
    said = b"Content-Length: %d\r\n" % len(picture) if length else b""
    return _PART + said + b"\r\n" + picture + end


def cut(picture: bytes) -> Response:
    answer = Response(iter([picture[: len(picture) // 2]]), content_type="image/jpeg")
    answer.headers["Content-Length"] = str(len(picture))
    return answer


def hanging(picture: bytes) -> Response:
    """Half of a picture, and no more."""

    def half() -> Iterator[bytes]:
        yield picture[: len(picture) // 2]
        threading.Event().wait(30)

    return Response(half(), content_type="image/jpeg")


# A picture, by name of the way it is served; all of them are pictures.
STILLS: dict[str, Callable[[bytes], Response]] = {
    "octet-stream": lambda p: with_type("application/octet-stream", p),
    "no type": lambda p: with_type(None, p),
    "text": lambda p: with_type("text/plain; charset=utf-8", p),
    "image-jpg": lambda p: with_type("image/jpg", p),
    "image-pjpeg": lambda p: with_type("image/pjpeg", p),
    "multipart of one": lambda p: with_type(
        "multipart/x-mixed-replace;boundary=frame", multipart(p)
    ),
    "multipart of one, closed": lambda p: with_type(
        "multipart/x-mixed-replace; boundary=frame",
        multipart(p[:-2], False, b"\r\n--frame--\r\n"),
    ),
    "blank before": lambda p: with_type("image/jpeg", b"\r\n \t\r\n" + p),
    "header before": lambda p: with_type(None, b"Content-Type: image/jpeg\r\n\r\n" + p),
    "no end": lambda p: with_type("image/jpeg", p[:-2]),
    "padded": lambda p: with_type("image/jpeg", p + bytes(500)),
    "with a preview": lambda p: with_type("image/jpeg", p + draw_number(1)),
    "status 203": lambda p: Response(p, 203, content_type="image/jpeg"),
}
# What comes instead of one picture in eight.
BAD: dict[str, Callable[[bytes], Response]] = {
    "empty": lambda p: with_type("image/jpeg", b""),
    "html": lambda p: Response("<html>busy</html>", content_type="text/html"),
    "404": lambda p: Response("no", 404),
    "503": lambda p: Response("busy", 503),
    "401": lambda p: Response("who?", 401),
    "cut": cut,
    "hangs": hanging,
    "cut within its header": lambda p: with_type("image/jpeg", p[:200]),
    "another picture": lambda p: with_type("image/png", b"\x89PNG\r\n\x1a\n" * 9),
}
# A stream: its Content-Type, and how picture `n` is sent.
STREAMS: dict[str, tuple[str | None, Callable[[bytes, int], bytes]]] = {
    "x-motion-jpeg": ("video/x-motion-jpeg", lambda p, n: p),
    "video-mjpeg": ("video/mjpeg", lambda p, n: multipart(p)),
    "stream, octet-stream": ("application/octet-stream", lambda p, n: multipart(p)),
    "stream, no type": (None, lambda p, n: p),
    "stream, image-jpeg": ("image/jpeg", lambda p, n: p),
    "no ends": (
        "multipart/x-mixed-replace; boundary=frame",
        lambda p, n: multipart(p[:-2], length=False),
    ),
    "no ends, only lengths": (
        "multipart/x-mixed-replace; boundary=frame",
        lambda p, n: multipart(p[:-2]),
    ),
    "one in ten without end": (
        "multipart/x-mixed-replace; boundary=frame",
        lambda p, n: multipart(p if n % 10 else p[:-2]),
    ),
}


class OddCamera:
    """Each way has an address: `/still/<way>`, `/bad/<way>`, `/stream/<way>`.

    sent: the numbers of the good pictures of each way, in order.
    """

    def __init__(self, bad_first: bool = False) -> None:
        """bad_first: the very first answer is one of the bad ones."""
        self.asked: Counter[str] = Counter()
        self.sent: defaultdict[str, list[int]] = defaultdict(list)
        self._first = 0 if bad_first else BAD_EVERY // 2
        self._closed = threading.Event()
        self._works_for: int | None = None

    def app(self) -> Flask:
        app = Flask(__name__)
        app.add_url_rule("/still/<way>", "still", self._still)
        app.add_url_rule("/bad/<way>", "bad", self._one_in_eight)
        app.add_url_rule("/always/<way>", "always", lambda way: BAD[way](b""))
        app.add_url_rule("/stream/<way>", "stream", self._stream)
        app.add_url_rule("/rare/<float:every_s>", "rare", self._rare)
        return app

    def break_down_after(self, pictures: int) -> None:
        """Answer every still with 404 after so many of its way."""
        self._works_for = pictures

    def close(self) -> None:
        self._closed.set()

    def _now(self, way: str = "") -> bytes:
        number = int(time.time() * NUMBERS)
        self.sent[way].append(number)
        return draw_number(number)

    def _still(self, way: str) -> Response:
        self.asked[way] += 1
        if self._works_for is not None and self.asked[way] > self._works_for:
            return BAD["404"](b"")
        return STILLS[way](self._now(way))

    def _one_in_eight(self, way: str) -> Response:
        place = self.asked[way]
        self.asked[way] += 1
        if place % BAD_EVERY == self._first:
            return BAD[way](self._now())
        return Response(self._now(way), content_type="image/jpeg")

    def _stream(self, way: str) -> Response:
        self.asked[way] += 1
        kind, send = STREAMS[way]
        answer = with_type(kind, b"")
        answer.response = self._sent(way, send)
        del answer.headers["Content-Length"]
        return answer

    def _rare(self, every_s: float) -> Response:
        """One picture at once, and then one every so many seconds."""

        def pictures() -> Iterator[bytes]:
            yield multipart(self._now())
            while not self._closed.wait(every_s):
                yield multipart(self._now())

        kind = "multipart/x-mixed-replace; boundary=frame"
        return Response(pictures(), content_type=kind)

    def _sent(self, way: str, send: Callable[[bytes, int], bytes]) -> Iterator[bytes]:
        number = int(time.time() * STREAM_FPS) + 1
        while not self._closed.wait(max(0.0, number / STREAM_FPS - time.time())):
            yield send(self._now(way), number)
            number += 1
