"""`check`: who may call the API, by the settings file and by the store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from mvsnap.cli.terminal import CheckResult
from mvsnap.config.key_limits import names_in_file
from mvsnap.core.keys import KeyKind, StoredKey
from mvsnap.spelling import folded

if TYPE_CHECKING:
    from mvsnap.config.model import Settings


def api_keys(settings: Settings) -> CheckResult:
    """Name every key; a name that the file and the store share is a mistake."""
    stored, now = _stored(settings)
    keys = [key for key in stored if key.kind is KeyKind.KEY]
    twice = [key.name for key in stored if folded(key.name) in names_in_file(settings)]
    names = [key.name for key in settings.api_keys] + [_named(key, now) for key in keys]
    text = ", ".join(names)
    if twice:
        both = f"{', '.join(twice)}: in the settings file and in the store; rename one"
        return CheckResult(False, f"{text}; {both}")
    if names:
        weak = (text, settings.short_keys(), settings.keys_without_scopes())
        return CheckResult(True, "; ".join(filter(None, weak)))
    if stored or settings.lets_somebody_in(listens=settings.sense.enabled):
        return CheckResult(None, "none, so nobody can call the API (api_keys)")
    return CheckResult(False, "none, so nobody can call the gateway (api_keys)")


def _named(key: StoredKey, now: datetime) -> str:
    state = key.state(now)
    return key.name if state == "active" else f"{key.name} ({state})"


def _stored(settings: Settings) -> tuple[Sequence[StoredKey], datetime]:
    """Return those of the store; none if it is away, which another line says."""
    from mvsnap.clock import SystemClock
    from mvsnap.runtime import store_url
    from mvsnap.store import database
    from mvsnap.store.keys import KeyStore

    now = SystemClock().now()
    with database.opened(store_url(settings)) as db, suppress(*database.OUTAGES):
        return KeyStore(db).all(), now
    return (), now
