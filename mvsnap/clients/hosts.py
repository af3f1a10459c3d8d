"""Hosts: where a key may be sent, and a picture fetched from. Pure."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

# Source: GettingStarted.md of the Dashboard API v1 (one suffix for each cloud).
MERAKI_HOSTS = ("meraki.com", "meraki.ca", "meraki.cn", "meraki.in", "gov-meraki.com")

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_THIS_NETWORK = ipaddress.IPv4Network("0.0.0.0/8")
_BROADCAST = "255.255.255.255"
_DEFAULT_PORTS = {"http": 80, "https": 443}
# A backslash, space or control character: parsers disagree on the host after it.
_AMBIGUOUS = re.compile(r"[\\\x00-\x20\x7f-\U0010ffff]")


def origin(url: str) -> tuple[str, str, int] | None:
    """Return (scheme, host, port), or None for anything but an unambiguous http(s) URL.

    A URL with a user name is ambiguous: `https://api.meraki.com@evil.example/`.
    """
    if _AMBIGUOUS.search(url):
        return None
    try:
        parts, same = urlsplit(url), parse_url(url)
        scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
        port = parts.port or _DEFAULT_PORTS.get(scheme, 0)
    except (ValueError, LocationParseError):
        return None
    # urllib3 connects in the end: it must understand the URL as it was checked.
    if (same.host or "").strip("[]").lower() != host or "@" in parts.netloc:
        return None
    return (scheme, host, port) if scheme in _DEFAULT_PORTS and host else None


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_address(host: str) -> bool:
    """Return whether a host is an address, in the usual notation, and not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_near(address: str) -> bool:
    """Return whether an address is of this machine, of its link, or of no host at all.

    Whatever it is wrapped into: ::ffff:127.0.0.1 reaches 127.0.0.1, as do the forms of
    gateways between IPv6 and IPv4.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        wrapped = found.ipv4_mapped or found.sixtofour
        if found in _NAT64 or found in _COMPATIBLE and int(found) > 1:
            wrapped = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_near(str(wrapped))
    elif found in _THIS_NETWORK:
        return True
    return (
        found.is_loopback
        or found.is_link_local
        or found.is_unspecified
        or found.is_multicast
        or str(found) == _BROADCAST
    )


def is_trusted(url: str, suffixes: tuple[str, ...], *own: str) -> bool:
    """Return whether `url` has the origin of one of `own`, or is https below a suffix.

    Plain http is trusted only on a loopback host in `suffixes` (simulators).
    """
    place = origin(url)
    if place is None:
        return False
    if place in [origin(url) for url in own]:
        return True
    scheme, host, _ = place
    named = any(host == s or host.endswith("." + s) for s in suffixes)
    return named and (scheme == "https" or is_loopback(host))
