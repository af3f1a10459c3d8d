"""Sources: from a camera's settings to its address and how to open it. Pure."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit, urlunsplit

from mvsnap.errors import BadInput
from mvsnap.recorder.model import (
    Auth,
    AuthType,
    CameraSettings,
    SourceKind,
    StreamSource,
)
from mvsnap.values import replace


def source_of(camera: CameraSettings) -> StreamSource:
    """Return the source of a camera; credentials in its URL become its `auth`.

    Raises:
        BadInput: the URL cannot be that of a camera.
    """
    try:
        parts = urlsplit(camera.url.strip())
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise _bad(camera, "is not a URL") from exc
    if parts.scheme not in ("rtsp", "rtsps", "http", "https"):
        raise _bad(camera, "must begin with rtsp://, rtsps://, http:// or https://")
    if not host:
        raise _bad(camera, "has no host")
    if any(ord(sign) < 32 for sign in camera.url):
        raise _bad(camera, "contains a control character")
    where = f"[{host}]" if ":" in host else host
    bare = parts._replace(netloc=where if port is None else f"{where}:{port}")
    return StreamSource(
        kind=_kind(camera, parts.scheme, parts.path),
        url=urlunsplit(bare),
        auth=_auth(camera.auth, parts.username, parts.password),
        framerate=camera.framerate,
        verify_tls=camera.verify_tls,
        transport=camera.transport,
        audio=camera.audio,
    )


def with_credentials(source: StreamSource) -> str:
    """Return the URL with user name and password, as ffmpeg reads them."""
    if source.auth.type is AuthType.NONE:
        return source.url
    user = quote(source.auth.username, safe="")
    password = quote(source.auth.password, safe="")
    scheme, _, rest = source.url.partition("://")
    return f"{scheme}://{user}:{password}@{rest}"


def shown(source: StreamSource) -> str:
    """Return the URL for people and logs: many have the password in the query."""
    return urlunsplit(urlsplit(source.url)._replace(query="", fragment=""))


def secrets_of(source: StreamSource) -> list[str]:
    """Return every text that must not appear in a log or a page, longest first."""
    password = source.auth.password
    texts = {password, quote(password, safe=""), quote(password)}
    texts |= {urlsplit(source.url).query, with_credentials(source), *_values(source)}
    if source.auth.type is AuthType.NONE:
        texts.discard(source.url)
    return sorted((text for text in texts if text), key=len, reverse=True)


def _values(source: StreamSource) -> list[str]:
    return [str(value) for value in source.headers.values()]


def _kind(camera: CameraSettings, scheme: str, path: str) -> SourceKind:
    if scheme.startswith("rtsp"):
        if camera.kind not in (None, SourceKind.RTSP):
            raise _bad(camera, f"is RTSP, but its kind is {camera.kind}")
        return SourceKind.RTSP
    if camera.kind is SourceKind.RTSP:
        raise _bad(camera, "is HTTP, but its kind is rtsp")
    if camera.kind is None and path.lower().endswith((".jpg", ".jpeg")):
        return SourceKind.JPEG
    return camera.kind or SourceKind.HTTP


def _auth(auth: Auth, username: str | None, password: str | None) -> Auth:
    if username is None:
        return auth
    found = Auth(AuthType.AUTO, unquote(username), unquote(password or ""))
    return found if auth.type is AuthType.NONE else replace(found, type=auth.type)


def _bad(camera: CameraSettings, why: str) -> BadInput:
    """The message never repeats the URL: it may contain a password."""
    return BadInput(f"The url of camera {camera.name[:40]!r} {why}", code="bad_url")
