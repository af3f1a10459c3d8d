"""Faults: what goes wrong between a client and a simulated cloud, on demand."""

from __future__ import annotations

import math
import os
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Response, g, request

KINDS = frozenset(
    {
        "429",
        "429-no-retry-after",
        "429-garbage-retry-after",
        "500-html",
        "502",
        "503-html",
        "slow",
        "reset",
        "html-200",
        "empty-404",
        "401",
        "413-html",
    }
)

_GARBAGE_RETRY_AFTER = "rand(30),add(30)"  # observed at the real Webex


@dataclass
class Fault:
    """One thing that goes wrong.

    path: a regular expression searched in "METHOD /path"; "" means every call.
    times: how many calls it affects, -1 for all.
    share: 0.33 affects a random third of the matching calls.
    seconds: how long "slow" takes; the Retry-After of a 429.
    after: the call is processed first, then its answer is lost or replaced.
    """

    kind: str
    path: str = ""
    times: int = 1
    share: float = 1.0
    seconds: float = 1.0
    after: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"Unknown fault {self.kind!r}, one of {sorted(KINDS)}")
        try:
            re.compile(self.path)
        except re.error as exc:
            raise ValueError(f"Not a regular expression: {self.path!r}") from exc
        if self.times == 0:
            raise ValueError("'times' is 1 or more, or -1 for ever")


class Faults:
    """The faults of one app. The first one added that matches a call happens."""

    def __init__(
        self, answers: Mapping[str, Callable[[], Response]] | None = None
    ) -> None:
        """answers: this cloud's answers to kinds of faults, if not plain HTML."""
        self._answers = dict(answers or {})
        self._random = random.Random(1)
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, int]] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append((fault, fault.times))

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def before_request(self) -> Response | None:
        fault = self._take(f"{request.method} {request.path}")
        if fault is None:
            return None
        if fault.after:
            g.fault_after = fault
            return None
        return self._happen(fault)

    def after_request(self, response: Response) -> Response:
        fault: Fault | None = g.pop("fault_after", None)
        if fault is None:
            return response
        return self._happen(fault) or response

    def _take(self, call: str) -> Fault | None:
        with self._lock:
            for index, (fault, left) in enumerate(self._waiting):
                if not re.search(fault.path, call):
                    continue
                if fault.share < 1.0 and self._random.random() >= fault.share:
                    continue
                if left == 1:
                    del self._waiting[index]
                elif left > 1:
                    self._waiting[index] = (fault, left - 1)
                return fault
        return None

    def _happen(self, fault: Fault) -> Response | None:
        if fault.kind == "slow":
            # The delay is the simulated fault; nothing else here sleeps.
            time.sleep(fault.seconds)
            return None
        if fault.kind == "reset":
            reset_connection()
        if fault.kind.startswith("429"):
            return self._too_many(fault)
        if fault.kind in self._answers:
            return self._answers[fault.kind]()
        return _plain_answer(fault.kind)

    def _too_many(self, fault: Fault) -> Response:
        make = self._answers.get("429")
        response = make() if make else html_answer(429, "Too Many Requests")
        if fault.kind == "429":
            response.headers["Retry-After"] = str(math.ceil(fault.seconds))
        elif fault.kind == "429-garbage-retry-after":
            response.headers["Retry-After"] = _GARBAGE_RETRY_AFTER
        return response


def html_answer(status: int, title: str) -> Response:
    """Return the answer of a proxy in front of a cloud: HTML, never JSON."""
    page = f"<html><body><h1>{status} {title}</h1></body></html>"
    return Response(page, status, content_type="text/html")


def _plain_answer(kind: str) -> Response:
    if kind == "html-200":
        page = "<!doctype html><title>Log in</title><h1>Please log in</h1>"
        return Response(page, 200, content_type="text/html")
    if kind == "empty-404":
        return Response(b"", 404, content_type="text/plain")
    titles = {
        "401": "Unauthorized",
        "413-html": "Request Entity Too Large",
        "500-html": "Internal Server Error",
        "502": "Bad Gateway",
        "503-html": "Service Unavailable",
    }
    return html_answer(int(kind[:3]), titles[kind])


def reset_connection() -> None:
    """Reset the TCP connection of the current request; never returns.

    Raises:
        ConnectionResetError: always; to the server the client is gone.
    """
    connection: socket.socket = request.environ["werkzeug.socket"]
    linger_0_s = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_0_s)
    # The server still has the socket open and would close it normally (FIN) first.
    # Another file under its number closes the connection here and now, by RST.
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, connection.fileno())
    os.close(nothing)
    raise ConnectionResetError("simulated reset")
