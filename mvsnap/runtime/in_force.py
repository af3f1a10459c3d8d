"""The settings of a command: those of the file, with what was made on the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mvsnap import logs
from mvsnap.config.entries import Entry, with_entries
from mvsnap.config.model import Settings
from mvsnap.config.setting_overrides import overridden
from mvsnap.runtime.parts import store_url
from mvsnap.store import database
from mvsnap.store.entries import EntryStore
from mvsnap.store.entry_tables import setting_entries
from mvsnap.store.site import SiteStore
from mvsnap.store.tables import setting_overrides


@dataclass(frozen=True, slots=True)
class InForce:
    """mistakes: what of the pages does not hold, and why."""

    settings: Settings
    mistakes: tuple[str, ...] = ()


def settings_in_force(file: Settings) -> InForce:
    """Return those of the file alone where there is no database yet, or it is away.

    It is neither made nor upgraded.
    """
    try:
        url = store_url(file)
        entries, overrides = _entries(url), _overrides(url)
    except database.OUTAGES:
        return InForce(file)
    merged = with_entries(file, entries)
    mistakes = [f"{s} {name}: {why}" for (s, name), why in merged.unusable.items()]
    found = overridden(merged.settings, overrides)
    settings = found.settings
    mistakes += found.mistakes
    logs.hide(settings.secrets())
    return InForce(settings, tuple(mistakes))


def _entries(url: str) -> list[Entry]:
    if not database.has_table(url, setting_entries.name):
        return []
    engine = database.open_database(url)
    try:
        return EntryStore(database.Database(engine)).all()
    finally:
        engine.dispose()


def _overrides(url: str) -> Mapping[str, Any]:
    if not database.has_table(url, setting_overrides.name):
        return {}
    engine = database.open_database(url)
    try:
        return SiteStore(database.Database(engine)).setting_overrides()
    finally:
        engine.dispose()
