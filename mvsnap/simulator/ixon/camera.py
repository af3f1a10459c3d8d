"""IXON camera: an HTTP camera with a JPEG stream, single pictures, and a password.

Paths that end in .jpg are single pictures, all others a stream (multipart of JPEGs).
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

from flask import Response, request, stream_with_context

from mvsnap.simulator.faults import reset_connection
from mvsnap.simulator.ixon.model import SimIxonCamera
from mvsnap.simulator.picture import draw_picture

_REALM = "simulated camera"
_BOUNDARY = "mvsnap-picture"


def answer(camera: SimIxonCamera, stopping: threading.Event) -> Response:
    """Answer the current request as the camera does.

    stopping: ends the running streams.
    """
    if not _may_see(camera):
        return _challenge(camera)
    if camera.mode == "garbage":
        noise = b"\x00garbage\xff" * 1000
        return Response(noise, content_type="application/octet-stream")
    if camera.body is not None:
        return Response(camera.body(), content_type=camera.content_type)
    if request.path.casefold().endswith((".jpg", ".jpeg")):
        return Response(_picture(camera), content_type="image/jpeg")
    kind = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
    video = stream_with_context(_video(camera, stopping))
    return Response(video, content_type=kind)


def _video(camera: SimIxonCamera, stopping: threading.Event) -> Iterator[bytes]:
    while not stopping.is_set():
        jpeg = _picture(camera)
        head = (
            f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\n"
            f"Content-Length: {len(jpeg)}\r\n\r\n"
        )
        part = head.encode() + jpeg + b"\r\n"
        if camera.mode == "cut":
            yield part[: len(part) // 2]
            reset_connection()
        yield part
        if camera.mode == "stall":
            stopping.wait()
        stopping.wait(1 / camera.pictures_per_s)


def _picture(camera: SimIxonCamera) -> bytes:
    return draw_picture(camera.scene, "IP camera", "IXON", 1, datetime.now(UTC))


def _may_see(camera: SimIxonCamera) -> bool:
    given = request.authorization
    if camera.auth == "none":
        return True
    if given is None or given.type != camera.auth or given.username != camera.username:
        return False
    if camera.auth == "basic":
        return secrets.compare_digest(
            (given.password or "").encode(), camera.password.encode()
        )
    return given.response is not None and secrets.compare_digest(
        given.response.encode(), _digest(camera).encode()
    )


def _digest(camera: SimIxonCamera) -> str:
    """Return the digest that the caller must send. Source: RFC 2617, qop=auth."""
    given = request.authorization
    assert given is not None
    who = _md5(f"{camera.username}:{_REALM}:{camera.password}")
    what = _md5(f"{request.method}:{given.uri}")
    return _md5(f"{who}:{given.nonce}:{given.nc}:{given.cnonce}:auth:{what}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _challenge(camera: SimIxonCamera) -> Response:
    header = f'Basic realm="{_REALM}"'
    if camera.auth == "digest":
        nonce = secrets.token_hex(16)
        header = f'Digest realm="{_REALM}", nonce="{nonce}", qop="auth", algorithm=MD5'
    body = "<html><body><h1>401 Unauthorized</h1></body></html>"
    headers = {"WWW-Authenticate": header}
    return Response(body, 401, headers=headers, content_type="text/html")
