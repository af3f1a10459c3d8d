"""Keys and tokens of the store: looked up for each request, so changes hold at once."""

from __future__ import annotations

import hmac
import logging
from datetime import datetime, timedelta

from mvsnap.clock import Clock
from mvsnap.config.key_limits import stored_token
from mvsnap.core.keys import KeyKind, StoredKey, digest_of, lookup_of
from mvsnap.store.database import OUTAGES
from mvsnap.store.keys import KeyStore
from mvsnap.web.auth.keys import Caller

log = logging.getLogger(__name__)

# How exact the last use is: each is a write, on a Raspberry Pi to its SD card.
_USE_KEPT = timedelta(minutes=15)
_MOST_NOTED = 10_000


class StoredKeys:
    """The keys of one kind. Nothing is kept in memory but when a use was written."""

    def __init__(self, keys: KeyStore, kind: KeyKind, clock: Clock) -> None:
        self._keys = keys
        self._kind = kind
        self._clock = clock
        self._noted: dict[str, datetime] = {}

    def find(self, text: str, address: str) -> Caller | None:
        """Return the owner of a secret, with a refusal if it does not work now.

        Raises OUTAGES while the store is away; the answer is 503 then, not
        401: the key may be right.
        """
        lookup = lookup_of(text)
        found = None if lookup is None else self._keys.find(lookup)
        if lookup is None or found is None or found[0].kind is not self._kind:
            return None
        key, secret = found
        # By what is no secret, the row is found; what is one takes the same time.
        if not hmac.compare_digest(secret.digest, digest_of(text)):
            return None
        now = self._clock.now()
        refusal = key.refusal(secret, now)
        if not refusal:
            self._note(lookup, address, now)
        return caller_of(key, refusal)

    def _note(self, lookup: str, address: str, now: datetime) -> None:
        last = self._noted.get(lookup)
        if last is not None and last > now - _USE_KEPT:
            return
        if len(self._noted) >= _MOST_NOTED:
            self._noted.clear()
        # Before it is written: where it cannot be, not each request waits for that.
        self._noted[lookup] = now
        try:
            self._keys.note_use(lookup, address, now, unless_since=now - _USE_KEPT)
        except OUTAGES:
            log.warning("the last use of a key could not be written")


def caller_of(key: StoredKey, refusal: str = "") -> Caller:
    """Return who uses a key or token of the store."""
    if key.kind is KeyKind.TOKEN:
        token = stored_token(key.name, key.limits)
        return Caller(key.name, ["webhook"], refusal=refusal, token=token)
    cameras, rooms = key.limits["cameras"], key.limits["rooms"]
    return Caller(
        key.name,
        key.limits["scopes"],
        None if "*" in cameras else cameras,
        None if "*" in rooms else rooms,
        refusal=refusal,
    )
