"""Links to clips that people made: the key that signs those of a clip, until they end.

A key for each clip, so that its links can be ended and no others. It is kept among the
secrets, with the moment at which the last of its links ends.
"""

from __future__ import annotations

import secrets as random
from datetime import datetime

from msgspec import Struct
from sqlalchemy import delete, select, update

from mvsnap.clock import iso
from mvsnap.domain import Change, EventId
from mvsnap.store.database import Database
from mvsnap.store.site import write_changes
from mvsnap.store.tables import secrets

SHARED = "shared links of clip "


class Shared(Struct, frozen=True):
    """until: when the last link to the clip ends. key: what signs its links."""

    until: datetime
    key: str


class SharedLinks:
    def __init__(self, db: Database) -> None:
        self._db = db

    def share(self, clip_id: EventId, until: datetime, log: Change) -> str:
        """Note that a link lasts until then; return the key that signs it."""
        row = secrets.c.name == _name(clip_id)
        made = _value(Shared(until, random.token_hex(32)))
        adding = self._db.insert(secrets).values(name=_name(clip_id), value=made)
        # What is there stays as it is, but is held: two links may be made at once.
        holding = adding.on_conflict_do_update(
            index_elements=[*secrets.primary_key], set_={"value": secrets.c.value}
        )
        with self._db.writing() as connection:
            value = connection.execute(holding.returning(secrets.c.value)).scalar_one()
            known = _read(value)
            latest = Shared(max(known.until, until), known.key)
            connection.execute(update(secrets).where(row).values(value=_value(latest)))
            write_changes(connection, [log])
        return known.key

    def of_clip(self, clip_id: EventId, now: datetime) -> Shared | None:
        """Return what its links are signed with; None: it has none that still works."""
        # No id contains a NUL, and PostgreSQL refuses to search for one.
        if "\0" in clip_id:
            return None
        statement = select(secrets.c.value).where(secrets.c.name == _name(clip_id))
        value = self._db.scalar(statement)
        known = None if value is None else _read(value)
        return known if known is not None and known.until > now else None

    def end(self, clip_id: EventId, log: Change) -> bool:
        """End all links to a clip; False if it had none."""
        statement = delete(secrets).where(secrets.c.name == _name(clip_id))
        with self._db.writing() as connection:
            found = connection.execute(statement.returning(secrets.c.name)).first()
            if found is not None:
                write_changes(connection, [log])
        return found is not None


def _read(value: str) -> Shared:
    until, _, key = value.partition(" ")
    return Shared(datetime.fromisoformat(until), key)


def _name(clip_id: EventId) -> str:
    return f"{SHARED}{clip_id}"


def _value(shared: Shared) -> str:
    return f"{iso(shared.until)} {shared.key}"
