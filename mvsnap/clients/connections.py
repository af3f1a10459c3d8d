"""Connections: to addresses that were checked, each known to its exchange.

urllib3 makes connections deep inside: what an exchange needs to know of them, and what
it forbids, reaches them by a value of the thread. What takes too long is cut off from
another thread.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
)

from mvsnap.clients.hosts import is_near
from mvsnap.texts import wordings
from mvsnap.texts.wording import Reason

# Says of a host whether it may be on this machine or its link (169.254...).
MayBeNear = Callable[[str], bool]


class ExchangeFailed(requests.RequestException):
    """An exchange without an answer; its message contains no URL and no header.

    sent: the complete request had left, so the server may have processed it.
    again: the same request may work later.
    """

    def __init__(
        self, words: Reason, *, sent: bool = False, again: bool = True
    ) -> None:
        super().__init__(words)
        self.words = words
        self.sent, self.again = sent, again


class Exchange:
    """The request of a thread: its socket, and whether it was cut off.

    refused: why its address was not connected to, "" if it was.
    """

    def __init__(self, *, secret: bool, may_be_near: MayBeNear | None = None) -> None:
        self.secret = secret
        self.may_be_near = may_be_near
        self.refused = Reason("")
        self.sock: object = None
        self.sent = False
        self.was_cut = False

    def allows(self, host: str) -> bool:
        """Return whether any address of this host will do."""
        return self.may_be_near is None or self.may_be_near(host)

    def refuses(self, host: str, addresses: Iterable[str]) -> bool:
        """Return whether one of its addresses is of this machine; then it is noted."""
        near = next(filter(is_near, addresses), None)
        if near is not None:
            self.refused = wordings.LEADS_HERE(host=host[:80], address=near)
        return near is not None

    def require_far(self, host: str) -> None:
        """Check what a proxy will be asked for, as far as it is known here.

        Raises:
            ExchangeFailed
        """
        if self.allows(host):
            return
        with suppress(OSError):  # the proxy may know the name
            self.refuses(host, _addresses(host, None))
        if self.refused:
            raise ExchangeFailed(self.refused, again=False)

    def cut(self) -> None:
        self.was_cut = True
        shut(self.sock)


@contextmanager
def watchdog(limit_s: float, cut: Callable[[], None]) -> Iterator[None]:
    """Call `cut` in another thread if the block takes longer."""
    timer = threading.Timer(limit_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def shut(sock: object) -> None:
    """Make the thread that uses the socket fail; nothing where there is none yet."""
    if isinstance(sock, socket.socket):
        with suppress(OSError):
            # Not SSLSocket's own method: it would drop the TLS state while the other
            # thread is reading.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _addresses(host: str, port: int | None) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


# The exchange of this thread.
running: ContextVar[Exchange | None] = ContextVar("running", default=None)


def _note(sock: object, *, sent: bool) -> None:
    exchange = running.get()
    if exchange is None or sock is None:
        return
    exchange.sock, exchange.sent = sock, sent
    if exchange.was_cut:  # the time was over before there was anything to cut
        exchange.cut()


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        exchange = running.get()
        # A proxy has a name of its own, and resolves that of the host itself.
        is_checked = exchange is not None and self.proxy is None
        if exchange is None or not is_checked or exchange.allows(self._dns_host):
            sock = super()._new_conn()
        else:
            sock = self._checked_conn(exchange, self._dns_host)
        try:
            self._require_time()
        except ConnectTimeoutError:
            sock.close()
            raise
        _note(sock, sent=False)
        return sock

    def _checked_conn(self, exchange: Exchange, host: str) -> socket.socket:
        """Connect to an address that was checked, not to a name that was.

        The name is resolved once: a second answer may be another address.
        """
        try:
            addresses = _addresses(host, self.port)
        except OSError as exc:
            name = socket.gaierror(*exc.args)
            raise NameResolutionError(self.host, self, name) from None
        if not addresses or exchange.refuses(host, addresses):
            raise NewConnectionError(self, "refused")
        try:
            for address in addresses[:-1]:
                self._dns_host = address
                with suppress(NewConnectionError, ConnectTimeoutError):
                    return super()._new_conn()
                self._require_time()  # each may take as long as all together
            self._dns_host = addresses[-1]
            return super()._new_conn()
        finally:
            self._dns_host = host  # the name, for TLS

    def connect(self) -> None:
        super().connect()
        _note(self.sock, sent=False)

    def _tunnel(self) -> None:
        _note(self.sock, sent=False)  # a proxy may answer as slowly as anybody
        super()._tunnel()
        self._require_time()

    def _require_time(self) -> None:
        exchange = running.get()
        if exchange is not None and exchange.was_cut:
            raise ConnectTimeoutError(self, "no time is left")

    def request(self, *args: Any, **kwargs: Any) -> None:
        _note(self.sock, sent=False)
        super().request(*args, **kwargs)
        _note(self.sock, sent=True)


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class FarAdapter(HTTPAdapter):
    """Connects to no address of this machine or its link unless the host may be there.

    For streams; `guard` does the same for what is read at once.
    """

    def __init__(self, may_be_near: MayBeNear | None, *, secret: bool = True) -> None:
        super().__init__(pool_maxsize=32)
        self._may_be_near = may_be_near
        self._secret = secret

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        exchange = Exchange(secret=self._secret, may_be_near=self._may_be_near)
        token = running.set(exchange)
        try:
            return super().send(request, *args, **kwargs)
        except requests.ConnectionError:
            if not exchange.refused:
                raise
        finally:
            running.reset(token)
        raise ExchangeFailed(exchange.refused, again=False)
