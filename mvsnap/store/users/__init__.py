"""Users who may log in, and the key that signs their sessions."""

from __future__ import annotations

import secrets as random
from datetime import datetime

from sqlalchemy import delete, func, or_, select, update

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
from mvsnap.store.shared_links import SHARED, SharedLinks
from mvsnap.store.site import write_changes
from mvsnap.store.tables import secrets, users
from mvsnap.store.users.last_admin import require_another_admin
from mvsnap.store.users.second_factors import SecondFactorStore, forget_factor
from mvsnap.store.users.sessions import SessionStore, end_sessions, user_of
from mvsnap.values import asdict

# What may be used once is among the secrets, with the time at which it expires; so is
# the token that a provider needs to end its own session.
_USED = "used once "
_LINKS = "links to evidence"
_TOKEN = "token of session "


class UserStore:
    def __init__(self, db: Database) -> None:
        self._db = db
        self.sessions = SessionStore(db)
        self.second_factors = SecondFactorStore(db)
        self.shared_links = SharedLinks(db)

    def user(self, name: str) -> User | None:
        """Return the user; names are lower case."""
        statement = select(users).where(users.c.name == name)
        row = self._db.first(statement)
        return None if row is None else user_of(row)

    def use_once(self, what: str, until: datetime) -> bool:
        """Return False if it was used before; remembered until `until`."""
        row = {"name": f"{_USED}{what}", "value": iso(until)}
        statement = self._db.insert(secrets).values(row).on_conflict_do_nothing()
        made = self._db.returned(statement.returning(secrets.c.name))
        return made is not None

    def keep_token(self, session_id: str, until: datetime, token: str) -> None:
        """Keep what the provider needs to end its session together with this one."""
        row = {"name": f"{_TOKEN}{session_id}", "value": f"{iso(until)} {token}"}
        statement = self._db.insert(secrets).values(row).on_conflict_do_nothing()
        self._db.execute(statement)

    def take_token(self, session_id: str) -> str | None:
        """Return the token of a session, and forget it."""
        statement = delete(secrets).where(secrets.c.name == f"{_TOKEN}{session_id}")
        row = self._db.returned(statement.returning(secrets.c.value))
        return None if row is None else str(row.value).partition(" ")[2]

    def user_with(self, account: str) -> User | None:
        """Return the user of a provider's account, whatever their name is."""
        statement = select(users).where(users.c.password_hash == account)
        row = self._db.first(statement)
        return None if row is None else user_of(row)

    def users(self) -> list[User]:
        rows = self._db.rows(select(users).order_by(users.c.name))
        return [user_of(row) for row in rows]

    def put(self, user: User, log: Change) -> None:
        """Add the user, or replace password and role, which ends all sessions."""
        with self._db.writing() as connection:
            connection.execute(self._db.upsert(users).values(asdict(user)))
            end_sessions(connection, user.name)
            write_changes(connection, [log])

    def put_if_own(self, user: User, log: Change) -> bool:
        """Add the user, or replace the role; False if somebody else has the name."""
        is_own = users.c.password_hash == user.password_hash
        statement = self._db.upsert(users, "role", "changed_at", where=is_own)
        statement = statement.values(asdict(user))
        with self._db.writing() as connection:
            put = connection.execute(statement.returning(users.c.name)).first()
            if put is not None:
                end_sessions(connection, user.name)
                write_changes(connection, [log])
        return put is not None

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
        self._db.execute(statement)

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
        return bool(self._db.scalar(statement))

    def secret(self, name: str) -> str:
        """Return a random text shared by all processes; created if missing."""
        statement = select(secrets.c.value).where(secrets.c.name == name)
        known: str | None = self._db.scalar(statement)
        if known is not None:
            return known
        made = self._db.insert(secrets).values(name=name, value=random.token_hex(32))
        with self._db.writing() as connection:
            connection.execute(made.on_conflict_do_nothing())
            value: str = connection.execute(statement).scalar_one()
        return value

    def link_key(self) -> str:
        """Return what signs the links to pictures and clips in messages."""
        return self.secret(_LINKS)

    def purge(self, now: datetime, *, dry_run: bool = False) -> PurgeResult:
        """Forget log-ins of a provider and shared links, after their time."""
        ours = or_(*(secrets.c.name.startswith(p) for p in (_USED, _TOKEN, SHARED)))
        old = ours & (secrets.c.value < iso(now))
        return purge(self._db, OldRows(secrets, old), dry_run=dry_run)
