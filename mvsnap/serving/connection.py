"""One connection: uvicorn's, with a deadline for each head and an end for the rest.

What uvicorn leaves open: a head may arrive a byte at a time for ever, addresses are not
counted, and an error's answer is lost if the client is still sending.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from mvsnap.serving.admission import Admission
from mvsnap.web.answers import ErrorAnswer, ErrorDetails, json_text
from mvsnap.web.head import MAX_BYTES as HEAD_BYTES
from mvsnap.web.head import TOO_LONG

# From the connection on, TLS included; and after an answer until the next head.
HEAD_S = 15.0
IDLE_S = 30
# How long what comes after an error is read, so that the client sees the answer.
_LINGER_S = 2.0
# How long answers that are on their way may take when the service ends.
LAST_S = 2.5
# A chunk costs ten microseconds, whatever its length.
_FREE_CHUNKS = 250
_BYTES_PER_CHUNK = 128
_NOT_ASCII = re.compile(rb"[\x80-\xff]")


class HttpConnection(H11Protocol):
    """Ends by itself whatever the other side does, or does not do."""

    transport: asyncio.Transport
    conn: _Parser

    def __init__(
        self, admission: Admission, tls: ssl.SSLContext | None, **given: Any
    ) -> None:
        super().__init__(**given)
        self.conn = _Parser(h11.SERVER, HEAD_BYTES)
        self.app_state = {"connection": self}  # the front finds it there
        self._admission, self._tls = admission, tls
        self._is_refused = False
        self.was_cut = False  # by us: who was there knows that it is not answered
        self._early = b""  # came right behind the handshake
        self._handshake: asyncio.Task[None] | None = None

    # asyncio gives it more than uvicorn's annotations say.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        peer = transport.get_extra_info("peername")
        # Without an address it is gone already; it must not pass for a Unix socket.
        if not peer or not self._admission.admit(self, peer[0]):
            transport.abort()
            return
        self._end_in(HEAD_S)
        if self._tls is None:
            self._begin(transport)
        else:
            transport.pause_reading()  # until the handshake reads
            self._handshake = self.loop.create_task(self._secure(self._tls))

    def connection_lost(self, exc: Exception | None) -> None:
        self._admission.release(self)
        self._unset_keepalive_if_required()
        if self.flow is not None:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.flow is None:
            self._early += data
            return
        # In pieces, so that a head is measured before all of it is looked at.
        begin = 0
        while begin < len(data):
            if self._is_refused or self.transport.is_closing():
                return
            end = begin + max(HEAD_BYTES, self.conn.body_left)
            self.conn.receive_data(self._readable(data[begin:end]))
            self.handle_events()
            begin = end
        if self.is_answering and not self.cycle.more_body:
            self._admission.is_waiting(self, False)

    # uvicorn returns nothing; asyncio asks whether to leave our half open.
    def eof_received(self) -> bool:  # type: ignore[override]
        """Some clients close their half first; they still get their answer."""
        waits = self.is_answering and not self.cycle.more_body and self._tls is None
        if waits:
            self.cycle.keep_alive = False
        return waits

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request, or a head that is too long, and close."""
        self._is_refused = True
        if self.is_answering:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.abort()  # amid an answer there is no room for another one
            return
        self._write(*self.conn.refusal())
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.transport.resume_reading()
        self._end_in(_LINGER_S)

    def on_response_complete(self) -> None:
        self._admission.may_go(self, False)
        self._admission.is_waiting(self, True)
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        self.abort()

    def shutdown(self) -> None:
        """Let an answer that is being made leave, and nothing else."""
        if self.is_answering and not self.cycle.more_body:
            self.cycle.keep_alive = False
            self._end_in(LAST_S)
        else:
            self.abort()

    def is_gone(self) -> bool:
        return self.transport.is_closing()

    def may_go(self, may: bool) -> None:
        """Let it be cut off for another one, or no longer."""
        self._admission.may_go(self, may)

    def abort(self) -> None:
        """Close without waiting for what was not read by the other side."""
        self.was_cut = True
        self.transport.abort()

    @property
    def is_answering(self) -> bool:
        """A head has arrived and is not answered yet."""
        return self.cycle is not None and not self.cycle.response_complete

    def _begin(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        # `send` waits until what was sent before has left: its time shows who reads.
        transport.set_write_buffer_limits(high=1, low=0)  # with 0 TLS never resumes

    async def _secure(self, tls: ssl.SSLContext) -> None:
        try:
            secured = await self.loop.start_tls(
                *(self.transport, self, tls),
                server_side=True,
                ssl_handshake_timeout=HEAD_S,
                ssl_shutdown_timeout=_LINGER_S,
            )
        except OSError:  # no TLS, or none that both sides speak
            secured = None
        if secured is None or secured.is_closing():
            self.abort()
            self.connection_lost(None)
        else:
            self._begin(secured)
            self.data_received(self._early)

    def _end_in(self, seconds: float) -> None:
        """Abort then, unless a head arrives. It is not put off by single bytes."""
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.abort)

    def _readable(self, data: bytes) -> bytes:
        """Encode letters like ü in the address, which some devices send as they are."""
        if data.isascii() or self.conn.their_state is not h11.IDLE:
            return data
        if b"\n" in self.conn.trailing_data[0]:
            return data  # within the headers
        line, end, rest = data.partition(b"\n")
        line = _NOT_ASCII.sub(lambda found: b"%%%02X" % found[0][0], line)
        return line + end + rest

    def _write(self, status: int, body: bytes) -> None:
        reason = HTTPStatus(status).phrase
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        for event in (
            h11.Response(status_code=status, headers=headers, reason=reason),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")


class _Parser(h11.Connection):
    """Remembers what was wrong, and refuses a body of very many tiny chunks."""

    _chunks = _length = _announced = 0
    _head: Sequence[bytes] = ()  # of an answer whose body has not begun
    _mistake = h11.RemoteProtocolError("no request")

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        try:
            event = super().next_event()
            self._count(event)
        except h11.RemoteProtocolError as exc:
            self._mistake = exc
            raise
        return event

    # h11's `send`, which uvicorn calls, joins what this returns.
    def send_with_data_passthrough(self, event: h11.Event) -> list[bytes] | None:
        """Return what to send: a head with what follows it, in one piece."""
        made = super().send_with_data_passthrough(event)
        if isinstance(event, h11.Response):
            self._head = made or []
            return []
        head, self._head = self._head, []
        return made if made is None else [*head, *made]

    @property
    def body_left(self) -> int:
        """Return how much of a body that said its length has not arrived yet."""
        if self.their_state is not h11.SEND_BODY:
            return 0
        return self._announced - self._length - len(self.trailing_data[0])

    def refusal(self) -> tuple[int, bytes]:
        """Return status and JSON for what was wrong."""
        if self._mistake.error_status_hint == 431:
            return 431, json_text(TOO_LONG).encode()
        # Without what follows: it was sent by the other side.
        why = str(self._mistake).partition(":")[0]
        details = ErrorDetails("bad_request", f"Not a request of HTTP/1.1 ({why})")
        return 400, json_text(ErrorAnswer(details)).encode()

    def _count(self, event: object) -> None:
        if isinstance(event, h11.Request):
            self._chunks = self._length = 0
            named = dict(event.headers)
            in_chunks = b"transfer-encoding" in named
            self._announced = 0 if in_chunks else int(named.get(b"content-length", 0))
        elif isinstance(event, h11.Data):
            self._chunks += 1
            self._length += len(event.data)
            if self._chunks > _FREE_CHUNKS + self._length // _BYTES_PER_CHUNK:
                raise h11.RemoteProtocolError("too many chunks")
