"""Entries of the settings that people make on the pages, with who changed what."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select, update

from mvsnap.config.entries import Entry
from mvsnap.domain import Change
from mvsnap.store.database import Database
from mvsnap.store.settings.entry_tables import setting_entries as table
from mvsnap.store.site import write_changes


class EntryStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[Entry]:
        """Return every entry, by section and name."""
        statement = select(table).order_by(table.c.section, table.c.name)
        rows = self._db.rows(statement)
        return [
            Entry(row.section, row.name, row.value, row.changed_at, row.changed_by)
            for row in rows
        ]

    def put(
        self, entry: Entry, known_at: datetime | None, log: Iterable[Change]
    ) -> bool:
        """Store an entry with its audit log lines; False if nothing was stored.

        known_at: when the entry that it replaces was changed last, None for a new one.
        Somebody else may have been quicker.
        """
        fresh = {
            "value": dict(entry.value),
            "changed_at": entry.changed_at,
            "changed_by": entry.changed_by,
        }
        key = {"section": entry.section, "name": entry.name}
        with self._db.writing() as connection:
            if known_at is None:
                added = self._db.insert(table).values(**key, **fresh)
                statement = added.on_conflict_do_nothing().returning(table.c.name)
                is_done = connection.execute(statement).first() is not None
            else:
                changed = (
                    update(table)
                    .where(
                        table.c.section == entry.section,
                        table.c.name == entry.name,
                        table.c.changed_at == known_at,
                    )
                    .values(**fresh)
                    .returning(table.c.name)
                )
                is_done = connection.execute(changed).first() is not None
            if is_done:
                write_changes(connection, log)
        return is_done

    def remove(self, section: str, name: str, log: Change) -> bool:
        """Remove an entry; False if there was none."""
        statement = delete(table).where(
            table.c.section == section, table.c.name == name
        )
        with self._db.writing() as connection:
            found = connection.execute(statement.returning(table.c.name)).first()
            if found is not None:
                write_changes(connection, [log])
        return found is not None
