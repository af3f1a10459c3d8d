"""API keys: what each may do, a rate for each, a lock-out for guessing."""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from flask import Request

from mvsnap.config.model import ApiKey, Scope
from mvsnap.core import http_body
from mvsnap.domain import Job, Serial
from mvsnap.errors import BadInput, Forbidden, Unauthorized
from mvsnap.web.auth.limit import Limit, Limiter
from mvsnap.web.params import read_parameters, read_query

log = logging.getLogger(__name__)

_WRONG_KEYS_PER_MINUTE = 20
_KNOWN_GOOD = 1000


class Caller:
    """Who calls the API, with limits; None means all."""

    def __init__(
        self,
        name: str,
        scopes: Iterable[Scope],
        cameras: Iterable[str] | None = None,
        rooms: Iterable[str] | None = None,
    ) -> None:
        self.name = name
        self._scopes = set(scopes)
        self._cameras = None if cameras is None else frozenset(cameras)
        self._rooms = None
        if rooms is not None:
            self._rooms = {room.casefold().strip() for room in rooms}

    @classmethod
    def of_key(cls, key: ApiKey) -> Caller:
        return cls(
            key.name,
            key.scopes,
            None if "*" in key.cameras else key.cameras,
            None if "*" in key.rooms else key.rooms,
        )

    def must_have(self, scope: Scope) -> None:
        if scope not in self._scopes:
            raise Forbidden(f"This key has no scope {scope!r}")

    def must_reach(self, cameras: Iterable[str]) -> None:
        """cameras: serials, and names of cameras of the recorder."""
        for camera in cameras:
            if not self.reaches(camera):
                raise Forbidden(f"This key may not use camera {camera}")

    def reaches(self, camera: str) -> bool:
        return self._cameras is None or camera in self._cameras

    def may_see(self, job: Job) -> bool:
        return all(map(self.reaches, (*job.serials, *job.clips))) and all(
            map(self._posts_to, job.rooms)
        )

    def must_post_to(self, rooms: tuple[str, ...]) -> None:
        for room in rooms:
            if not self._posts_to(room):
                raise Forbidden(f"This key may not post to room {room[:80]!r}")

    def _posts_to(self, room: str) -> bool:
        return self._rooms is None or room.casefold().strip() in self._rooms

    @property
    def serials(self) -> tuple[Serial, ...] | None:
        """Return the cameras it is limited to, None for all."""
        if self._cameras is None:
            return None
        return tuple(Serial(camera) for camera in sorted(self._cameras))


class Guard:
    def __init__(self, keys: tuple[ApiKey, ...], *, rate_per_minute: int) -> None:
        # Digests have one length: comparing them tells nothing about a key's.
        self._callers = [
            (_digest(key.key.get_secret_value()), Caller.of_key(key)) for key in keys
        ]
        limiter = Limiter()
        self._rate = Limit(limiter, rate_per_minute, "Too many requests")
        self._wrong = Limit(limiter, _WRONG_KEYS_PER_MINUTE, "Too many wrong keys")
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
        key = key_of(asked)
        caller = self._find(key) if key else None
        locked = self._wrong.reached_by(address)
        if caller is not None and not (locked and not self._is_known(address, caller)):
            self._remember(address, caller)
            self._rate.count(f"key {caller.name}")
            return caller
        # Only those without a good key: strangers must not use up a device's rate.
        self._rate.count(f"address {address}")
        if locked:
            raise self._wrong.too_many(address)
        if key:
            if self._wrong.is_first(address):  # once a minute: nobody floods the log
                log.warning("wrong key or token from %s", address)
            self._wrong.hit(address)
            raise Unauthorized("Wrong API key")
        raise Unauthorized("An API key is needed: X-API-Key or Authorization: Bearer")

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


def key_of(asked: Request) -> str | None:
    header = asked.headers.get("X-API-Key")
    if header:
        return header.strip()
    scheme, _, token = asked.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    try:
        return read_parameters(asked).get("apikey")
    except BadInput:
        # A body that is more than parameters, such as a list or a nested object.
        in_address = read_query(asked).get("apikey")
        return in_address or http_body.api_key(message_of(asked))


def message_of(asked: Request) -> dict[str, Any]:
    """Return the JSON object or form that the body holds, {} when there is none."""
    try:
        return http_body.read(asked.get_data(), asked.content_type or "")
    except BadInput:
        return {}  # a stranger is told about the key, not about the body


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
