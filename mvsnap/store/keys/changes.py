"""Keys and tokens are made, limited, rotated and removed, each with its audit line."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.clock import Clock
from mvsnap.config.key_limits import names_in_file
from mvsnap.config.model import Settings
from mvsnap.core.keys import (
    RANDOM_BYTES,
    KeyKind,
    KeySecret,
    StoredKey,
    digest_of,
    key_change,
    lookup_of,
    made,
    rotated,
    secret_text,
    summary,
)
from mvsnap.spelling import folded
from mvsnap.store.keys import KeyStore, NameTaken
from mvsnap.texts import audit_wordings
from mvsnap.texts.wording import Reason
from mvsnap.values import replace

# Before now, whatever the clock is set to.
_ENDED = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A key with its newest secret, which is not kept anywhere and shown once."""

    key: StoredKey
    text: str = field(repr=False)
    old_ends_at: datetime | None = None


class KeyChanges(Struct, frozen=True):
    """who: of the audit log, a user or the command line."""

    keys: KeyStore
    settings: Settings
    clock: Clock
    who: str

    def make(
        self,
        kind: KeyKind,
        name: str,
        limits: Mapping[str, Any],
        expires_at: datetime | None,
    ) -> NewSecret:
        """Make a key.

        Raises:
            NameTaken
        """
        if folded(name) in names_in_file(self.settings):
            raise NameTaken(f"name: {name!r} is taken by an entry of the settings file")
        now = self.clock.now()
        text, secret = self._secret(now)
        key = StoredKey(
            id=secrets.token_hex(8),
            kind=kind,
            name=name,
            limits=limits,
            made_at=now,
            made_by=self.who,
            expires_at=expires_at,
            secrets=(secret,),
        )
        after = made(summary(limits, expires_at, self._zone))
        self.keys.add(key, key_change(key, Reason(""), after, self.who, now))
        return NewSecret(key, text)

    def limit(
        self, key: StoredKey, limits: Mapping[str, Any], expires_at: datetime | None
    ) -> bool:
        """Set other limits; returns whether they differ."""
        return self._change(key, replace(key, limits=limits, expires_at=expires_at))

    def switch(self, key: StoredKey, *, on: bool) -> bool:
        """Disable a key, or let it work again; returns whether that is new."""
        return self._change(key, replace(key, is_disabled=not on))

    def rotate(self, key: StoredKey, overlap: timedelta) -> NewSecret:
        """Make a new secret; the old one works on for `overlap`.

        Without any overlap, all older ones end, too.

        Raises:
            RotatedMeanwhile
        """
        now = self.clock.now()
        text, secret = self._secret(now)
        ends_at = now + overlap if overlap else _ENDED
        done = rotated(ends_at, now, self._zone)
        log = key_change(key, Reason(""), done, self.who, now)
        self.keys.rotate(key, secret, ends_at, log)
        return NewSecret(key, text, ends_at)

    def remove(self, key: StoredKey) -> None:
        now = self.clock.now()
        before = self._summary(key)
        log = key_change(key, before, audit_wordings.REMOVED(), self.who, now)
        self.keys.remove(key.id, log)

    def _change(self, key: StoredKey, fresh: StoredKey) -> bool:
        before, after = self._summary(key), self._summary(fresh)
        if before == after:
            return False
        now = self.clock.now()
        self.keys.change(fresh, key_change(key, before, after, self.who, now))
        return True

    @property
    def _zone(self) -> ZoneInfo:
        return self.settings.site.zone

    def _summary(self, key: StoredKey) -> Reason:
        disabled = key.is_disabled
        return summary(key.limits, key.expires_at, self._zone, is_disabled=disabled)

    def _secret(self, now: datetime) -> tuple[str, KeySecret]:
        text = secret_text(secrets.token_bytes(RANDOM_BYTES))
        lookup = lookup_of(text)
        assert lookup is not None
        return text, KeySecret(lookup, digest_of(text), now)
