"""Access: authentication at an HTTP camera, and what its refusals mean. No I/O."""

from __future__ import annotations

from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth
from urllib3.exceptions import DecodeError, ProtocolError, ReadTimeoutError

from mvsnap.recorder.diagnosis import Ending, http_ending
from mvsnap.recorder.model import Auth, AuthType, State, StreamSource
from mvsnap.texts import camera_wordings as words
from mvsnap.texts.wording import Reason

ENDED = Ending(State.OFFLINE, words.ACCESS_ENDED(), alone=True)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class AskedFor(HTTPDigestAuth):
    """Digest or basic, following the camera's challenge; nothing before a challenge."""

    def __init__(self, user: str, password: str) -> None:
        super().__init__(user, password)
        self._basic = HTTPBasicAuth(user.encode(), password.encode())
        self._wants_basic = False

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        prepared: requests.PreparedRequest = super().__call__(r)  # type: ignore[no-untyped-call]
        return self._basic(prepared) if self._wants_basic else prepared

    def handle_401(self, r: requests.Response, **kwargs: Any) -> requests.Response:
        challenge = r.headers.get("WWW-Authenticate", "").lower()
        is_basic = "basic" in challenge and "digest" not in challenge
        if r.status_code != 401 or not is_basic:
            answer: requests.Response = super().handle_401(r, **kwargs)  # type: ignore[no-untyped-call]
            return answer
        if "Authorization" in r.request.headers:
            return r  # the credentials were wrong
        self._wants_basic = True
        _ = r.content  # once read to its end, the connection can be reused
        r.close()
        request = self._basic(r.request.copy())
        again: requests.Response = r.connection.send(request, **kwargs)
        again.history.append(r)
        again.request = request
        return again


def auth_of(auth: Auth) -> AuthBase | None:
    """Return the auth object for user name and password, None without any."""
    user, password = auth.username, auth.password
    if auth.type is AuthType.BASIC:
        # As bytes: otherwise text outside Latin-1 would not be sent.
        return HTTPBasicAuth(user.encode(), password.encode())
    if auth.type is AuthType.DIGEST:
        return HTTPDigestAuth(user, password)
    return AskedFor(user, password) if auth.type is AuthType.AUTO else None


def refusal(
    source: StreamSource, answer: requests.Response, *, is_first: bool
) -> tuple[Ending, str | None]:
    """Return the reason for an answer other than 200, or where to ask instead.

    is_first: nothing was received yet; access that was just granted has not expired, so
    a 403 is the camera's own.
    """
    status, headers = answer.status_code, answer.headers
    may_end = not (is_first and status == 403)
    if may_end and source.has_ended is not None and source.has_ended(status, headers):
        return ENDED, None
    if status not in _REDIRECTS:
        return http_ending(status), None
    target = urljoin(answer.url, headers.get("Location", ""))
    if _may_follow(source, target):
        return http_ending(status), target
    return Ending(State.NO_VIDEO, words.REDIRECTS_AWAY()), None


def _may_follow(source: StreamSource, target: str) -> bool:
    """Return whether the camera's login, if it has one, may be sent there, too."""
    if _server(target) == _server(source.url):
        return True
    here, there = urlsplit(source.url), urlsplit(target)
    if source.headers or there.scheme not in ("http", "https"):
        return False  # whoever gets our cookie can open the camera
    is_upgrade = (here.scheme, there.scheme) == ("http", "https")
    is_same_host = here.hostname == there.hostname
    return source.auth.type is AuthType.NONE or (is_upgrade and is_same_host)


def trouble(error: Exception) -> Reason:
    """Return why there is no answer; the error's own text contains the address."""
    if isinstance(error, requests.exceptions.SSLError):
        return words.NOT_TRUSTED()
    if isinstance(error, requests.Timeout | ReadTimeoutError):
        return words.NOT_IN_TIME()
    if _is_malformed(error):
        return words.NOT_HTTP()
    if isinstance(error, DecodeError):
        return words.WRONG_CODING()
    if isinstance(error, requests.ConnectionError | ProtocolError):
        return words.UNCONNECTED()
    return Reason(type(error).__name__)


def _is_malformed(error: BaseException) -> bool:
    """Return whether an answer came that cannot be read: the libraries wrap this."""
    wrapped = error
    while (inner := next((a for a in wrapped.args if _is_error(a)), None)) is not None:
        wrapped = inner
    # Both mean that the connection broke.
    is_broken = isinstance(wrapped, RemoteDisconnected | IncompleteRead)
    return isinstance(wrapped, HTTPException) and not is_broken


def _is_error(part: object) -> bool:
    return isinstance(part, BaseException)


def _server(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
