"""Keys and tokens as rows of a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from mvsnap.config.model import Settings
from mvsnap.core.keys import KeyKind, KeySecret, StoredKey, shown_start
from mvsnap.texts import N_, _

_COLOURS = {"active": "success", "disabled": "secondary", "expired": "warning"}


class KeyRow(Struct, frozen=True):
    """id: "" for an entry of the settings file, of which no use is kept.

    start: the part of its secret that is none.
    """

    name: str
    limits: str
    id: str = ""
    state: str = ""
    colour: str = ""
    start: str = ""
    expires_at: datetime | None = None
    used_at: datetime | None = None
    used_from: str = ""


_LIMITS = {
    "cameras": N_("Cameras"),
    "rooms": N_("Rooms"),
    "room": N_("Room"),
    "scopes": N_("Scopes"),
    "actions": N_("Actions"),
}


class SecretRow(Struct, frozen=True):
    """One secret of a key, newest first; ended: it does not work any more."""

    start: str
    secret: KeySecret
    ended: bool


def limit_words(limits: Mapping[str, Any]) -> str:
    """Return what a key is limited to; names of scopes and actions are as they are."""
    said = [
        f"{_(_LIMITS.get(name, name))}: {_listed(value)}"
        for name, value in sorted(limits.items())
        if value
    ]
    return "; ".join(said) or _("as usual")


def _listed(value: Any) -> str:
    if isinstance(value, str):
        return value
    return ", ".join(_("all") if one == "*" else str(one) for one in value)


def stored_row(key: StoredKey, now: datetime) -> KeyRow:
    state = key.state(now)
    uses = [secret for secret in key.secrets if secret.used_at is not None]
    last = max(uses, key=lambda secret: secret.used_at or now, default=None)
    return KeyRow(
        key.name,
        limit_words(key.limits),
        id=key.id,
        state=state,
        colour=_COLOURS[state],
        start=shown_start(key.secrets[0].lookup),
        expires_at=key.expires_at,
        used_at=last.used_at if last else None,
        used_from=last.used_from if last else "",
    )


def secret_rows(key: StoredKey, now: datetime) -> list[SecretRow]:
    return [
        SecretRow(
            shown_start(secret.lookup),
            secret,
            ended=secret.ends_at is not None and secret.ends_at <= now,
        )
        for secret in key.secrets
    ]


def file_rows(settings: Settings, kind: KeyKind) -> list[KeyRow]:
    """Return the entries of the settings file, without their secrets."""
    entries = settings.api_keys if kind is KeyKind.KEY else settings.webhooks.tokens
    shown = {"cameras", "rooms", "scopes", "actions", "room"}
    return [
        KeyRow(
            entry.name,
            limit_words(entry.model_dump(mode="json", include=shown)),
        )
        for entry in entries
    ]
