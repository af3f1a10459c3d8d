"""Who may call: API keys with limits, a rate for each, a lock-out for guessing.

Every view names its access with one of the decorators here; a view without one is
refused, so nothing becomes public by forgetting.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Request, current_app, g, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from mvsnap.config.model import ApiKey, Scope
from mvsnap.domain import Job, Serial
from mvsnap.errors import BadInput, Forbidden, TooManyRequests, Unauthorized
from mvsnap.web.params import read_parameters

View = TypeVar("View", bound=Callable[..., Any])

EXTENSION = "mvsnap_guard"
_WRONG_KEYS_PER_MINUTE = 20
_KNOWN_GOOD = 1000


class Caller:
    """An API key as the views see it."""

    def __init__(self, key: ApiKey) -> None:
        self.name = key.name
        self._scopes = set(key.scopes)
        self._serials = None if "*" in key.cameras else frozenset(key.cameras)
        rooms = {room.casefold().strip() for room in key.rooms}
        self._rooms = None if "*" in rooms else rooms

    def must_have(self, scope: Scope) -> None:
        if scope not in self._scopes:
            raise Forbidden(f"This key has no scope {scope!r}")

    def must_reach(self, serials: tuple[Serial, ...]) -> None:
        for serial in serials:
            if not self.reaches(serial):
                raise Forbidden(f"This key may not use camera {serial}")

    def reaches(self, serial: Serial) -> bool:
        return self._serials is None or serial in self._serials

    def may_see(self, job: Job) -> bool:
        return all(map(self.reaches, job.serials)) and self._posts_to(job.room)

    def must_post_to(self, room: str | None) -> None:
        if not self._posts_to(room):
            raise Forbidden(f"This key may not post to room {(room or '')[:80]!r}")

    def _posts_to(self, room: str | None) -> bool:
        if room is None or self._rooms is None:
            return True
        return room.casefold().strip() in self._rooms

    @property
    def serials(self) -> tuple[Serial, ...] | None:
        """Return the cameras it is limited to, None for all."""
        if self._serials is None:
            return None
        return tuple(Serial(serial) for serial in sorted(self._serials))


class Guard:
    def __init__(self, keys: tuple[ApiKey, ...], *, rate_per_minute: int) -> None:
        # Digests have one length: comparing them tells nothing about a key's.
        self._callers = [
            (_digest(key.key.get_secret_value()), Caller(key)) for key in keys
        ]
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._rate = RateLimitItemPerMinute(rate_per_minute)
        self._wrong = RateLimitItemPerMinute(_WRONG_KEYS_PER_MINUTE)
        self._known_good: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def admit(self, asked: Request) -> Caller:
        """Return the caller of the request.

        An address that tried too many wrong keys is locked out for the rest of the
        minute; only keys that had worked from there before still do, so that one
        misconfigured device does not silence the others behind the same router.

        Raises:
            Unauthorized, TooManyRequests
        """
        address = asked.remote_addr or "unknown"
        key = _key_of(asked)
        caller = self._find(key) if key else None
        locked = not self._limiter.test(self._wrong, address)
        if caller is not None and not (locked and not self._is_known(address, caller)):
            self._remember(address, caller)
            self._count(f"key {caller.name}")
            return caller
        # Only those without a good key: strangers must not use up a device's rate.
        self._count(f"address {address}")
        if locked:
            raise self._too_many(self._wrong, address, "Too many wrong keys")
        if key:
            self._limiter.hit(self._wrong, address)
            raise Unauthorized("Wrong API key")
        raise Unauthorized("An API key is needed: X-API-Key or Authorization: Bearer")

    def _count(self, who: str) -> None:
        if not self._limiter.hit(self._rate, who):
            raise self._too_many(self._rate, who, "Too many requests")

    def _too_many(
        self, item: RateLimitItemPerMinute, who: str, what: str
    ) -> TooManyRequests:
        reset_at = self._limiter.get_window_stats(item, who).reset_time
        wait_s = max(1, math.ceil(reset_at - time.time()))
        return TooManyRequests(f"{what}; again in {wait_s} s", retry_after_s=wait_s)

    def _find(self, key: str) -> Caller | None:
        wanted = _digest(key)
        found = None
        for digest, caller in self._callers:  # always all of them: constant time
            if hmac.compare_digest(digest, wanted):
                found = caller
        return found

    def _is_known(self, address: str, caller: Caller) -> bool:
        with self._lock:
            return (address, caller.name) in self._known_good

    def _remember(self, address: str, caller: Caller) -> None:
        with self._lock:
            self._known_good[(address, caller.name)] = None
            self._known_good.move_to_end((address, caller.name))
            if len(self._known_good) > _KNOWN_GOOD:
                self._known_good.popitem(last=False)


def api_key(scope: Scope) -> Callable[[View], View]:
    """The view needs an API key with this scope; it finds it as `caller()`."""

    def mark(view: View) -> View:
        view.access = scope  # type: ignore[attr-defined]  # read by check_access
        return view

    return mark


def public(view: View) -> View:
    """Anybody may call the view."""
    view.access = "public"  # type: ignore[attr-defined]  # read by check_access
    return view


def access_of(view: Any) -> str | None:
    """Return what the view declared: a scope, "public", or None."""
    return getattr(view, "access", None)


def check_access() -> None:
    """Runs before every request."""
    if request.endpoint is None:  # 404 and 405 are answered without a key
        return
    access = access_of(current_app.view_functions[request.endpoint])
    if access == "public":
        return
    if access is None:
        raise Forbidden("This page declares no access")
    admit().must_have(cast(Scope, access))


def admit() -> Caller:
    """Return who makes the current request, or raise; `caller()` knows it then."""
    guard: Guard = current_app.extensions[EXTENSION]
    g.caller = guard.admit(request)
    return caller()


def caller() -> Caller:
    """Return who makes the current request."""
    found: Caller = g.caller
    return found


def is_local(asked: Request) -> bool:
    """Say whether the request comes from this machine itself, not through a proxy."""
    forwarded = "X-Forwarded-For" in asked.headers or "Forwarded" in asked.headers
    return asked.remote_addr in {"127.0.0.1", "::1"} and not forwarded


def _key_of(asked: Request) -> str | None:
    header = asked.headers.get("X-API-Key")
    if header:
        return header.strip()
    scheme, _, token = asked.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    try:
        return read_parameters(asked).get("apikey")
    except BadInput:
        return None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
