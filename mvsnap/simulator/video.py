"""Simulated HTTP camera: Motion JPEG and single pictures, with what goes wrong.

Picture `n` is shown at `n / fps` seconds of the wall clock; a row of boxes at its top
left says `n % PICTURES` in bits, the lowest first.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from flask import Flask, Response, request
from PIL import Image, ImageDraw

BITS = 10
BOX = 16  # width and height of one bit, in pixels
PICTURES = 510
_SIZE = (320, 240)
_REALM = "camera"


def draw_number(number: int) -> bytes:
    """Return a JPEG that says its number in boxes and in figures."""
    return _drawn(number % PICTURES)


@lru_cache(PICTURES)
def _drawn(number: int) -> bytes:
    image = Image.new("RGB", _SIZE, (40, 90, 120))
    draw = ImageDraw.Draw(image)
    for bit in range(BITS):
        color = (255, 255, 255) if number >> bit & 1 else (0, 0, 0)
        draw.rectangle((bit * BOX, 0, bit * BOX + BOX - 1, BOX - 1), fill=color)
    draw.text((20, 100), f"picture {number}", fill=(255, 255, 255))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


@dataclass
class FakeVideo:
    """`/video.mjpg`, `/picture.jpg` and `/stream` (raw bytes of `film`).

    auth: none, basic or digest. frozen: connected, but without pictures. fail_with: a
    status for every request. boundary: as in the header; cameras get it wrong.
    says_length: whether each part has a Content-Length. draw: a JPEG of picture `n`.
    film_s: how long the film takes, in pieces of a tenth of a second.
    """

    fps: float = 10
    auth: str = "none"
    username: str = "viewer"
    password: str = field(default="s3cret", repr=False)
    fail_with: int | None = None
    frozen: bool = False
    says_length: bool = True
    boundary: str = "frame"
    film: bytes = b""
    film_type: str = "video/mp2t"
    film_s: int = 10
    draw: Callable[[int], bytes] = draw_number
    asked: list[str] = field(default_factory=list)
    _closed: threading.Event = field(default_factory=threading.Event)
    _nonce: str = field(default_factory=lambda: secrets.token_hex(8))

    def app(self) -> Flask:
        app = Flask(__name__)
        app.before_request(self._refuse)
        app.add_url_rule("/video.mjpg", "video", self._video)
        app.add_url_rule("/picture.jpg", "picture", self._picture)
        app.add_url_rule("/stream", "stream", self._stream)
        return app

    def close(self) -> None:
        """End every open stream."""
        self._closed.set()

    def _refuse(self) -> Response | None:
        self.asked.append(request.path)
        if self.fail_with is not None:
            return Response("no", self.fail_with)
        if self.auth == "none" or self._is_allowed():
            return None
        challenge = f'Basic realm="{_REALM}"'
        if self.auth == "digest":
            words = f'realm="{_REALM}", nonce="{self._nonce}", qop="auth"'
            challenge = f"Digest {words}, algorithm=MD5"
        return Response("who?", 401, {"WWW-Authenticate": challenge})

    def _is_allowed(self) -> bool:
        given = request.authorization
        if given is None or given.type != self.auth:
            return False
        if given.type == "basic":
            return (given.username, given.password) == (self.username, self.password)
        words = {name: given.get(name) or "" for name in ("uri", "nc", "cnonce", "qop")}
        first = _md5(f"{self.username}:{_REALM}:{self.password}")
        second = _md5(f"{request.method}:{words['uri']}")
        middle = f"{self._nonce}:{words['nc']}:{words['cnonce']}:{words['qop']}"
        wanted = _md5(f"{first}:{middle}:{second}")
        return hmac.compare_digest(wanted, given.get("response") or "")

    def _video(self) -> Response:
        kind = f"multipart/x-mixed-replace; boundary={self.boundary}"
        return Response(self._parts(), content_type=kind)

    def _picture(self) -> Response:
        number = int(time.time() * self.fps)
        return Response(self.draw(number), content_type="image/jpeg")

    def _stream(self) -> Response:
        return Response(self._paced(), content_type=self.film_type)

    def _parts(self) -> Iterator[bytes]:
        yield b"\r\n"  # the server sends its headers with the first bytes
        number = int(time.time() * self.fps) + 1
        while not self._closed.wait(max(0.0, number / self.fps - time.time())):
            if not self.frozen:
                picture = self.draw(number)
                header = b"--frame\r\nContent-Type: image/jpeg\r\n"
                if self.says_length:
                    header += b"Content-Length: %d\r\n" % len(picture)
                yield header + b"\r\n" + picture + b"\r\n"
            number = max(number + 1, int(time.time() * self.fps))

    def _paced(self) -> Iterator[bytes]:
        """The film in pieces, ten a second."""
        step = max(1, len(self.film) // (10 * self.film_s))
        for begin in range(0, len(self.film), step):
            yield self.film[begin : begin + step]
            if self._closed.wait(0.1):
                return


def _md5(text: str) -> str:
    """Digest authentication (RFC 7616) as cameras speak it."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
