"""What pages have more of, once browsers reach them by https.

It may be the server's own TLS or a proxy's: `site.public_url` says it for a proxy that
does not say so in each request.
"""

from __future__ import annotations

from flask import Response, request

from mvsnap.web.context import gateway

_COOKIE = "mvsnap"
# A year. Not for subdomains: those may be machines of others.
_HSTS = "max-age=31536000"


def is_https() -> bool:
    """Return whether the browser of this request, or all of them, use https."""
    public_url = gateway().settings.site.public_url or ""
    return request.is_secure or public_url.startswith("https:")


def cookie_name() -> str:
    """Return the session cookie's name; its prefix makes browsers insist on https.

    Below a path the cookie is for that path, which `__Host-` forbids: other gateways
    may be on the same host.
    """
    if not is_https():
        return _COOKIE
    return f"__Secure-{_COOKIE}" if request.script_root else f"__Host-{_COOKIE}"


def cookie_path() -> str:
    return request.script_root or "/"


def add_hsts(answer: Response) -> Response:
    """Browsers ignore it in an answer that came by http."""
    if is_https():
        answer.headers["Strict-Transport-Security"] = _HSTS
    return answer
