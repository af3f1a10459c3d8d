"""The settings of a command: those of the file, with the entries made on the pages."""

from __future__ import annotations

from mvsnap import logs
from mvsnap.config.entries import Entry, with_entries
from mvsnap.config.model import Settings
from mvsnap.runtime.parts import store_url
from mvsnap.store import database
from mvsnap.store.entries import EntryStore
from mvsnap.store.entry_tables import setting_entries


def settings_in_force(file: Settings) -> Settings:
    """Return those of the file alone where there is no database yet, or it is away.

    It is neither made nor upgraded.
    """
    try:
        settings = with_entries(file, _entries(store_url(file))).settings
    except database.OUTAGES:
        return file
    logs.hide(settings.secrets())
    return settings


def _entries(url: str) -> list[Entry]:
    if not database.has_table(url, setting_entries.name):
        return []
    engine = database.open_database(url)
    try:
        return EntryStore(database.Database(engine)).all()
    finally:
        engine.dispose()
