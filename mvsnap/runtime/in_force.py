"""The settings of a command: those of the file, with what was made on the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from mvsnap import logs
from mvsnap.config.entries import with_entries
from mvsnap.config.model import Settings
from mvsnap.config.setting_overrides import overridden
from mvsnap.runtime.parts import store_url
from mvsnap.store import database
from mvsnap.store.settings.entries import EntryStore
from mvsnap.store.settings.entry_tables import setting_entries
from mvsnap.store.site import SiteStore
from mvsnap.store.tables import setting_overrides

T = TypeVar("T")


class InForce(Struct, frozen=True):
    """mistakes: what of the pages does not hold, and why."""

    settings: Settings
    mistakes: tuple[str, ...] = ()


def settings_in_force(file: Settings) -> InForce:
    """Return those of the file alone where there is no database yet, or it is away.

    It is neither made nor upgraded.
    """
    try:
        url = store_url(file)
        entries = (
            _read(url, setting_entries.name, lambda db: EntryStore(db).all()) or []
        )
        overrides = _read(
            url, setting_overrides.name, lambda db: SiteStore(db).setting_overrides()
        )
    except database.OUTAGES:
        return InForce(file)
    merged = with_entries(file, entries)
    mistakes = [f"{s} {name}: {why}" for (s, name), why in merged.unusable.items()]
    found = overridden(merged.settings, overrides or {})
    settings = found.settings
    mistakes += found.mistakes
    logs.hide(settings.secrets())
    return InForce(settings, tuple(mistakes))


def _read(url: str, table: str, read: Callable[[database.Database], T]) -> T | None:
    """Return what is read from a table, None if there is no such table yet."""
    if not database.has_table(url, table):
        return None
    with database.opened(url) as db:
        return read(db)
