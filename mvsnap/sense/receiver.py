"""Receiver: a thread that keeps an MQTT connection and passes on batches."""

from __future__ import annotations

import errno
import logging
import random
import select
import socket
import ssl
import threading
import time
from datetime import UTC, datetime

from msgspec import Struct

from mvsnap.sense.buffer import Batch, MessageBuffer
from mvsnap.sense.bulk import BulkClient, works
from mvsnap.sense.client import Broker, PlainClient, SessionClient
from mvsnap.sense.framing import LIMIT_BYTES, Frame
from mvsnap.texts import broker_wordings as said
from mvsnap.texts.camera_wordings import CONNECTION_REFUSED, NO_NETWORK, NO_ROUTE
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import NO_ANSWER_AT_ALL, WITH
from mvsnap.values import replace

__all__ = ["Batch", "Broker", "Frame", "Receiver", "ReceiverState"]

log = logging.getLogger(__name__)

# What a broker does to a client when another one comes with its id.
_TAKEN_OVER = (said.LOST(), said.CLOSED(why="Session taken over"))
_ANSWER_S = 10.0  # from the open socket to the granted subscription
_STEADY_S = 30.0  # a connection that lasted this long resets the waits
_POLL_S = 1.0
_PING_CHECK_S = 5.0  # how often paho looks whether one is due
_GOODBYE_S = 3.0
_JOIN_S = 15.0
_ERRORS = {
    errno.ECONNREFUSED: CONNECTION_REFUSED,
    errno.EHOSTUNREACH: NO_ROUTE,
    errno.ENETUNREACH: NO_NETWORK,
}


class ReceiverState(Struct, frozen=True):
    """State of the receiver; `text` is for people."""

    connected: bool  # and subscribed
    text: Reason
    since: datetime  # when this began; UTC
    dropped: int = 0  # QoS 0 messages that waited too long, since the start
    too_large: int = 0  # messages above the limit, since the start


class Receiver:
    """Receives the topics of a broker, whatever happens to the connection.

    At least once for QoS 1: a message is acknowledged when its batch is, and until then
    the broker sends it again on each new connection.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        most_waiting: int = 500_000,
        limit_bytes: int = LIMIT_BYTES,
        first_wait_s: float = 1.0,
        longest_wait_s: float = 60.0,
        client: type[BulkClient] = BulkClient,
    ) -> None:
        """limit_bytes: longer messages are skipped and counted.

        first_wait_s, longest_wait_s: between two attempts to connect, increasing.
        client: the reader, if it passes its self-test; otherwise unmodified paho is
            used.
        """
        self._broker = broker
        self._where = f"{broker.host}:{broker.port}"
        self._limit_bytes = limit_bytes
        self._waits_s = (first_wait_s, longest_wait_s)
        self._bulk = client
        self._make: type[BulkClient | PlainClient] = client
        self._buffer = MessageBuffer(most_waiting)
        self._live: tuple[int, SessionClient] | None = None
        self._connections = 0
        self._too_large = 0
        self._takeovers = 0
        # Not the same on two machines: one of them keeps the id.
        self._most_takeovers = random.randint(3, 5)
        self._is_logged = False  # that the broker is away
        self._is_pausing = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._state = ReceiverState(False, said.NOT_STARTED(), datetime.now(UTC))

    @property
    def state(self) -> ReceiverState:
        live, too_large = self._live, self._too_large
        if live is not None:
            too_large += live[1].skipped
        return replace(self._state, dropped=self._buffer.dropped, too_large=too_large)

    @property
    def is_contested(self) -> bool:
        """Short connections ended one after the other, as by a client with our id."""
        return self._takeovers >= self._most_takeovers

    def start(self) -> None:
        """Start, once, in its own thread; an unreachable broker is not an error."""
        if not works(self._bulk, self._broker.protocol):
            self._make = PlainClient
        self._bell, self._wakes = socket.socketpair()
        self._bell.setblocking(False)
        self._wakes.setblocking(False)
        self._set(False, said.NOT_CONNECTED(why=said.NOT_TRIED()))
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._thread.start()

    def receive(self, limit_s: float) -> Batch | None:
        """Return everything received so far, of one connection, in order of arrival.

        None if nothing arrived within `limit_s`, and at once if stopped and empty.
        """
        return self._buffer.receive(limit_s)

    def acknowledge(self, batch: Batch) -> None:
        """Tell the broker that it need not send these again; from any thread.

        Does nothing if their connection is closed: the broker sends them once more.
        """
        packet_ids = [frame[3] for frame in batch.frames if frame[3]]
        live = self._live
        if packet_ids and live is not None and live[0] == batch.connection:
            live[1].acknowledge(packet_ids)
            # A pause ends before the next check for something to write.
            if not self._is_pausing:
                self._wake()

    def stop(self) -> None:
        """Disconnect from the broker, which keeps the session, and end the thread.

        What was received before can still be fetched, but not acknowledged.
        """
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            self._wake()
            thread.join(_JOIN_S)
            if not thread.is_alive():  # otherwise it hangs in a name lookup
                self._bell.close()
                self._wakes.close()
            self._set(False, said.STOPPED())
        self._buffer.close()

    def _run(self) -> None:
        tries = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            why = self._connection()
            if self._stopping.is_set():
                return
            self._down(why)
            is_steady = time.monotonic() - began > _STEADY_S
            if is_steady or why not in _TAKEN_OVER:
                self._takeovers = 0
            else:
                self._takeovers += 1
            tries = 0 if is_steady else tries
            first_s, longest_s = self._waits_s
            wait_s = min(longest_s, first_s * 2 ** min(tries, 30))
            # Not all clients at once when a broker is back.
            self._stopping.wait(random.uniform(max(first_s, wait_s / 2), wait_s))
            tries += 1

    def _connection(self) -> Reason:
        """Keep one connection as long as it lasts; return why it ended."""
        self._connections += 1
        number = self._connections

        def deliver(frames: list[Frame]) -> None:
            self._buffer.put(number, frames)

        client = self._make(self._broker, deliver, limit_bytes=self._limit_bytes)
        try:
            client.open()
            self._live = number, client
            self._serve(client)
        except (OSError, ValueError) as exc:
            client.fail(_reason(exc))
        except Exception:
            # paho raises anything if the other side does not speak MQTT.
            if not self._is_logged:
                log.exception(
                    "MQTT broker %s sent something paho cannot read", self._where
                )
            client.fail(said.NOT_MQTT())
        finally:
            self._live = None
            self._too_large += client.skipped
            _close(client)
        return client.why or said.LOST()

    def _serve(self, client: SessionClient) -> None:
        sock, wakes = client.socket(), self._wakes
        assert isinstance(sock, socket.socket)
        pending = sock.pending if isinstance(sock, ssl.SSLSocket) else lambda: 0
        poller = select.poll()
        poller.register(wakes, select.POLLIN)
        deadline = time.monotonic() + _ANSWER_S
        next_check = 0.0
        while client.why is None and client.socket() is not None:
            writing = select.POLLOUT if client.want_write() else 0
            poller.register(sock, select.POLLIN | writing)
            wait_s = _PING_CHECK_S if client.granted else _POLL_S
            events = dict(poller.poll(0 if pending() else 1000 * wait_s))
            if wakes.fileno() in events:
                wakes.recv(4096)
            if self._stopping.is_set():
                return _leave(client, sock)
            happened = events.get(sock.fileno(), 0)
            if happened & ~select.POLLOUT or pending():
                client.loop_read()
            if client.want_write():
                client.loop_write()
            now = time.monotonic()
            if now >= next_check:
                client.loop_misc()
                next_check = now + _POLL_S
            if client.granted and client.why is None:
                self._up(client)
            elif now > deadline:
                client.fail(said.SILENT())
            if client.pause_s:
                self._pause(client)

    def _pause(self, client: SessionClient) -> None:
        self._is_pausing = True
        self._stopping.wait(client.pause_s)
        self._is_pausing = False
        client.pause_s = 0.0

    def _wake(self) -> None:
        try:
            self._bell.send(b"!")
        except OSError:
            return  # full: it wakes up anyway; closed: there is nothing to wake

    def _up(self, client: SessionClient) -> None:
        if self._state.connected:
            return
        where = Reason(self._where)
        if client.refused:
            where = said.REFUSES(place=where, topics=", ".join(client.refused))
        text = said.CONNECTED(place=where)
        self._set(True, text)
        self._is_logged = False
        log.info("MQTT broker: %s", text)

    def _down(self, why: Reason) -> None:
        is_refused = why.code == said.REFUSED.code
        text = why if is_refused else said.NOT_CONNECTED(why=why)
        if self._state.connected or self._state.text != text:
            self._set(False, text)
        if not self._is_logged:
            log.warning("MQTT broker %s: %s", self._where, text)
            self._is_logged = True

    def _set(self, connected: bool, text: Reason) -> None:
        self._state = ReceiverState(connected, text, datetime.now(UTC))


def _leave(client: SessionClient, sock: socket.socket) -> None:
    """Send what is queued, then DISCONNECT: the broker keeps the session, no will."""
    if not client.granted:
        return
    client.leaving = True
    client.disconnect()
    deadline = time.monotonic() + _GOODBYE_S
    while client.socket() is not None and time.monotonic() < deadline:
        client.loop_write()
        if client.socket() is not None:
            select.select([], [sock], [], _POLL_S)


def _close(client: SessionClient) -> None:
    sock = client.socket()
    if sock is not None:
        sock.close()


def _reason(exc: OSError | ValueError) -> Reason:
    """Return why a connection failed or broke, for people."""
    if isinstance(exc, ssl.SSLCertVerificationError):
        return said.UNTRUSTED(why=exc.verify_message)
    if isinstance(exc, ssl.SSLError):
        why = (exc.reason or str(exc)).replace("_", " ").lower()
        return said.TLS_FAILED(why=why)
    if isinstance(exc, socket.gaierror):
        return said.UNKNOWN_HOST(why=str(exc.strerror))
    if isinstance(exc, TimeoutError):
        return NO_ANSWER_AT_ALL()
    if isinstance(exc, OSError) and exc.filename is not None:
        return WITH(first=str(exc.strerror), then=str(exc.filename))
    if isinstance(exc, OSError):
        known = _ERRORS.get(exc.errno or 0)
        return known() if known else Reason(exc.strerror or str(exc))
    return Reason(str(exc))
