"""The key that signs sessions, and those it has replaced while they still count."""

from __future__ import annotations

import secrets as random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update

from mvsnap.clock import iso
from mvsnap.domain import Change
from mvsnap.store.database import Database
from mvsnap.store.purging import OldRows, PurgeResult, purge
from mvsnap.store.site import write_changes
from mvsnap.store.tables import secrets
from mvsnap.store.users import UserStore

_NAME = "session"
# Followed by when it ends; the purge of ended sessions does not touch these.
_REPLACED = "session until "


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """newest: signs new sessions. replaced: former ones, which open theirs."""

    newest: str = field(repr=False)
    replaced: tuple[str, ...] = field(default=(), repr=False)


class SessionKeyStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def keys(self, now: datetime) -> SessionKeys:
        """Return the keys that count now; the first is made if there is none."""
        statement = select(secrets).where((secrets.c.name == _NAME) | _replaced())
        found = {row.name: row.value for row in self._db.rows(statement)}
        newest = found.pop(_NAME, None) or UserStore(self._db).secret(_NAME)
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
            if not overlap:
                connection.execute(delete(secrets).where(_replaced()))
            elif old is not None:
                name = f"{_REPLACED}{iso(ends_at)} {random.token_hex(4)}"
                connection.execute(secrets.insert().values(name=name, value=old))
            connection.execute(fresh.values(value=random.token_hex(32)))
            write_changes(connection, [log])

    def purge(self, now: datetime, *, dry_run: bool = False) -> PurgeResult:
        """Forget replaced keys that do not count any more."""
        return purge(self._db, OldRows(secrets, _ended(now)), dry_run=dry_run)


def _replaced() -> ColumnElement[bool]:
    return secrets.c.name.startswith(_REPLACED, autoescape=True)


def _ended(now: datetime) -> ColumnElement[bool]:
    return _replaced() & (secrets.c.name < f"{_REPLACED}{iso(now)}")
