"""Directory over HTTP: the list of people, and photos from allowed hosts.

A list of people comes from outside: its photos may point to any address. Only http and
https addresses of the allowed hosts are fetched, also after a redirect, and never this
machine or its link-local neighbours unless such an address is itself allowed. What a
name leads to is checked where it is connected to: a second look-up may differ.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import requests

from mvsnap import __version__
from mvsnap.clients.hosts import is_address, is_loopback, origin
from mvsnap.clients.transport import ExchangeFailed, MayBeNear, guard
from mvsnap.errors import UpstreamError
from mvsnap.texts import file_wordings as said
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import ADDRESS_UNUSABLE, TOO_MANY_REDIRECTS

_TIMEOUT_S = 15.0
_MAX_PHOTO_BYTES = 8 * 1024 * 1024
_MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_IMAGES = ("image/jpeg", "image/png", "image/webp", "image/gif")
# Some servers send this type for any file.
_UNTYPED = ("", "application/octet-stream", "binary/octet-stream")


class DirectoryClient:
    """photo_hosts: `host` (the default ports) or `host:port`, in lower case."""

    def __init__(
        self, photo_hosts: tuple[str, ...], *, timeout_s: float = _TIMEOUT_S
    ) -> None:
        self._hosts = frozenset(photo_hosts)
        self._timeout_s = timeout_s

    def people(self, url: str) -> bytes:
        """Return the raw list of people, at most 20 MB.

        Raises:
            UpstreamError
        """
        own = origin(url)

        def is_own(to: str) -> bool:
            return own is not None and origin(to) == own

        return self._get(url, is_own, _is_ours).content

    def photo(self, url: str) -> bytes:
        """Return an image; check before displaying it that it really is one.

        Raises:
            UpstreamError: `retry` says whether trying later may help.
        """
        # A name may lead to this machine; then its address must be allowed itself.
        answer = self._get(url, self._is_allowed, is_address)
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind not in (*_IMAGES, *_UNTYPED):
            raise UpstreamError(said.NO_IMAGE(kind=kind[:40]), retry=False)
        if len(answer.content) > _MAX_PHOTO_BYTES:
            size = _MAX_PHOTO_BYTES // 1024 // 1024
            raise UpstreamError(said.LARGE_PHOTO(size_mb=size), retry=False)
        return answer.content

    def _is_allowed(self, url: str) -> bool:
        place = origin(url)
        if place is None:
            return False
        scheme, host, port = place
        shown = f"[{host}]" if ":" in host else host
        usual = port == {"http": 80, "https": 443}[scheme]
        names = {f"{shown}:{port}", shown} if usual else {f"{shown}:{port}"}
        return bool(names & self._hosts)

    def _get(
        self, url: str, allowed: Callable[[str], bool], may_be_near: MayBeNear
    ) -> requests.Response:
        # A session per host: nothing of one host carries over to the next.
        with guard(requests.Session(), url, may_be_near=may_be_near) as http:
            http.headers["User-Agent"] = f"mvsnap/{__version__}"
            for _ in range(_MAX_REDIRECTS + 1):
                if not allowed(url):
                    raise UpstreamError(_refusal(url), retry=False)
                answer = self._ask(http, url)
                if answer.status_code not in _REDIRECTS:
                    return _checked(answer)
                url = _target(url, answer.headers.get("Location") or url)
        raise UpstreamError(TOO_MANY_REDIRECTS(most=_MAX_REDIRECTS), retry=False)

    def _ask(self, http: requests.Session, url: str) -> requests.Response:
        try:
            return http.get(url, timeout=self._timeout_s, allow_redirects=False)
        except ExchangeFailed as exc:
            words, again = exc.words, exc.again
        except (requests.RequestException, ValueError):
            words, again = ADDRESS_UNUSABLE(), False
        raise UpstreamError(words, retry=again)


def _target(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as exc:
        raise UpstreamError(said.BAD_REDIRECT(), retry=False) from exc


def _checked(answer: requests.Response) -> requests.Response:
    status = answer.status_code
    if status != 200:
        words = said.SERVER_ANSWERED(status=status)
        raise UpstreamError(words, retry=status >= 500)
    return answer


def _refusal(url: str) -> Reason:
    try:
        parts = urlsplit(url)
        host, scheme = parts.netloc.rpartition("@")[2], parts.scheme
    except ValueError:
        host, scheme = "", ""
    if scheme not in ("http", "https") or not host:
        return said.NO_HTTP(value=repr(url[:40]))
    return said.FOREIGN_HOST(value=repr(host[:80]))


def _is_ours(host: str) -> bool:
    """Return whether the directory itself may be on this machine under this host."""
    return is_address(host) or is_loopback(host) or host == socket.gethostname().lower()
