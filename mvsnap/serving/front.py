"""From uvicorn to the Flask application and back.

A thread is taken while the application works, and for each part of a long answer; never
while a client sends or reads.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mvsnap.serving.bodies import Bodies, Body, Gone, Receive, Refused
from mvsnap.serving.connection import HttpConnection
from mvsnap.serving.environ import Head
from mvsnap.serving.strangers import Strangers
from mvsnap.serving.threads import RequestThreads
from mvsnap.web.answers import ErrorAnswer, ErrorDetails, json_text
from mvsnap.web.known import KNOWN

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

Headers = list[tuple[str, str]]
Send = Callable[[Any], Awaitable[None]]

# Made at once, sent at once. Who reads less than this in that time is cut off.
_PART = 64 * 1024
_PART_S = 30
_BUG = ErrorDetails("internal", "Internal error; see the log")
_CLOSE = ("connection", "close")
_RETRY = ("Retry-After", "30")


class _Parts:
    """What the application answers, part by part; each takes a thread."""

    def __init__(self, made: Iterable[bytes]) -> None:
        self._made = made
        self._parts = iter(made)
        self.ended = False

    def next(self) -> bytes:
        """Return about 64 KiB, or all that is left."""
        found, length = [], 0
        while length < _PART and not self.ended:
            part = next(self._parts, None)
            if part is None:
                self.ended = True
                self.close()
            else:
                found.append(part)
                length += len(part)
        return b"".join(found)

    def close(self) -> None:
        """Let go of what it is made from; may be called again."""
        made, self._made = self._made, ()
        if hasattr(made, "close"):
            made.close()


class _AnswerInParts(Struct, frozen=True):
    """The beginning of an answer, and where the rest comes from."""

    status: int
    headers: Headers
    first: bytes
    parts: _Parts


class Front:
    """An ASGI application around a WSGI application.

    may_be_large: whether the body of a request with this path may be.
    """

    def __init__(
        self,
        app: WSGIApplication,
        threads: RequestThreads,
        strangers: Strangers,
        bodies: Bodies,
        may_be_large: Callable[[str], bool],
    ) -> None:
        self._app = app
        self._threads = threads
        self._strangers = strangers
        self._may_be_large = may_be_large
        self._bodies = bodies

    def use(self, app: WSGIApplication, may_be_large: Callable[[str], bool]) -> None:
        """Give later requests to another application."""
        self._app, self._may_be_large = app, may_be_large

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        connection = scope["state"]["connection"]
        try:
            await self._handle(scope, receive, send, connection)
        except Gone:
            return
        except TimeoutError:
            connection.abort()
        except Exception:
            # The last one to see it: what was sent of the answer is unclear.
            log.exception("unexpected error while sending an answer")
            connection.abort()

    async def _handle(
        self, scope: Any, receive: Receive, send: Send, connection: HttpConnection
    ) -> None:
        head = Head(scope)
        answer = await self._answer(head, receive, connection)
        try:
            await _send(answer, partial(self._next, head, answer), send, connection)
        finally:
            if not answer.parts.ended:
                self._threads.soon(answer.parts.close)

    async def _answer(
        self, head: Head, receive: Receive, connection: HttpConnection
    ) -> _AnswerInParts:
        with closing(self._bodies.body(head.address)) as body:
            may_be_large = self._may_be_large(head.path)
            try:
                await body.read(receive, head, may_be_large=may_be_large)
            except Refused as refused:
                retry = [_RETRY] if refused.status == 503 else []
                return _error(refused.status, refused.details, _CLOSE, *retry)
            answer = await self._answer_in_turn(head, body, connection)
            if not body.is_read:
                answer.headers.append(_CLOSE)
            return answer

    async def _answer_in_turn(
        self, head: Head, body: Body, connection: HttpConnection
    ) -> _AnswerInParts:
        def begins() -> None:
            connection.may_go(False)
            # Not for whom the client left: it may have sent a trigger, and no more.
            if connection.was_cut:
                raise Gone

        connection.may_go(True)
        if (wait_s := self._strangers.wait_s(head.address)) > 0:
            await asyncio.sleep(wait_s)
        asked = head.environ() | _input(body) | {KNOWN: False}
        answer, used_s = await self._threads.run(
            head.address, partial(_timed, partial(self._ask, asked)), begins
        )
        if not asked[KNOWN]:
            self._strangers.used(head.address, used_s)
        return answer

    def _ask(self, asked: WSGIEnvironment) -> _AnswerInParts:
        """Let the application answer, up to the first part. In a thread."""
        begun: list[tuple[str, Headers]] = []
        written: list[bytes] = []

        def start_response(
            status: str, headers: Headers, exc_info: Any = None
        ) -> Callable[[bytes], None]:
            begun.append((status, headers))
            return written.append

        try:
            parts = _Parts(self._app(asked, start_response))
            first = parts.next()
        except Exception:
            # Flask has its own handler; this is one outside of it.
            log.exception("unexpected error while answering a request")
            return _error(500, _BUG)
        status, headers = begun[-1]
        first = b"".join([*written, first])
        return _AnswerInParts(int(status[:3]), list(headers), first, parts)

    async def _next(self, head: Head, answer: _AnswerInParts) -> bytes:
        return await self._threads.run(head.address, answer.parts.next)


def _timed(work: Callable[[], _AnswerInParts]) -> tuple[_AnswerInParts, float]:
    begun_s = time.monotonic()
    return work(), time.monotonic() - begun_s


def _input(body: Body) -> WSGIEnvironment:
    """Return the body as WSGI has it: all there, also if it came in chunks."""
    found = {"wsgi.input": body.file, "wsgi.input_terminated": True}
    return found | ({"CONTENT_LENGTH": str(body.length)} if body.length else {})


async def _send(
    answer: _AnswerInParts,
    next_part: Callable[[], Awaitable[bytes]],
    send: Send,
    connection: HttpConnection,
) -> None:
    """Send an answer as fast as it is read.

    Raises:
        TimeoutError: it is read too slowly.
    """
    if answer.parts.ended and len(answer.first) <= _PART:
        async with asyncio.timeout(_PART_S):
            await send(_start(answer))
            await send(_body(answer.first, more=False))
        return
    part: bytes = answer.first
    await _soon(send(_start(answer)))
    connection.may_go(True)  # a file, or a table
    while part and not connection.is_gone():
        for begin in range(0, len(part), _PART):
            await _soon(send(_body(part[begin : begin + _PART], more=True)))
        part = b"" if answer.parts.ended else await next_part()
    # Else its end would be an error: it is shorter than it said.
    if not connection.is_gone():
        await _soon(send(_body(b"", more=False)))


async def _soon(sent: Awaitable[None]) -> None:
    """Wait until what was sent before has left."""
    async with asyncio.timeout(_PART_S):
        await sent


def _body(part: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": part, "more_body": more}


def _start(answer: _AnswerInParts) -> dict[str, Any]:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in answer.headers
    ]
    names = {name.lower() for name, _ in headers}
    # With a length the connection stays open for HTTP/1.0, too.
    if answer.parts.ended and answer.first and b"content-length" not in names:
        headers.append((b"content-length", b"%d" % len(answer.first)))
    return {
        "type": "http.response.start",
        "status": answer.status,
        "headers": headers,
    }


def _error(
    status: int, details: ErrorDetails, *headers: tuple[str, str]
) -> _AnswerInParts:
    body = json_text(ErrorAnswer(details)).encode()
    parts = _Parts([body])
    all_headers = [("Content-Type", "application/json"), *headers]
    return _AnswerInParts(status, all_headers, parts.next(), parts)
