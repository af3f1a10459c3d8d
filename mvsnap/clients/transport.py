"""Transport: requests sessions whose exchanges all end in time and reveal no secrets.

requests only has timeouts between two bytes, so a slow server could occupy a worker for
hours. Here a watchdog shuts the socket when the whole exchange takes too long.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3.exceptions import (
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from mvsnap.clients.connections import (
    Exchange,
    ExchangeFailed,
    FarAdapter,
    MayBeNear,
    running,
    watchdog,
)
from mvsnap.clients.hosts import is_loopback, origin
from mvsnap.texts import service_wordings, wordings
from mvsnap.texts.wording import Reason
from mvsnap.upstreams import OUTCOMES, count_request

# All that a client needs; the connections below it are in their own module.
__all__ = ["MAX_BODY_BYTES", "ExchangeFailed", "MayBeNear", "guard"]

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


class _Hush(logging.Filter):
    """urllib3 logs paths; the path of a picture is a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        exchange = running.get()
        return exchange is None or not exchange.secret

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hush)

    def __hash__(self) -> int:
        return hash(_Hush)


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
        exchange = Exchange(secret=self._secret, may_be_near=self._may_be_near)
        if proxies and select_proxy(str(request.url), dict(proxies)):
            exchange.require_far(urlsplit(str(request.url)).hostname or "")
        began_s = time.monotonic()
        with _within(_limit_s(request, timeout), exchange):
            found = self._answer(exchange, request, timeout, verify, cert, proxies)
        if exchange.was_cut:
            words = wordings.NO_WHOLE_ANSWER(limit_s=float(timeout))
            found = ExchangeFailed(words, sent=exchange.sent)
        if exchange.refused:
            found = ExchangeFailed(exchange.refused, again=False)
        if self._upstream is not None:
            took_s = None if exchange.refused else time.monotonic() - began_s
            _note(self._upstream, found, took_s)
        # Raised here and not where it is caught: the library's exception contains the
        # URL and the headers and would be chained as the context.
        if isinstance(found, ExchangeFailed):
            raise found
        return found

    def _answer(
        self,
        exchange: Exchange,
        request: requests.PreparedRequest,
        timeout: Any,
        *more: Any,
    ) -> requests.Response | ExchangeFailed:
        """Return the answer, with its body, or what went wrong."""
        try:
            response = HTTPAdapter.send(self, request, True, timeout, *more)
            _read(response, self._max_body_bytes)
        except ExchangeFailed as exc:
            return exc
        except (HTTPError, OSError, ValueError) as exc:
            return ExchangeFailed(
                _reason(exc, timeout),
                sent=exchange.sent,
                again=not isinstance(exc, ValueError),
            )
        return response


def _limit_s(request: requests.PreparedRequest, timeout: Any) -> float:
    """Return how long the whole exchange may take: an upload gets more."""
    uploaded = int(request.headers.get("Content-Length") or 0)
    return float(timeout) + uploaded / _SLOWEST_UPLOAD_BYTES_PER_S


@contextmanager
def _within(limit_s: float, exchange: Exchange) -> Iterator[None]:
    """Let the connections of this thread know the exchange; cut it after `limit_s`."""
    token = running.set(exchange)
    try:
        with watchdog(limit_s, exchange.cut):
            yield
    finally:
        running.reset(token)


def _note(
    upstream: str, found: requests.Response | ExchangeFailed, took_s: float | None
) -> None:
    """took_s: None where nothing was sent."""
    if isinstance(found, ExchangeFailed):
        error, status = found.words, None
    else:
        error, status = _complaint(found), found.status_code
    if error:
        OUTCOMES.failed(upstream, error)
    else:
        OUTCOMES.worked(upstream)
    if took_s is not None:
        count_request(upstream, took_s, status)


def _complaint(response: requests.Response) -> Reason:
    """Return why an answer shows that the service itself is in trouble, else "".

    Not found, forbidden and the like concern one camera or room.
    """
    status = response.status_code
    if status == 401:
        return service_wordings.REFUSED_KEY(status=status)
    if status == 429:
        return service_wordings.BUSY(status=status)
    if status >= 500:
        return service_wordings.ERROR(status=status)
    kind = response.headers.get("Content-Type", "")
    if status == 200 and kind.startswith("text/html"):
        return service_wordings.SENT_PAGE()
    return Reason("")


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
