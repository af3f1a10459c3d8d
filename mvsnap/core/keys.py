"""API keys and webhook tokens that are kept in the store. Pure.

A secret is `mvsnap_`, 40 characters of 25 random bytes and 7 of a checksum, in lower
case base32. Secret scanners find it by its beginning and can be sure by its checksum.
The first 8 of the 40 are no secret: the store finds the row by them, pages show them.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from msgspec import Struct

from mvsnap.core.site_time import stored_to_minute
from mvsnap.domain import Change
from mvsnap.errors import BadInput
from mvsnap.texts import audit_wordings as said
from mvsnap.texts.wording import Reason

RANDOM_BYTES = 25
LONGEST_NAME = 64
MOST_OVERLAP_HOURS = 24 * 30
_START = "mvsnap_"
_LOOKUP = 8
_SECRET = re.compile(rf"{_START}[a-z2-7]{{47}}")


class KeyKind(StrEnum):
    """KEY: one of api_keys; TOKEN: one of webhooks.tokens."""

    KEY = "key"
    TOKEN = "token"

    @property
    def noun(self) -> str:
        return "API key" if self is KeyKind.KEY else "webhook token"


@dataclass(frozen=True, slots=True)
class KeySecret:
    """A secret of a key; while an old one overlaps with its successor there are two.

    digest: SHA-256, in hexadecimal. ends_at: None for the newest one.
    used_at, used_from: last use and its address, to a quarter of an hour.
    """

    lookup: str
    digest: str = field(repr=False)
    made_at: datetime
    ends_at: datetime | None = None
    used_at: datetime | None = None
    used_from: str = ""


class StoredKey(Struct, frozen=True):
    """limits: as in an entry of api_keys or webhooks.tokens, without name and secret.

    secrets: newest first.
    """

    id: str
    kind: KeyKind
    name: str
    limits: Mapping[str, Any]
    made_at: datetime
    made_by: str
    expires_at: datetime | None = None
    is_disabled: bool = False
    secrets: tuple[KeySecret, ...] = ()

    def state(self, now: datetime) -> str:
        if self.is_disabled:
            return "disabled"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "active"

    def refusal(self, secret: KeySecret, now: datetime) -> str:
        """Return why this secret does not open anything now, "" if it does."""
        state = self.state(now)
        if state != "active":
            return f"This {self.kind.noun} is {state}"
        if secret.ends_at is not None and secret.ends_at <= now:
            return f"This {self.kind.noun} was replaced by a new one"
        return ""


def secret_text(random: bytes) -> str:
    """Return the secret made of RANDOM_BYTES random bytes."""
    body = f"{_START}{_base32(random)}"
    return body + _checksum(body)


def lookup_of(text: str) -> str | None:
    """Return what the store finds the secret by, None if it is none of ours.

    A mistyped secret, or one of the settings file, costs no look into the store.
    """
    if not _SECRET.fullmatch(text) or _checksum(text[:-7]) != text[-7:]:
        return None
    return text[len(_START) : len(_START) + _LOOKUP]


def shown_start(lookup: str) -> str:
    """Return the part of a secret that may be shown."""
    return f"{_START}{lookup}…"


def digest_of(text: str) -> str:
    """Return what is kept of a secret.

    A plain SHA-256: against 200 random bits nobody can try, so a slow hash such as
    scrypt would only make every request slow.
    """
    return hashlib.sha256(text.encode()).hexdigest()


def parse_name(text: str) -> str:
    name = text.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadInput(f"name: Enter 1 to {LONGEST_NAME} characters.")
    return name


def parse_overlap(text: str) -> timedelta:
    """Return how long an old secret works on; `text` is in whole hours."""
    text = text.strip()
    is_number = text.isascii() and text.isdigit() and len(text) <= 4
    if not is_number or int(text) > MOST_OVERLAP_HOURS:
        raise BadInput(
            f"overlap: {text[:40]!r} (expected 0 to {MOST_OVERLAP_HOURS} hours)"
        )
    return timedelta(hours=int(text))


def summary(
    limits: Mapping[str, Any],
    expires_at: datetime | None,
    zone: tzinfo,
    *,
    is_disabled: bool = False,
) -> Reason:
    """Return the limits as the audit log shows them.

    zone: the site's time zone.
    """
    parts = [
        said.LIMITS[name](values=_limit(value))
        for name, value in sorted(limits.items())
        if value
    ]
    if expires_at is not None:
        parts.append(said.EXPIRES(expires_at=stored_to_minute(expires_at, zone)))
    if is_disabled:
        parts.append(said.DISABLED())
    return said.SEMICOLONS.of(*parts)


def made(limits: Reason) -> Reason:
    """Return what the audit log says of a new key; limits: its summary."""
    return said.SEMICOLONS.of(said.MADE(), *([limits] if limits else []))


def key_change(
    key: StoredKey, before: Reason, after: Reason, who: str, now: datetime
) -> Change:
    """Return an audit log line about a key."""
    what = said.API_KEY if key.kind is KeyKind.KEY else said.TOKEN
    return Change(now, who, what(name=key.name), before, after)


def rotated(ends_at: datetime, now: datetime, zone: tzinfo) -> Reason:
    """Return what the audit log says after a rotation."""
    if ends_at <= now:
        return said.NEW_SECRET()
    return said.NEW_SECRET_UNTIL(until_at=stored_to_minute(ends_at, zone))


def _limit(value: Any) -> Reason:
    return said.ALL() if list(value) == ["*"] else Reason(_listed(value))


def _listed(value: Any) -> str:
    if isinstance(value, str):
        return value
    return ", ".join("all" if one == "*" else str(one) for one in value)


def _checksum(body: str) -> str:
    return _base32(zlib.crc32(body.encode()).to_bytes(4, "big"))


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()
