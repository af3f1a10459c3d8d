"""Users who may log in, sessions that were ended, and the key that signs sessions."""

from __future__ import annotations

import secrets as random
from datetime import datetime

from sqlalchemy import Row, delete, exists, func, select, update

from mvsnap.clock import iso
from mvsnap.domain import SYSTEM_ACCOUNT, Change, LoginBackend, Role, User
from mvsnap.store.database import Database
from mvsnap.store.last_admin import require_another_admin
from mvsnap.store.purging import OldRows, PurgeResult, purge
from mvsnap.store.site import write_changes
from mvsnap.store.tables import secrets, users

# Ended sessions are among the secrets, with the time at which they expire.
_ENDED = "ended session "


class UserStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def user(self, name: str) -> User | None:
        """Return the user; names are lower case."""
        statement = select(users).where(users.c.name == name)
        with self._db.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _user(row)

    def user_of_session(self, name: str, session_id: str) -> User | None:
        """Return the user, None if there is none or the session was ended."""
        ended = exists().where(secrets.c.name == f"{_ENDED}{session_id}")
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

    def set_role(self, user: User, log: Change, *, keeps_admin: LoginBackend) -> None:
        """Set role and `changed_at`, which ends sessions; the password stays as it is.

        keeps_admin: refuse, with LastAdmin, what leaves no admin of this backend.
        """
        fresh = {"role": user.role, "changed_at": user.changed_at}
        statement = update(users).where(users.c.name == user.name).values(fresh)
        with self._db.writing() as connection:
            if user.role is not Role.ADMIN:
                require_another_admin(connection, user.name, keeps_admin)
            connection.execute(statement)
            write_changes(connection, [log])

    def remove(
        self, name: str, log: Change, *, keeps_admin: LoginBackend | None = None
    ) -> bool:
        """Delete the user; False if there is none of this name.

        keeps_admin: as for `set_role`.
        """
        statement = delete(users).where(users.c.name == name).returning(users.c.name)
        with self._db.writing() as connection:
            if keeps_admin is not None:
                require_another_admin(connection, name, keeps_admin)
            found = connection.execute(statement).first() is not None
            if found:
                write_changes(connection, [log])
        return found

    def anybody(self, backend: LoginBackend = "local") -> bool:
        """Return whether there is at least one user whose password is checked there."""
        is_system = users.c.password_hash == SYSTEM_ACCOUNT
        mine = is_system if backend == "pam" else ~is_system
        statement = select(func.count()).select_from(users).where(mine)
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
        """Forget ended sessions whose time is over."""
        old = secrets.c.name.startswith(_ENDED) & (secrets.c.value < iso(now))
        return purge(self._db, OldRows(secrets, old), dry_run=dry_run)


def _user(row: Row[tuple[str, str, str, datetime]]) -> User:
    return User(row.name, Role(row.role), row.password_hash, row.changed_at)
