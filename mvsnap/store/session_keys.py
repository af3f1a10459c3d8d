"""The key that signs sessions, and those it has replaced while they still count."""

from __future__ import annotations

import secrets as random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from mvsnap.clock import iso
from mvsnap.domain import Change
from mvsnap.store.database import Database
from mvsnap.store.site import write_changes
from mvsnap.store.tables import secrets

_NAME = "session"
# Followed by when it ends; the purge of ended sessions does not touch these.
_REPLACED = "session until "


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """newest: signs new sessions. replaced: those of before, which still open theirs."""

    newest: str = field(repr=False)
    replaced: tuple[str, ...] = field(default=(), repr=False)


class SessionKeyStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def keys(self, now: datetime) -> SessionKeys:
        """Return the keys that count now; the first is made if there is none."""
        replaced = secrets.c.name.startswith(_REPLACED, autoescape=True)
        statement = select(secrets).where((secrets.c.name == _NAME) | replaced)
        with self._db.reading() as connection:
            found = {row.name: row.value for row in connection.execute(statement)}
        newest = found.pop(_NAME, None) or self._first()
        still = f"{_REPLACED}{iso(now)}"
        return SessionKeys(newest, tuple(v for n, v in found.items() if n > still))

    def rotate(self, overlap: timedelta, log: Change) -> None:
        """Replace the key; sessions of before go on for `overlap` at most.

        Without any overlap, they end.
        """
        ends_at = log.at + overlap
        fresh = update(secrets).where(secrets.c.name == _NAME)
        with self._db.writing() as connection:
            old = connection.execute(
                select(secrets.c.value).where(secrets.c.name == _NAME)
            ).scalar_one_or_none()
            self._forget(connection, log.at if overlap else None)
            if old is not None and overlap:
                name = f"{_REPLACED}{iso(ends_at)} {random.token_hex(4)}"
                connection.execute(secrets.insert().values(name=name, value=old))
            connection.execute(fresh.values(value=random.token_hex(32)))
            write_changes(connection, [log])

    def _forget(self, connection: Connection, ended: datetime | None) -> None:
        """Delete replaced keys: those that ended by then, None for all."""
        gone = secrets.c.name.startswith(_REPLACED, autoescape=True)
        if ended is not None:
            gone &= secrets.c.name < f"{_REPLACED}{iso(ended)}"
        connection.execute(delete(secrets).where(gone))

    def _first(self) -> str:
        made = self._db.insert(secrets).values(name=_NAME, value=random.token_hex(32))
        known = select(secrets.c.value).where(secrets.c.name == _NAME)
        with self._db.writing() as connection:
            connection.execute(made.on_conflict_do_nothing())
            value: str = connection.execute(known).scalar_one()
        return value
