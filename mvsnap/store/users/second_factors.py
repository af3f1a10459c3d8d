"""Authenticator apps of local users, and the codes for when the phone is lost."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, func, select, update

from mvsnap.core.users import SecondFactor
from mvsnap.domain import Change
from mvsnap.store.database import Database
from mvsnap.store.site import write_changes
from mvsnap.store.tables import recovery_codes, second_factors


class SecondFactorStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def find(self, name: str) -> SecondFactor | None:
        """Return the second factor that this user must log in with, if any."""
        left = (
            select(func.count())
            .select_from(recovery_codes)
            .where(recovery_codes.c.user_name == second_factors.c.user_name)
            .scalar_subquery()
        )
        statement = select(second_factors, left.label("left")).where(
            second_factors.c.user_name == name, second_factors.c.secret.is_not(None)
        )
        row = self._db.first(statement)
        if row is None:
            return None
        return SecondFactor(row.secret, row.enrolled_at, row.last_step, row.left)

    def names(self) -> set[str]:
        """Return who has a second factor."""
        statement = select(second_factors.c.user_name).where(
            second_factors.c.secret.is_not(None)
        )
        return set(self._db.scalars(statement))

    def begin(self, name: str, new_secret: str) -> None:
        """Keep the secret of a new app; the old one stays until `enrol`."""
        statement = self._db.upsert(second_factors, "new_secret").values(
            user_name=name, last_step=0, new_secret=new_secret
        )
        self._db.execute(statement)

    def new_secret(self, name: str) -> str | None:
        """Return the secret of an app that has not given its first code yet."""
        statement = select(second_factors.c.new_secret).where(
            second_factors.c.user_name == name
        )
        found: str | None = self._db.scalar(statement)
        return found

    def enrol(
        self, name: str, step: int, code_hashes: Iterable[str], log: Change
    ) -> bool:
        """Use the new secret, whose first code was that of `step`, from now on.

        False if that was done already.
        """
        statement = update(second_factors).where(
            second_factors.c.user_name == name, second_factors.c.new_secret.is_not(None)
        )
        with self._db.writing() as connection:
            is_new = connection.execute(
                statement.values(
                    secret=second_factors.c.new_secret,
                    new_secret=None,
                    enrolled_at=log.at,
                    last_step=step,
                )
            ).rowcount
            if is_new:
                _replace_codes(connection, name, code_hashes)
                write_changes(connection, [log])
        return bool(is_new)

    def use_step(self, name: str, step: int) -> bool:
        """Return whether no code of this or a later step was used; it is now."""
        statement = (
            update(second_factors)
            .where(second_factors.c.user_name == name)
            .where(second_factors.c.last_step < step)
            .values(last_step=step)
            .returning(second_factors.c.user_name)
        )
        return self._db.returned(statement) is not None

    def use_recovery_code(self, name: str, code_hash: str) -> bool:
        """Return whether there is such a code; it is gone now."""
        statement = (
            delete(recovery_codes)
            .where(recovery_codes.c.user_name == name)
            .where(recovery_codes.c.code_hash == code_hash)
            .returning(recovery_codes.c.code_hash)
        )
        return self._db.returned(statement) is not None

    def replace_codes(self, name: str, code_hashes: Iterable[str], log: Change) -> None:
        with self._db.writing() as connection:
            _replace_codes(connection, name, code_hashes)
            write_changes(connection, [log])

    def remove(self, name: str, log: Change) -> None:
        with self._db.writing() as connection:
            forget_factor(connection, name)
            write_changes(connection, [log])


def forget_factor(connection: Connection, name: str) -> None:
    """Remove the second factor of a user as a part of another transaction."""
    _replace_codes(connection, name, ())
    mine = second_factors.c.user_name == name
    connection.execute(delete(second_factors).where(mine))


def _replace_codes(
    connection: Connection, name: str, code_hashes: Iterable[str]
) -> None:
    mine = recovery_codes.c.user_name == name
    connection.execute(delete(recovery_codes).where(mine))
    rows = [{"user_name": name, "code_hash": code_hash} for code_hash in code_hashes]
    if rows:
        connection.execute(recovery_codes.insert(), rows)
