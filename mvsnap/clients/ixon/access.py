"""Web access: IXON's path to one camera, and the cookie that opens it.

URL and cookie are enough for access, so both are secrets: no message and no log line
contains them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

import requests

from mvsnap.clients.hosts import is_loopback, origin
from mvsnap.clients.ixon.calls import USER_AGENT
from mvsnap.clients.meraki.budget import waited
from mvsnap.clients.transport import ExchangeFailed, guard
from mvsnap.clock import Clock
from mvsnap.errors import UpstreamError
from mvsnap.texts import ixon_wordings
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import LAST_ANSWER, LINK_UNUSABLE

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 5
# IXON's proxy answers these while the tunnel to the router is being set up.
_TUNNEL_COMES_UP = frozenset({502, 503, 504})
# The code in the URL was used, has expired, or waits for somebody's approval.
_ENDED = frozenset({401, 403, 404, 410})
_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class WebAccess:
    """An open path to a camera; whoever has `base_url` and `cookie` can watch it.

    Only IXON knows how long it lasts: see `has_ended`.
    """

    base_url: str = field(repr=False)
    cookie: str = field(repr=False)

    def stream_url(self, path: str) -> str:
        """Return the address of the camera's `path`; send `headers()` with requests."""
        return f"{self.base_url.rstrip('/')}/{path.lstrip('/')}"

    def headers(self) -> dict[str, str]:
        """Return the headers of each request; requests drops them on a redirect."""
        return {"Cookie": self.cookie}

    def has_ended(self, status: int, headers: Mapping[str, str]) -> bool:
        """Return whether an answer means that a new access must be opened.

        A 401 with a challenge is the camera's own: it asks for its user and password.
        """
        names = {name.casefold(): value for name, value in headers.items()}
        if status == 401:
            return "www-authenticate" not in names
        if status in _REDIRECTS:
            target = urljoin(self.base_url, names.get("location", ""))
            # A camera redirects to itself; IXON's proxy redirects to its own login.
            return origin(target) != origin(self.base_url)
        return status in (403, 410)


class AccessDoor:
    """Exchanges a web-access URL for its cookie; thread-safe."""

    def __init__(self, api_url: str, *, clock: Clock, timeout_s: float) -> None:
        place = origin(api_url)
        self._is_simulated = place is not None and is_loopback(place[1])
        self._clock = clock
        self._timeout_s = timeout_s
        self._http = guard(
            requests.Session(),
            api_url,
            secret=True,
            may_be_near=lambda host: self._is_simulated and is_loopback(host),
        )
        self._http.headers["User-Agent"] = USER_AGENT

    def close(self) -> None:
        self._http.close()

    def open(self, url: str, *, limit_s: float) -> WebAccess:
        """Request `url` until the tunnel is up, and return the access.

        Raises:
            UpstreamError: no cookie in time; another URL may work (`retry`).
        """
        if not self._may_be_asked(url):
            raise UpstreamError(ixon_wordings.LINK_NOT_HTTPS(), retry=False)
        began = self._clock.monotonic()
        while True:
            left_s = began + limit_s - self._clock.monotonic()
            found = self._attempt(url, min(self._timeout_s, max(left_s, 0.1)))
            if isinstance(found, WebAccess):
                return found
            left_s = began + limit_s - self._clock.monotonic()
            if left_s < 1e-6:  # rounding, not time
                why = ixon_wordings.NOT_OPEN_YET(limit_s=limit_s, why=found)
                raise UpstreamError(why, retry=True)
            if not waited(self._clock, min(_EVERY_S, left_s)):
                raise UpstreamError(ixon_wordings.STOPPING(), retry=True)

    def _may_be_asked(self, url: str) -> bool:
        """Any host may be requested: its name is generated and follows no rule."""
        place = origin(url)
        if place is None:
            return False
        scheme, host, _ = place
        return scheme == "https" or (self._is_simulated and is_loopback(host))

    def _attempt(self, url: str, timeout_s: float) -> WebAccess | Reason:
        """Return the access, or a message why it is not open yet."""
        asked = url
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._get(asked, timeout_s)
            if isinstance(answer, Reason):
                return answer
            status = answer.status_code
            if status in _TUNNEL_COMES_UP:
                return LAST_ANSWER(status=status)
            cookie = "; ".join(f"{c.name}={c.value}" for c in answer.cookies)
            if cookie and status < 400:
                return WebAccess(url.split("?")[0], cookie)
            target = urljoin(asked, answer.headers.get("Location") or asked)
            if status not in _REDIRECTS or origin(target) != origin(url):
                break
            asked = target
        raise _refused(status)

    def _get(self, url: str, timeout_s: float) -> requests.Response | Reason:
        try:
            return self._http.get(url, timeout=timeout_s, allow_redirects=False)
        except ExchangeFailed as exc:
            if exc.again:
                return exc.words
            words = exc.words
        except (requests.RequestException, ValueError):
            words = LINK_UNUSABLE()
        # Not inside `except`: the library's exception contains the URL.
        raise UpstreamError(ixon_wordings.NO_ACCESS(why=words), retry=False)


def _refused(status: int) -> UpstreamError:
    if status < 400:
        return UpstreamError(ixon_wordings.NO_COOKIE(status=status), retry=True)
    if status in _ENDED:
        return UpstreamError(ixon_wordings.ACCESS_ENDED(status=status), retry=True)
    return UpstreamError(
        ixon_wordings.ACCESS_REFUSED(status=status),
        retry=status in (408, 429) or status >= 500,
    )
