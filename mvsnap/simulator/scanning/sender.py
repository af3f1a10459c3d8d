"""Scanning sender: the handshake with a receiver, and posts until it accepts them."""

from __future__ import annotations

import hmac
import json
import ssl
import threading
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from mvsnap.simulator.scanning.posts import Post

_LONGEST_WAIT_S = 5.0
_MOST_SAID = 300


class HandshakeFailed(Exception):
    """The receiver does not answer a GET with its validator."""


class PostRefused(Exception):
    """A post was never accepted; `status` of the last attempt, 0 without an answer."""

    def __init__(self, status: int, reason: str = "") -> None:
        """reason: the receiver's message."""
        said = f"answered {status}" if status else "no answer in time"
        super().__init__(f"{said}: {reason}" if reason else said)
        self.status = status


class ScanningSender:
    """Posts to one receiver over one connection; not thread-safe.

    accepted, repeated, observations: counted so far.
    """

    def __init__(
        self,
        url: str,
        validator: str,
        *,
        timeout_s: float = 10,
        tries: int = 6,
        wait_s: float = 0.2,
        ca_file: Path | None = None,
    ) -> None:
        """Raise ValueError if `url` is invalid.

        wait_s: before the second attempt, doubled before each further one.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url: expected http(s)://host/path")
        self.accepted = self.repeated = self.observations = 0
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._validator = validator
        self._tries, self._wait_s = tries, wait_s
        self.stopping = threading.Event()
        self._connection = HTTPConnection(parts.hostname, parts.port, timeout_s)
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=ca_file)
            self._connection = HTTPSConnection(
                parts.hostname, parts.port, timeout=timeout_s, context=context
            )

    def shake_hands(self) -> None:
        """Request the validator, as Meraki does before it posts anything.

        Raises:
            HandshakeFailed: no answer, or a different one.
        """
        status, body = self._ask("GET", None, {})
        if status != 200:
            raise HandshakeFailed(f"GET answered {status or 'nothing'}, expected 200")
        if not hmac.compare_digest(body, self._validator.encode()):
            raise HandshakeFailed("GET did not answer with the validator alone")

    def post(self, post: Post) -> int:
        """Post until it is accepted; return the status, which is 2xx.

        Raises:
            PostRefused: not accepted at the last attempt, or stopped meanwhile.
        """
        content = post.content()
        headers = {"Content-Type": "application/json"}
        if post.is_gzip:
            headers["Content-Encoding"] = "gzip"
        wait_s, status, body = self._wait_s, 0, b""
        for number in range(self._tries):
            if number:
                self.repeated += 1
                if self.stopping.wait(wait_s):
                    break
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            status, body = self._ask("POST", content, headers)
            if 200 <= status < 300:
                self.accepted += 1
                self.observations += len(post.body["data"]["observations"])
                return status
        raise PostRefused(status, _reason(body))

    def close(self) -> None:
        self._connection.close()

    def _ask(
        self, method: str, content: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        """Return status and body; (0, b"") without an answer."""
        try:
            self._connection.request(method, self._path, content, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException):
            self._connection.close()
            return 0, b""


def _reason(body: bytes) -> str:
    """Return the message of {"error": {"message"}} in one line, "" without one."""
    try:
        message = json.loads(body)["error"]["message"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return " ".join(message.split())[:_MOST_SAID] if isinstance(message, str) else ""
