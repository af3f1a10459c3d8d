"""Sessions of those who are logged in: a row each, gone when the session ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    bindparam,
    delete,
    exists,
    select,
    update,
)

from mvsnap.core.users import LoginSession
from mvsnap.domain import Change, Role, User
from mvsnap.store.database import Database
from mvsnap.store.purging import OldRows, PurgeResult, purge
from mvsnap.store.site import write_changes
from mvsnap.store.tables import second_factors, sessions, users
from mvsnap.store.users.known_sessions import FoundSession, KnownSessions
from mvsnap.values import as_stored, asdict


def _alive(
    now: datetime | BindParameter[datetime], unused: datetime | BindParameter[datetime]
) -> tuple[ColumnElement[bool], ...]:
    """unused: who was here last at that time is out."""
    is_in = ~sessions.c.awaits_code
    return is_in, sessions.c.ends_at > now, sessions.c.used_at > unused


# Asked with each request of a page: the statement is made once.
_FIND = (
    select(
        sessions,
        users,
        exists()
        .where(
            second_factors.c.user_name == users.c.name,
            second_factors.c.secret.is_not(None),
        )
        .label("has_factor"),
    )
    .join(users, users.c.name == sessions.c.user_name)
    .where(
        sessions.c.id == bindparam("session_id"),
        *_alive(bindparam("now"), bindparam("unused")),
    )
)


class SessionStore:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._known = KnownSessions(db.commits)

    def start(self, session: LoginSession, user: User) -> None:
        """Store the session, unless the user was changed or removed meanwhile."""
        same = (users.c.name == user.name) & (users.c.changed_at == user.changed_at)
        # Locked: a change that is being written ends this session, too.
        unchanged = select(users.c.name).where(same).with_for_update(read=True)
        with self._db.writing() as connection:
            if connection.execute(unchanged).first() is not None:
                connection.execute(sessions.insert().values(**asdict(session)))

    def find(
        self, session_id: str, now: datetime, idle: timedelta
    ) -> FoundSession | None:
        """Return a session, its user, and whether that user has a second factor.

        None if it has ended, or was not used for as long as `idle`.
        """
        unused = now - idle
        found = self._known.get(session_id, lambda: self._read(session_id, now, idle))
        if found is None or found[0].ends_at <= now or found[0].used_at <= unused:
            return None
        return found

    def _read(
        self, session_id: str, now: datetime, idle: timedelta
    ) -> FoundSession | None:
        asked = {"session_id": session_id, "now": now, "unused": now - idle}
        with self._db.reading_once() as connection:
            row = connection.execute(_FIND, asked).one_or_none()
        if row is None:
            return None
        return _session(row), user_of(row), bool(row.has_factor)

    def user_awaiting_code(self, session_id: str, now: datetime) -> User | None:
        """Return whose password was right, and whose code is still to come."""
        statement = (
            select(users)
            .join(sessions, users.c.name == sessions.c.user_name)
            .where(sessions.c.id == session_id, sessions.c.ends_at > now)
            .where(sessions.c.awaits_code)
        )
        row = self._db.first(statement)
        return None if row is None else user_of(row)

    def of_user(self, name: str, now: datetime, idle: timedelta) -> list[LoginSession]:
        """Return the sessions of a user, the one used last first; at most a hundred."""
        statement = select(sessions).where(
            sessions.c.user_name == name, *_alive(now, now - idle)
        )
        newest = statement.order_by(sessions.c.used_at.desc(), sessions.c.id).limit(100)
        return [_session(row) for row in self._db.rows(newest)]

    def touch(self, session_id: str, now: datetime, every: timedelta) -> None:
        """Write that the session is used, unless that was written just now."""
        late = sessions.c.used_at <= now - every
        statement = update(sessions).where(sessions.c.id == session_id, late)
        self._db.execute(statement.values(used_at=now))

    def end(self, name: str, session_id: str, log: Change | None = None) -> bool:
        """End one session of this user; False if there is no such one."""
        one = (sessions.c.id == session_id) & (sessions.c.user_name == name)
        statement = delete(sessions).where(one).returning(sessions.c.id)
        with self._db.writing() as connection:
            found = connection.execute(statement).first() is not None
            if found and log is not None:
                write_changes(connection, [log])
        return found

    def end_with(self, elsewhere: str, log: Change) -> None:
        """End the sessions that end with a provider's; elsewhere: its digest."""
        with self._db.writing() as connection:
            connection.execute(
                delete(sessions).where(sessions.c.ends_with == elsewhere)
            )
            write_changes(connection, [log])

    def end_all(self, name: str, log: Change) -> None:
        with self._db.writing() as connection:
            end_sessions(connection, name)
            write_changes(connection, [log])

    def end_others(self, name: str, but: str) -> None:
        """End the sessions of this user, except the one with the id `but`."""
        with self._db.writing() as connection:
            end_sessions(connection, name, but=but)

    def purge(self, now: datetime, *, dry_run: bool = False) -> PurgeResult:
        """Forget the sessions whose time is over."""
        return purge(
            self._db, OldRows(sessions, sessions.c.ends_at < now), dry_run=dry_run
        )


def end_sessions(connection: Connection, name: str, *, but: str = "") -> None:
    """End the sessions of a user as a part of another transaction."""
    of_user = (sessions.c.user_name == name) & (sessions.c.id != but)
    connection.execute(delete(sessions).where(of_user))


def user_of(row: Row[Any]) -> User:
    return User(row.name, as_stored(Role, row.role), row.password_hash, row.changed_at)


def _session(row: Row[Any]) -> LoginSession:
    return LoginSession(
        id=row.id,
        user_name=row.user_name,
        started_at=row.started_at,
        used_at=row.used_at,
        ends_at=row.ends_at,
        address=row.address,
        browser=row.browser,
        awaits_code=row.awaits_code,
        ends_with=row.ends_with,
    )
