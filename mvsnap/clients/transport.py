"""Transport: requests sessions whose exchanges all end in time and reveal no secrets.

requests only has timeouts between two bytes, so a slow server could occupy a worker for
hours. Here a watchdog shuts the socket when the whole exchange takes too long.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from mvsnap.clients.hosts import is_loopback, is_near, origin
from mvsnap.texts import wordings
from mvsnap.texts.wording import Reason
from mvsnap.upstreams import OUTCOMES, count_request

SomeSession = TypeVar("SomeSession", bound=requests.Session)
MAX_BODY_BYTES = 20 * 1024 * 1024
_SLOWEST_UPLOAD_BYTES_PER_S = 16 * 1024
# A filter does not apply to child loggers.
_TALKATIVE = (
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
)


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


class _Exchange:
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
        if isinstance(self.sock, socket.socket):
            with suppress(OSError):
                # Not SSLSocket's own method: it would drop the TLS state while the
                # other thread is reading.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def _addresses(host: str, port: int | None) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


# urllib3 creates connections deep inside; each thread has its own value here.
_running: ContextVar[_Exchange | None] = ContextVar("_running", default=None)


def _note(sock: object, *, sent: bool) -> None:
    if (exchange := _running.get()) is not None and sock is not None:
        exchange.sock, exchange.sent = sock, sent


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        """Connect to an address that was checked, not to a name that was.

        The name is resolved once: a second answer may be another address.
        """
        exchange, host = _running.get(), self._dns_host
        # A proxy has a name of its own, and resolves that of the host itself.
        is_checked = exchange is not None and self.proxy is None
        if exchange is None or not is_checked or exchange.allows(host):
            return super()._new_conn()
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
            self._dns_host = addresses[-1]
            return super()._new_conn()
        finally:
            self._dns_host = host  # the name, for TLS

    def connect(self) -> None:
        super().connect()
        _note(self.sock, sent=False)

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


class _Hush(logging.Filter):
    """urllib3 logs paths; the path of a picture is a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        exchange = _running.get()
        return exchange is None or not exchange.secret

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hush)

    def __hash__(self) -> int:
        return hash(_Hush)


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
        exchange = _Exchange(secret=self._secret, may_be_near=self._may_be_near)
        token = _running.set(exchange)
        try:
            return super().send(request, *args, **kwargs)
        except requests.ConnectionError:
            if not exchange.refused:
                raise
        finally:
            _running.reset(token)
        raise ExchangeFailed(exchange.refused, again=False)


class _Adapter(FarAdapter):
    def __init__(
        self,
        may_be_near: MayBeNear | None,
        *,
        secret: bool,
        refuse: Callable[[requests.PreparedRequest], str | None] | None,
        max_body_bytes: int,
        upstream: str | None,
    ) -> None:
        super().__init__(may_be_near, secret=secret)
        self._upstream = upstream
        self._refuse = refuse
        self._max_body_bytes = max_body_bytes

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send and read all within `timeout` seconds, or raise ExchangeFailed."""
        if self._refuse and (words := self._refuse(request)):
            raise ExchangeFailed(Reason(words), again=False)
        uploaded = int(request.headers.get("Content-Length") or 0)
        limit_s = float(timeout) + uploaded / _SLOWEST_UPLOAD_BYTES_PER_S
        exchange = _Exchange(secret=self._secret, may_be_near=self._may_be_near)
        if proxies and select_proxy(str(request.url), dict(proxies)):
            exchange.require_far(urlsplit(str(request.url)).hostname or "")
        token = _running.set(exchange)
        watchdog = threading.Timer(limit_s, exchange.cut)
        watchdog.daemon = True
        watchdog.start()
        began_s, status = time.monotonic(), None
        try:
            response = HTTPAdapter.send(
                self, request, True, timeout, verify, cert, proxies
            )
            _read(response, self._max_body_bytes)
            trouble, status = None, response.status_code
        except ExchangeFailed as exc:
            trouble = exc
        except (HTTPError, OSError, ValueError) as exc:
            trouble = ExchangeFailed(
                _reason(exc, timeout),
                sent=exchange.sent,
                again=not isinstance(exc, ValueError),
            )
        finally:
            watchdog.cancel()
            _running.reset(token)
        if exchange.was_cut:
            words = wordings.NO_WHOLE_ANSWER(limit_s=float(timeout))
            trouble = ExchangeFailed(words, sent=exchange.sent)
        if exchange.refused:
            trouble = ExchangeFailed(exchange.refused, again=False)
        # Raised here and not above: the library's exception contains the URL and the
        # headers and would be chained as the context.
        self._note(trouble.words if trouble is not None else _complaint(response))
        if self._upstream is not None and not exchange.refused:
            took_s = time.monotonic() - began_s
            count_request(self._upstream, took_s, None if trouble else status)
        if trouble is not None:
            raise trouble
        return response

    def _note(self, error: str) -> None:
        if self._upstream is None:
            return
        if error:
            OUTCOMES.failed(self._upstream, error)
        else:
            OUTCOMES.worked(self._upstream)


def _complaint(response: requests.Response) -> str:
    """Return why an answer shows that the service itself is in trouble, else "".

    Not found, forbidden and the like concern one camera or room.
    """
    status = response.status_code
    if status == 401:
        return "it refused the key or password (401)"
    if status == 429:
        return "it received too many requests (429)"
    if status >= 500:
        return f"it reports an error ({status})"
    kind = response.headers.get("Content-Type", "")
    if status == 200 and kind.startswith("text/html"):
        return "it sent a web page: is there a proxy or a login page in between?"
    return ""


def _read(response: requests.Response, most: int) -> None:
    """Read the body into the response, at most so many bytes of it."""
    body = bytearray()
    with response:
        for chunk in response.iter_content(64 * 1024):
            body += chunk
            if len(body) > most:
                why = wordings.ANSWER_TOO_LARGE(size_mb=most // 1024 // 1024)
                raise ExchangeFailed(why, again=False)
    response._content = bytes(body)  # where requests itself keeps a body it has read


def _reason(exc: Exception, timeout: Any) -> Reason:
    """Return what went wrong, without quotes: exceptions contain URLs and headers."""
    reason: object = exc.args[0] if exc.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    if isinstance(exc, requests.ConnectTimeout):
        return wordings.NO_CONNECTION(limit_s=float(timeout))
    if isinstance(exc, requests.Timeout) or isinstance(reason, ReadTimeoutError):
        return wordings.NO_ANSWER(limit_s=float(timeout))
    if isinstance(exc, requests.exceptions.ProxyError):
        return wordings.PROXY_REFUSED()
    if isinstance(exc, requests.exceptions.SSLError):
        return wordings.TLS_FAILED()
    if isinstance(reason, NameResolutionError):
        return wordings.NO_SUCH_HOST()
    if isinstance(reason, NewConnectionError):
        return wordings.NOT_CONNECTED()
    if isinstance(exc, ValueError) and not isinstance(exc, OSError):
        return wordings.MALFORMED()
    return wordings.CONNECTION_BROKE()


def guard(
    session: SomeSession,
    base_url: str,
    *,
    secret: bool = False,
    refuse: Callable[[requests.PreparedRequest], str | None] | None = None,
    may_be_near: MayBeNear | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
    upstream: str | None = None,
) -> SomeSession:
    """Give a session the watchdog, and ignore harmful parts of the environment.

    secret: the URLs are secrets, urllib3 must not log them.
    refuse: returns a message for a request that must not leave.
    may_be_near: for addresses that others choose; without it, any host may be.
    upstream: the service whose state these exchanges show.
    """
    place = origin(base_url)
    # A proxy of the environment cannot reach this machine's loopback.
    session.trust_env = not (place and is_loopback(place[1]))
    # Without an `auth`, requests lets ~/.netrc replace the Authorization header.
    session.auth = _unchanged
    # No cookies: then threads share nothing but the connection pool.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        adapter = _Adapter(
            may_be_near,
            secret=secret,
            refuse=refuse,
            max_body_bytes=max_body_bytes,
            upstream=upstream,
        )
        session.mount(scheme, adapter)
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_Hush())
    return session


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
