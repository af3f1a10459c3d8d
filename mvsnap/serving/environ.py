"""The head of a request: as ASGI has it, and as WSGI has it."""

from __future__ import annotations

import re
import socket
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# As a proxy is asked: GET http://host/path
_ORIGIN = re.compile(rb"https?://[^/?]*", re.IGNORECASE)
_UNPREFIXED = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
# What they say about the body was heeded already.
_HEEDED = {"transfer-encoding", "expect"}
# For links in answers to HTTP/1.0 clients, who send no Host header.
_NAME = socket.gethostname()


class Head:
    """Everything before the body. scope: of ASGI."""

    def __init__(self, scope: Any) -> None:
        self._scope = scope

    @property
    def address(self) -> str:
        """Of the other side: a client, or a proxy."""
        return str(self._scope["client"][0])

    @cached_property
    def path(self) -> str:
        """Its % resolved, as Latin-1."""
        raw = _ORIGIN.sub(b"", self._scope["raw_path"], count=1) or b"/"
        if raw.startswith(b"//"):  # elsewhere that would name a host
            raw = b"/" + raw.lstrip(b"/")
        return unquote_to_bytes(raw).decode("latin-1")

    @property
    def has_body(self) -> bool:
        return self.announced > 0 or bool(self._header(b"transfer-encoding"))

    @property
    def announced(self) -> int:
        """The length of the body, 0 if it comes in chunks."""
        return int(self._header(b"content-length") or 0)

    @property
    def asks_first(self) -> bool:
        """The body is only sent if the head is not refused."""
        return self._header(b"expect").lower() == b"100-continue"

    def environ(self) -> WSGIEnvironment:
        """Return what PEP 3333 asks for, but the body; texts are Latin-1."""
        scope = self._scope
        return self._headers() | {
            "REQUEST_METHOD": scope["method"],
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": scope["query_string"].decode("latin-1"),
            "SERVER_NAME": _NAME,
            "SERVER_PORT": str(scope["server"][1]),
            "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
            "SERVER_SOFTWARE": "mvsnap",
            "REMOTE_ADDR": self.address,
            "REMOTE_PORT": str(scope["client"][1]),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scope["scheme"],
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }

    def _header(self, name: bytes) -> bytes:
        headers: list[tuple[bytes, bytes]] = self._scope["headers"]
        return next((value for key, value in headers if key == name), b"")

    def _headers(self) -> WSGIEnvironment:
        found: WSGIEnvironment = {}
        for raw_name, raw_value in self._scope["headers"]:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            # With "_" it could pass for another one, such as a proxy's.
            if name in _HEEDED or "_" in name:
                continue
            key = _UNPREFIXED.get(name) or f"HTTP_{name.upper().replace('-', '_')}"
            if key in found:
                value = f"{found[key]}{'; ' if name == 'cookie' else ', '}{value}"
            found[key] = value
        return found
