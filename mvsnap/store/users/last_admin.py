"""Somebody who can administer is left, whoever else is removed or demoted."""

from __future__ import annotations

from sqlalchemy import Connection, select

from mvsnap.domain import SYSTEM_ACCOUNT, LoginBackend, Role
from mvsnap.errors import MvsnapError
from mvsnap.store.tables import users


class LastAdmin(MvsnapError):
    """The change would leave no admin who can log in."""

    code = "last_admin"
    status = 409


def require_another_admin(
    connection: Connection, name: str, backend: LoginBackend
) -> None:
    """Refuse if `name` is the only admin whose password is checked there.

    In the transaction of the change: two admins who remove each other at the same
    moment wait for one another.

    Raises:
        LastAdmin
    """
    is_system = users.c.password_hash == SYSTEM_ACCOUNT
    mine = is_system if backend == "pam" else ~is_system
    statement = select(users.c.name).where(users.c.role == Role.ADMIN, mine)
    admins = connection.execute(statement.with_for_update()).scalars().all()
    if list(admins) == [name]:
        raise LastAdmin(f"{name} is the last admin. Make somebody else an admin first")
