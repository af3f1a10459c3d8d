"""Log-ins under way: what the browser keeps of them, and what is derived from it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from flask import current_app, session
from msgspec import Struct

from mvsnap.oidc.provider import Asked
from mvsnap.web.links import page_url

LIMIT = timedelta(minutes=10)
# Several tabs may be logging in; a cookie has 4 kB.
_MOST = 3
_LONGEST_NEXT = 600
_KEY = "oidc"


class Pending(Struct, frozen=True):
    """A log-in that this browser has begun; `next`: where it leads."""

    asked: Asked
    next: str


def begin(next_page: str, now: datetime) -> Asked:
    """Remember a log-in in the browser's session."""
    state = secrets.token_urlsafe(24)
    kept = next_page if len(next_page) <= _LONGEST_NEXT else ""
    entry = [state, kept, (now + LIMIT).timestamp()]
    session[_KEY] = [*_entries()[-(_MOST - 1) :], entry]
    return _asked(state)


def take(state: str, now: datetime) -> Pending | None:
    """Return the log-in with this state and forget it; None: not of this browser."""
    found = None
    left = []
    for entry in _entries():
        if hmac.compare_digest(entry[0].encode(), state.encode("utf-8", "replace")):
            found = entry
        else:
            left.append(entry)
    if _KEY in session:
        session[_KEY] = left
    if found is None or found[2] < now.timestamp():
        return None
    return Pending(_asked(found[0]), found[1])


def _entries() -> list[tuple[str, str, float]]:
    # The session is signed: what is there was written by `begin`.
    return [(state, kept, until) for state, kept, until in session.get(_KEY, [])]


def _asked(state: str) -> Asked:
    # Derived: the session is signed, but its owner can read it.
    return Asked(
        state=state,
        nonce=_derived("nonce", state),
        verifier=_derived("verifier", state),
        redirect_uri=page_url("oidc.callback"),
    )


def _derived(purpose: str, state: str) -> str:
    key = str(current_app.secret_key).encode()
    made = hmac.digest(key, f"oidc {purpose} {state}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).decode().rstrip("=")
