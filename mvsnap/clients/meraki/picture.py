"""Picture download: polls a snapshot URL until the JPEG is complete.

The URL needs no key, so it is itself a secret: no message and no log line contains it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urljoin

import requests

from mvsnap import jpeg
from mvsnap.clients.hosts import is_address, is_loopback, is_trusted, origin
from mvsnap.clients.meraki.budget import waited
from mvsnap.clients.meraki.calls import MAX_REDIRECTS, REDIRECTS, USER_AGENT
from mvsnap.clients.transport import ExchangeFailed, guard
from mvsnap.clock import Clock
from mvsnap.errors import NoPicture
from mvsnap.texts import wordings
from mvsnap.texts.wording import Reason

_FIRST_WAIT_S, _LONGEST_WAIT_S, _SHORTEST_WAIT_S = 0.2, 1.0, 0.05
_EAGER_S = 5.0


@dataclass(frozen=True, slots=True)
class SnapshotTicket:
    """Where a picture will appear; whoever has the `url` has the picture."""

    url: str = field(repr=False)
    expires_at: datetime | None = None


class PictureDownload:
    """Fetches pictures without the key; thread-safe."""

    def __init__(
        self,
        base_url: str,
        *,
        clock: Clock,
        timeout_s: float,
        trusted_hosts: tuple[str, ...],
    ) -> None:
        self._base_url = base_url
        self._clock = clock
        self._timeout_s = timeout_s
        self._trusted_hosts = trusted_hosts
        place = origin(base_url)
        own = place[1] if place else ""

        def may_be_near(host: str) -> bool:
            # What Meraki calls by its address needs no name that could lie.
            is_simulated = is_loopback(own) and is_loopback(host)
            return host == own or is_address(host) or is_simulated

        self._http = guard(
            requests.Session(), base_url, secret=True, may_be_near=may_be_near
        )
        self._http.headers["User-Agent"] = USER_AGENT

    def close(self) -> None:
        self._http.close()

    def fetch(self, url: str, *, limit_s: float, only_trusted: bool = False) -> bytes:
        """Return the complete JPEG; at first the URL answers 404 and the like.

        only_trusted: the URL did not come from Meraki itself, so its host must be
            Meraki's.

        Raises:
            NoPicture: not there in time (retry), or the URL is unusable.
        """
        if origin(url) is None:
            raise NoPicture(wordings.PICTURE_LINK_NOT_HTTP(), retry=False)
        if only_trusted and not is_trusted(url, self._trusted_hosts, self._base_url):
            raise NoPicture(wordings.PICTURE_LINK_FOREIGN(), retry=False)
        began = self._clock.monotonic()
        every_s = _FIRST_WAIT_S
        while True:
            asked = self._clock.monotonic()
            left_s = began + limit_s - asked
            found = self._attempt(url, min(self._timeout_s, max(left_s, 0.1)))
            if isinstance(found, bytes):
                return found
            now = self._clock.monotonic()
            if now - began >= _EAGER_S:
                every_s = min(every_s * 1.25, _LONGEST_WAIT_S)
            left_s = began + limit_s - now
            if left_s < 1e-6:  # rounding, not time
                why = wordings.PICTURE_LATE(limit_s=limit_s, why=found)
                raise NoPicture(why, retry=True)
            pause_s = min(max(every_s - (now - asked), _SHORTEST_WAIT_S), left_s)
            if not waited(self._clock, pause_s):
                raise NoPicture(wordings.PICTURE_STOPPING(), retry=True)

    def _attempt(self, url: str, timeout_s: float) -> bytes | Reason:
        """Return the picture, or a message why it is not there yet."""
        start = url
        for _ in range(MAX_REDIRECTS + 1):
            try:
                answer = self._http.get(url, timeout=timeout_s, allow_redirects=False)
            except ExchangeFailed as exc:
                if exc.again:
                    return exc.words
                words = exc.words
            except (requests.RequestException, ValueError):
                words = wordings.LINK_UNUSABLE()
            else:
                if answer.status_code not in REDIRECTS:
                    return _picture(answer)
                url = urljoin(url, answer.headers.get("Location") or url)
                if is_trusted(url, self._trusted_hosts, self._base_url, start):
                    continue
                words = wordings.LINK_LEADS_AWAY()
            raise NoPicture(wordings.PICTURE_UNUSABLE(why=words), retry=False)
        return wordings.TOO_MANY_REDIRECTS(most=MAX_REDIRECTS)


def _picture(answer: requests.Response) -> bytes | Reason:
    """Return the picture, or a message why it is not there yet.

    Raises:
        NoPicture: it must not be decoded.
    """
    status, body = answer.status_code, answer.content
    if not 200 <= status < 300:
        return wordings.LAST_ANSWER(status=status)
    # Which 2xx it is says nothing: a picture may come with 202, a page with 200.
    found = jpeg.outline(body)
    if found is not None and found.refusal:
        raise NoPicture(found.refusal, retry=False)
    if found is not None and found.is_whole:
        return body
    if status != 200:
        return wordings.LAST_ANSWER(status=status)
    return wordings.LAST_ANSWER_NO_JPEG(bytes=len(body))
