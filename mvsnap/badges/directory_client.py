"""Directory over HTTP: the list of people, and photos from allowed hosts.

A list of people comes from outside: its photos may point to any address. Only http and
https addresses of the allowed hosts are fetched, also after a redirect, and never this
machine or its link-local neighbours unless such an address is itself allowed.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import requests

from mvsnap import __version__
from mvsnap.clients.hosts import origin
from mvsnap.clients.transport import ExchangeFailed, guard
from mvsnap.errors import UpstreamError

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
        return self._get(url, lambda to: own is not None and origin(to) == own).content

    def photo(self, url: str) -> bytes:
        """Return an image; check before displaying it that it really is one.

        Raises:
            UpstreamError: `retry` says whether trying later may help.
        """
        answer = self._get(url, self._is_allowed)
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind not in (*_IMAGES, *_UNTYPED):
            raise UpstreamError(f"not an image but {kind[:40]}", retry=False)
        if len(answer.content) > _MAX_PHOTO_BYTES:
            size = _MAX_PHOTO_BYTES // 1024 // 1024
            raise UpstreamError(f"larger than {size} MB", retry=False)
        return answer.content

    def _is_allowed(self, url: str) -> bool:
        place = origin(url)
        if place is None:
            return False
        scheme, host, port = place
        shown = f"[{host}]" if ":" in host else host
        usual = port == {"http": 80, "https": 443}[scheme]
        names = {f"{shown}:{port}", shown} if usual else {f"{shown}:{port}"}
        if not names & self._hosts:
            return False
        # A name may resolve to this machine; then its address must be allowed itself.
        return _is_address(host) or not _is_own_host(host, port)

    def _get(self, url: str, allowed: Callable[[str], bool]) -> requests.Response:
        # A session per host: nothing of one host carries over to the next.
        with guard(requests.Session(), url) as http:
            http.headers["User-Agent"] = f"mvsnap/{__version__}"
            for _ in range(_MAX_REDIRECTS + 1):
                if not allowed(url):
                    raise UpstreamError(_refusal(url), retry=False)
                answer = self._ask(http, url)
                if answer.status_code not in _REDIRECTS:
                    return _checked(answer)
                url = _target(url, answer.headers.get("Location") or url)
        raise UpstreamError(f"more than {_MAX_REDIRECTS} redirects", retry=False)

    def _ask(self, http: requests.Session, url: str) -> requests.Response:
        try:
            return http.get(url, timeout=self._timeout_s, allow_redirects=False)
        except ExchangeFailed as exc:
            words, again = exc.words, exc.again
        except (requests.RequestException, ValueError):
            words, again = "the address cannot be used", False
        raise UpstreamError(words, retry=again)


def _target(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as exc:
        words = "redirected to an invalid address"
        raise UpstreamError(words, retry=False) from exc


def _checked(answer: requests.Response) -> requests.Response:
    status = answer.status_code
    if status != 200:
        raise UpstreamError(f"the server answered {status}", retry=status >= 500)
    return answer


def _refusal(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, scheme = parts.netloc.rpartition("@")[2], parts.scheme
    except ValueError:
        host, scheme = "", ""
    if scheme not in ("http", "https") or not host:
        return f"not an http(s) address: {url[:40]!r}"
    return f"the address leads to {host[:80]!r}, which is not in badges.photo_hosts"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_own_host(host: str, port: int) -> bool:
    """Return whether a name resolves to this machine or its link (169.254...)."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return False  # the request will fail with the reason
    addresses = {_plain_address(str(entry[4][0])) for entry in found}
    return any(
        a.is_loopback or a.is_link_local or a.is_unspecified or a.is_multicast
        for a in addresses
    )


def _plain_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(text.split("%")[0])
    # ::ffff:127.0.0.1 reaches 127.0.0.1, but is not a loopback address itself.
    return getattr(address, "ipv4_mapped", None) or address
