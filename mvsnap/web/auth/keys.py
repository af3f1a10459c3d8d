"""API keys: what each may do, its rate limit, and a lockout against guessing."""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from flask import Request
from msgspec import Struct, field

from mvsnap.config.model import ApiKey, Scope
from mvsnap.config.webhooks import WebhookToken
from mvsnap.core import http_body
from mvsnap.domain import EventKind, Job, Serial, TriggerKind
from mvsnap.errors import BadInput, Forbidden, Unauthorized
from mvsnap.spelling import folded
from mvsnap.texts import refusal_wordings
from mvsnap.web.limit import Limit, Limiter
from mvsnap.web.params import read_parameters, read_query
from mvsnap.web.proxies import party_of

log = logging.getLogger(__name__)

# Events that name a cardholder.
PERSONAL = (EventKind.MISMATCH,)
_WRONG_KEYS_PER_MINUTE = 20
_KNOWN_GOOD = 1000


class Caller:
    """Who calls the API, with limits; None means all.

    is_guessable: the key is shorter than new ones may be. refusal: why it does not work
    now. token: what alarms with this webhook token lead to.
    """

    def __init__(
        self,
        name: str,
        scopes: Iterable[Scope],
        cameras: Iterable[str] | None = None,
        rooms: Iterable[str] | None = None,
        *,
        is_guessable: bool = False,
        refusal: str = "",
        token: WebhookToken | None = None,
    ) -> None:
        self.name = name
        self.is_guessable = is_guessable
        self.refusal = refusal
        self.token = token
        self._scopes = set(scopes)
        self._cameras = None if cameras is None else frozenset(cameras)
        self._rooms = None
        if rooms is not None:
            self._rooms = {folded(room) for room in rooms}

    @classmethod
    def of_key(cls, key: ApiKey) -> Caller:
        return cls(
            key.name,
            key.scopes,
            None if "*" in key.cameras else key.cameras,
            None if "*" in key.rooms else key.rooms,
            is_guessable=key.is_short,
        )

    def require_scope(self, scope: Scope) -> None:
        if scope not in self._scopes:
            raise Forbidden(refusal_wordings.NO_SCOPE(scope=scope))

    def may_read(self, kind: EventKind) -> bool:
        """Return whether events of this kind are for the caller."""
        return kind not in PERSONAL or "review" in self._scopes

    def require_kinds(self, kinds: Iterable[EventKind]) -> None:
        if not all(map(self.may_read, kinds)):
            self.require_scope("review")

    def require_cameras(self, cameras: Iterable[str]) -> None:
        """cameras: serials, and names of recorder cameras."""
        for camera in cameras:
            if not self.reaches(camera):
                raise Forbidden(refusal_wordings.NOT_THIS_CAMERA(camera=camera))

    def reaches(self, camera: str) -> bool:
        return self._cameras is None or camera in self._cameras

    def may_see(self, job: Job) -> bool:
        # Of a mismatch: the name of the reviewer.
        if job.trigger.kind is TriggerKind.BADGE and "review" not in self._scopes:
            return False
        return all(map(self.reaches, (*job.serials, *job.clips))) and all(
            map(self._posts_to, job.rooms)
        )

    def require_rooms(self, rooms: tuple[str, ...]) -> None:
        for room in rooms:
            if not self._posts_to(room):
                raise Forbidden(refusal_wordings.NOT_THIS_ROOM(room=room[:80]))

    def _posts_to(self, room: str) -> bool:
        return self._rooms is None or folded(room) in self._rooms

    @property
    def serials(self) -> tuple[Serial, ...] | None:
        """Return the cameras it is limited to, None for all."""
        if self._cameras is None:
            return None
        return tuple(Serial(camera) for camera in sorted(self._cameras))


class KnownGood:
    """Which keys have worked from which addresses; the last thousand."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def has(self, address: str, caller: Caller) -> bool:
        with self._lock:
            return (address, caller.name) in self._known

    def add(self, address: str, caller: Caller) -> None:
        with self._lock:
            self._known[(address, caller.name)] = None
            self._known.move_to_end((address, caller.name))
            if len(self._known) > _KNOWN_GOOD:
                self._known.popitem(last=False)


class Counters(Struct, frozen=True):
    """Counters of authenticators, separate or shared."""

    rate: Limit
    wrong: Limit
    known_good: KnownGood = field(default_factory=KnownGood)

    @classmethod
    def new(cls, rate_per_minute: int) -> Counters:
        limiter = Limiter()
        return cls(
            Limit(limiter, rate_per_minute, "Too many requests"),
            Limit(limiter, _WRONG_KEYS_PER_MINUTE, "Too many wrong keys"),
        )


# Looks for the owner of a key; given the key and the address of the client.
FindCaller = Callable[[str, str], Caller | None]


class Authenticator:
    """Finds the owner of a key; the keys of one authenticator share its counters.

    stored: finds those that are not known here.
    """

    def __init__(
        self,
        keys: Iterable[ApiKey],
        counters: Counters,
        stored: FindCaller = lambda _key, _address: None,
    ) -> None:
        # Digests have equal length: comparing them reveals nothing about a key's.
        self._callers = [
            (_digest(key.key.get_secret_value()), Caller.of_key(key)) for key in keys
        ]
        self.counters = counters
        self._stored = stored

    def admit(self, asked: Request) -> Caller:
        """Return the caller of the request, see `admit_key`."""
        return self.admit_key(key_of(asked) or "", asked.remote_addr or "unknown")

    def admit_key(self, key: str, address: str) -> Caller:
        """Return the owner of a key, "" for none; address: of the client.

        An address that tried too many wrong keys is locked out for the rest of the
        minute. A right key still works: one misconfigured device must not lock out the
        others behind the same router. Only a key that is short enough to be guessed
        must have worked from there before.

        Raises:
            Unauthorized, TooManyRequests
        """
        rate, wrong = self.counters.rate, self.counters.wrong
        known_good = self.counters.known_good
        caller = self._find(key, address) if key else None
        refusal = caller.refusal if caller is not None else ""
        party = party_of(address)
        locked = wrong.reached_by(party)
        if (
            caller is not None
            and not refusal
            and (not (locked and caller.is_guessable) or known_good.has(party, caller))
        ):
            known_good.add(party, caller)
            rate.count(f"key {caller.name}")
            return caller
        # Only without a valid key: strangers must not use up a device's rate.
        rate.count(f"address {party}")
        if locked:
            raise wrong.too_many(party)
        if key:
            if wrong.is_first(party):  # at most one line a minute
                log.warning("%s from %s", refusal or "wrong key or token", address)
            wrong.hit(party)
            raise Unauthorized(refusal or "Wrong API key")
        raise Unauthorized("An API key is required: X-API-Key or Authorization: Bearer")

    def knows(self, key: str) -> bool:
        """Whether it is a right key of the settings; not counted."""
        return self._listed(key) is not None

    def _find(self, key: str, address: str) -> Caller | None:
        return self._listed(key) or self._stored(key, address)

    def _listed(self, key: str) -> Caller | None:
        wanted = _digest(key)
        found = None
        for digest, caller in self._callers:  # always all of them: constant time
            if hmac.compare_digest(digest, wanted):
                found = caller
        return found


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
        # More than plain parameters, such as a list or a nested object.
        in_address = read_query(asked).get("apikey")
        return in_address or http_body.api_key(message_of(asked))


def message_of(asked: Request) -> dict[str, Any]:
    """Return the JSON object or form in the body, {} if there is none."""
    try:
        return http_body.read(asked.get_data(), asked.content_type or "")
    except BadInput:
        return {}  # without a valid key, the error is about the key, not the body


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
