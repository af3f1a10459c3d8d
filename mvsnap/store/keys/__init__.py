"""API keys and webhook tokens: limits, and their secrets as hashes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, or_, select, update

from mvsnap.core.keys import KeyKind, KeySecret, StoredKey
from mvsnap.domain import Change
from mvsnap.errors import MvsnapError, NotFound
from mvsnap.spelling import folded
from mvsnap.store.database import Database
from mvsnap.store.keys.tables import api_keys, key_secrets
from mvsnap.store.purging import OldRows, PurgeResult, purge
from mvsnap.store.site import write_changes
from mvsnap.values import as_stored

_JOINED = api_keys.join(key_secrets, key_secrets.c.key_id == api_keys.c.id)
_WITH_SECRETS = select(
    api_keys,
    *(column.label(f"secret_{column.name}") for column in key_secrets.c),
).select_from(_JOINED)


class NameTaken(MvsnapError):
    """Another key or token has this name."""

    code = "name_taken"
    status = 409


class RotatedMeanwhile(MvsnapError):
    """The secret to be replaced is not the newest one any more."""

    code = "rotated_meanwhile"
    status = 409


class KeyStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def find(self, lookup: str) -> tuple[StoredKey, KeySecret] | None:
        """Return the secret with this lookup and its key; one read by primary key."""
        statement = _WITH_SECRETS.where(key_secrets.c.lookup == lookup)
        row = self._db.first(statement)
        if row is None:
            return None
        secret = _secret(row)
        return _key(row, [secret]), secret

    def all(self, kind: KeyKind | None = None) -> list[StoredKey]:
        """Return all keys, or those of a kind, by name."""
        return self._read(api_keys.c.kind == kind) if kind else self._read()

    def key(self, key_id: str) -> StoredKey:
        """Return one key.

        Raises:
            NotFound
        """
        found = self._read(api_keys.c.id == key_id)
        if not found:
            raise _no_such_key()
        return found[0]

    def add(self, key: StoredKey, log: Change) -> None:
        """Add a key with its secrets.

        Raises:
            NameTaken
        """
        with self._db.writing() as connection:
            names = connection.execute(select(api_keys.c.name)).scalars()
            if folded(key.name) in map(folded, names):
                raise NameTaken(f"name: {key.name!r} is taken by another key or token")
            connection.execute(
                api_keys.insert().values(
                    id=key.id,
                    kind=key.kind,
                    name=key.name,
                    limits=dict(key.limits),
                    made_at=key.made_at,
                    made_by=key.made_by,
                    expires_at=key.expires_at,
                    is_disabled=key.is_disabled,
                )
            )
            for secret in key.secrets:
                _add_secret(connection, key.id, secret)
            write_changes(connection, [log])

    def change(self, key: StoredKey, log: Change) -> None:
        """Replace limits, expiry and whether it is disabled.

        Raises:
            NotFound
        """
        statement = (
            update(api_keys)
            .where(api_keys.c.id == key.id)
            .values(
                limits=dict(key.limits),
                expires_at=key.expires_at,
                is_disabled=key.is_disabled,
            )
        )
        with self._db.writing() as connection:
            if not connection.execute(statement).rowcount:
                raise _no_such_key()
            write_changes(connection, [log])

    def rotate(
        self, key: StoredKey, fresh: KeySecret, ends_at: datetime, log: Change
    ) -> None:
        """Add a secret; all others work until `ends_at` at most.

        Raises:
            RotatedMeanwhile: the newest secret of `key` has a successor by now.
        """
        newest = key_secrets.c.lookup == key.secrets[0].lookup
        mine = key_secrets.c.key_id == key.id
        later = or_(key_secrets.c.ends_at.is_(None), key_secrets.c.ends_at > ends_at)
        replace = update(key_secrets).values(ends_at=ends_at)
        with self._db.writing() as connection:
            first = replace.where(mine, newest, key_secrets.c.ends_at.is_(None))
            if not connection.execute(first).rowcount:
                raise RotatedMeanwhile(
                    f"The {key.kind.noun} {key.name} was rotated or removed meanwhile"
                )
            connection.execute(replace.where(mine, later))
            _add_secret(connection, key.id, fresh)
            write_changes(connection, [log])

    def remove(self, key_id: str, log: Change) -> None:
        """Delete a key with its secrets.

        Raises:
            NotFound
        """
        with self._db.writing() as connection:
            gone = delete(api_keys).where(api_keys.c.id == key_id)
            if not connection.execute(gone).rowcount:
                raise _no_such_key()
            connection.execute(
                delete(key_secrets).where(key_secrets.c.key_id == key_id)
            )
            write_changes(connection, [log])

    def note_use(
        self, lookup: str, address: str, now: datetime, *, unless_since: datetime
    ) -> None:
        """Keep the last use, unless one was kept since then."""
        old = or_(key_secrets.c.used_at.is_(None), key_secrets.c.used_at < unless_since)
        statement = (
            update(key_secrets)
            .where(key_secrets.c.lookup == lookup, old)
            .values(used_at=now, used_from=address)
        )
        self._db.execute(statement)

    def lets_somebody_in(self, now: datetime) -> bool:
        """Return whether any key or token works now."""
        return any(key.state(now) == "active" for key in self.all())

    def purge(self, now: datetime, *, dry_run: bool = False) -> PurgeResult:
        """Forget secrets that were replaced and do not work any more."""
        return purge(
            self._db, OldRows(key_secrets, key_secrets.c.ends_at < now), dry_run=dry_run
        )

    def _read(self, *conditions: ColumnElement[bool]) -> list[StoredKey]:
        newest_first = (api_keys.c.name, key_secrets.c.ends_at.is_not(None))
        statement = _WITH_SECRETS.where(*conditions).order_by(
            *newest_first, key_secrets.c.made_at.desc()
        )
        rows = self._db.rows(statement)
        by_id: dict[str, list[Row[Any]]] = {}
        for row in rows:
            by_id.setdefault(row.id, []).append(row)
        return [_key(mine[0], map(_secret, mine)) for mine in by_id.values()]


def _add_secret(connection: Connection, key_id: str, secret: KeySecret) -> None:
    connection.execute(
        key_secrets.insert().values(
            lookup=secret.lookup,
            key_id=key_id,
            digest=secret.digest,
            made_at=secret.made_at,
            used_from="",
        )
    )


def _no_such_key() -> NotFound:
    return NotFound("There is no such key or token, or it was removed")


def _key(row: Row[Any], secrets: Iterable[KeySecret]) -> StoredKey:
    return StoredKey(
        id=row.id,
        kind=as_stored(KeyKind, row.kind),
        name=row.name,
        limits=row.limits,
        made_at=row.made_at,
        made_by=row.made_by,
        expires_at=row.expires_at,
        is_disabled=row.is_disabled,
        secrets=tuple(secrets),
    )


def _secret(row: Row[Any]) -> KeySecret:
    return KeySecret(
        lookup=row.secret_lookup,
        digest=row.secret_digest,
        made_at=row.secret_made_at,
        ends_at=row.secret_ends_at,
        used_at=row.secret_used_at,
        used_from=row.secret_used_from,
    )
