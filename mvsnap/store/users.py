"""Users who may log in, and the key that signs their sessions."""

from __future__ import annotations

import secrets as random
from datetime import datetime

from sqlalchemy import Row, delete, func, select, update

from mvsnap.domain import SYSTEM_ACCOUNT, Change, LoginBackend, Role, User
from mvsnap.store.database import Database
from mvsnap.store.last_admin import require_another_admin
from mvsnap.store.second_factors import SecondFactorStore, forget_factor
from mvsnap.store.sessions import SessionStore, end_sessions
from mvsnap.store.site import write_changes
from mvsnap.store.tables import secrets, users


class UserStore:
    def __init__(self, db: Database) -> None:
        self._db = db
        self.sessions = SessionStore(db)
        self.second_factors = SecondFactorStore(db)

    def user(self, name: str) -> User | None:
        """Return the user; names are lower case."""
        statement = select(users).where(users.c.name == name)
        with self._db.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _user(row)

    def users(self) -> list[User]:
        with self._db.reading() as connection:
            rows = connection.execute(select(users).order_by(users.c.name)).all()
        return [_user(row) for row in rows]

    def put(self, user: User, log: Change) -> None:
        """Add the user, or replace password and role, which ends all sessions."""
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
            end_sessions(connection, user.name)
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
            end_sessions(connection, user.name)
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
                end_sessions(connection, name)
                forget_factor(connection, name)
                write_changes(connection, [log])
        return found

    def rehash(self, user: User, password_hash: str) -> None:
        """Store the same password in another way; sessions go on."""
        same = (users.c.name == user.name) & (
            users.c.password_hash == user.password_hash
        )
        statement = update(users).where(same).values(password_hash=password_hash)
        with self._db.writing() as connection:
            connection.execute(statement)

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


def _user(row: Row[tuple[str, str, str, datetime]]) -> User:
    return User(row.name, Role(row.role), row.password_hash, row.changed_at)
