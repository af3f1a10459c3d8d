"""Proxies: whose X-Forwarded-* headers count, by the address they connect from.

A number of proxies alone would believe whoever reaches the port directly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# What comes from further away is not looked at.
_MOST_HOPS = 20
_HOST = re.compile(r"[\w.-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?", re.A)
_PREFIX = re.compile(r"(/[\w.~-]{1,100}){1,10}/?", re.A)


class TrustedProxies:
    """WSGI middleware: replaces the address and scheme by what a trusted proxy saw.

    host, prefix: whether X-Forwarded-Host and X-Forwarded-Prefix count, too. A proxy
        that passes on a client's own headers would let it choose the links of answers.
    """

    def __init__(
        self,
        app: WSGIApplication,
        networks: Iterable[IPv4Network | IPv6Network],
        *,
        host: bool = False,
        prefix: bool = False,
    ) -> None:
        self._app = app
        self._networks = tuple(networks)
        self._host, self._prefix = host, prefix

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        peer = environ.get("REMOTE_ADDR", "")
        # No address: a Unix socket, which only this machine's programs reach.
        if not peer or self._trusts(address_of(peer)):
            self._believe(environ)
        return self._app(environ, start_response)

    def _believe(self, environ: WSGIEnvironment) -> None:
        environ["REMOTE_ADDR"] = self._client(environ)
        scheme = _last(environ, "HTTP_X_FORWARDED_PROTO").lower()
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
        host = _last(environ, "HTTP_X_FORWARDED_HOST")
        if self._host and _HOST.fullmatch(host):
            environ["HTTP_HOST"] = host
        prefix = _last(environ, "HTTP_X_FORWARDED_PREFIX")
        if self._prefix and _PREFIX.fullmatch(prefix):
            environ["SCRIPT_NAME"] = prefix.rstrip("/")

    def _client(self, environ: WSGIEnvironment) -> str:
        """Return the nearest address that is not one of our proxies."""
        client: str = environ.get("REMOTE_ADDR", "")
        hops = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
        for hop in reversed(hops[-_MOST_HOPS:]):
            address = address_of(hop)
            if address is None:
                break
            client = str(address)
            if not self._trusts(address):
                break
        return client

    def _trusts(self, address: IPv4Address | IPv6Address | None) -> bool:
        return address is not None and any(address in net for net in self._networks)


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address; some proxies add a port, or write IPv4 as IPv6."""
    return _address(text.strip()[:60])


# Each request asks some times for the address of its client.
@lru_cache(1024)
def _address(plain: str) -> IPv4Address | IPv6Address | None:
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        address = ip_address(plain)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(1024)
def party_of(text: str) -> str:
    """Return what counts as one address: of IPv6, the network of one customer.

    Whatever is limited by address goes by it: of 64 bits everybody has another address
    for each request.
    """
    address = address_of(text)
    if address is None or address.version == 4:
        return str(address or text)
    return str(IPv6Network((int(address), 64), strict=False))


def _last(environ: WSGIEnvironment, name: str) -> str:
    text: str = environ.get(name, "")
    return text.rpartition(",")[2].strip()
