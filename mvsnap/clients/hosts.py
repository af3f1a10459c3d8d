"""Hosts: where a key may be sent, and a picture fetched from. Pure."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

# Source: GettingStarted.md of the Dashboard API v1 (one suffix for each cloud).
MERAKI_HOSTS = ("meraki.com", "meraki.ca", "meraki.cn", "meraki.in", "gov-meraki.com")

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
