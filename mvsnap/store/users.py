"""Users who may log in, sessions that were ended, and the key that signs sessions."""

from __future__ import annotations

import secrets as random
from datetime import datetime

from sqlalchemy import Row, delete, exists, func, or_, select

from mvsnap.clock import iso
from mvsnap.domain import (
    PROVIDER_ACCOUNT,
    SYSTEM_ACCOUNT,
    Change,
    LoginBackend,
    Role,
    User,
)
from mvsnap.store.database import Database
from mvsnap.store.purging import OldRows, PurgeResult, purge
from mvsnap.store.site import write_changes
from mvsnap.store.tables import secrets, users

# Ended sessions are among the secrets, with the time at which they expire. So is what
# may be used once, and the token that a provider needs to end its own session.
_ENDED = "ended session "
_USED = "used once "
_TOKEN = "token of session "


class UserStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def user(self, name: str) -> User | None:
        """Return the user; names are lower case."""
        statement = select(users).where(users.c.name == name)
        with self._db.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _user(row)

    def user_of_session(self, name: str, *session_ids: str) -> User | None:
        """Return the user, None if there is none or one of the sessions was ended.

        A person may have a session here that ends with one of a provider.
        """
        ended = exists().where(
            secrets.c.name.in_([f"{_ENDED}{session_id}" for session_id in session_ids])
        )
        statement = select(users).where(users.c.name == name, ~ended)
        with self._db.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _user(row)

    def end_session(self, session_id: str, until: datetime, log: Change) -> None:
        """Refuse this session from now on; it would expire at `until`."""
        row = {"name": f"{_ENDED}{session_id}", "value": iso(until)}
        statement = self._db.insert(secrets).values(row).on_conflict_do_nothing()
        with self._db.writing() as connection:
            connection.execute(statement)
            write_changes(connection, [log])

    def use_once(self, what: str, until: datetime) -> bool:
        """Return False if it was used before; remembered until `until`."""
        row = {"name": f"{_USED}{what}", "value": iso(until)}
        statement = self._db.insert(secrets).values(row).on_conflict_do_nothing()
        with self._db.writing() as connection:
            made = connection.execute(statement.returning(secrets.c.name)).first()
        return made is not None

    def keep_token(self, session_id: str, until: datetime, token: str) -> None:
        """Keep what the provider needs to end its session together with this one."""
        row = {"name": f"{_TOKEN}{session_id}", "value": f"{iso(until)} {token}"}
        statement = self._db.insert(secrets).values(row).on_conflict_do_nothing()
        with self._db.writing() as connection:
            connection.execute(statement)

    def take_token(self, session_id: str) -> str | None:
        """Return the token of a session, and forget it."""
        statement = delete(secrets).where(secrets.c.name == f"{_TOKEN}{session_id}")
        with self._db.writing() as connection:
            row = connection.execute(statement.returning(secrets.c.value)).first()
        return None if row is None else str(row.value).partition(" ")[2]

    def user_with(self, account: str) -> User | None:
        """Return the user of a provider's account, whatever their name is."""
        statement = select(users).where(users.c.password_hash == account)
        with self._db.reading() as connection:
            row = connection.execute(statement).first()
        return None if row is None else _user(row)

    def users(self) -> list[User]:
        with self._db.reading() as connection:
            rows = connection.execute(select(users).order_by(users.c.name)).all()
        return [_user(row) for row in rows]

    def put(self, user: User, log: Change) -> None:
        """Add the user, or replace password and role."""
        fresh = {
            "password_hash": user.password_hash,
            "role": user.role,
            "changed_at": user.changed_at,
        }
        statement = self._db.insert(users).values(name=user.name, **fresh)
        with self._db.writing() as connection:
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=[*users.primary_key], set_=fresh
                )
            )
            write_changes(connection, [log])

    def put_if_own(self, user: User, log: Change) -> bool:
        """Add the user, or replace the role; False if somebody else has the name."""
        fresh = {"role": user.role, "changed_at": user.changed_at}
        row = {"name": user.name, "password_hash": user.password_hash, **fresh}
        statement = self._db.insert(users).values(row)
        statement = statement.on_conflict_do_update(
            index_elements=[*users.primary_key],
            set_=fresh,
            where=users.c.password_hash == user.password_hash,
        )
        with self._db.writing() as connection:
            put = connection.execute(statement.returning(users.c.name)).first()
            if put is not None:
                write_changes(connection, [log])
        return put is not None

    def remove(self, name: str, log: Change) -> bool:
        """Delete the user; False if there is none of this name."""
        statement = delete(users).where(users.c.name == name).returning(users.c.name)
        with self._db.writing() as connection:
            found = connection.execute(statement).first() is not None
            if found:
                write_changes(connection, [log])
        return found

    def anybody(self, backend: LoginBackend = "local") -> bool:
        """Return whether there is at least one user whose password is checked there."""
        is_system = users.c.password_hash == SYSTEM_ACCOUNT
        is_provided = users.c.password_hash.startswith(PROVIDER_ACCOUNT)
        mine = {
            "pam": is_system,
            "oidc": is_provided,
            "local": ~is_system & ~is_provided,
        }
        statement = select(func.count()).select_from(users).where(mine[backend])
        with self._db.reading() as connection:
            return bool(connection.execute(statement).scalar_one())

    def secret(self, name: str) -> str:
        """Return a random text shared by all processes; created if missing."""
        statement = select(secrets.c.value).where(secrets.c.name == name)
        with self._db.reading() as connection:
            known: str | None = connection.execute(statement).scalar_one_or_none()
        if known is not None:
            return known
        made = self._db.insert(secrets).values(name=name, value=random.token_hex(32))
        with self._db.writing() as connection:
            connection.execute(made.on_conflict_do_nothing())
            value: str = connection.execute(statement).scalar_one()
        return value

    def purge(self, now: datetime, *, dry_run: bool = False) -> PurgeResult:
        """Forget ended sessions, and what belongs to sessions, after their time."""
        ours = or_(*(secrets.c.name.startswith(p) for p in (_ENDED, _USED, _TOKEN)))
        old = ours & (secrets.c.value < iso(now))
        return purge(self._db, OldRows(secrets, old), dry_run=dry_run)


def _user(row: Row[tuple[str, str, str, datetime]]) -> User:
    return User(row.name, Role(row.role), row.password_hash, row.changed_at)
