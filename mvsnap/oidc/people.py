"""People of a provider: the user whom an account there leads to, and their role."""

from __future__ import annotations

from datetime import datetime

from mvsnap.core.users import log_out_change, put_change, remove_change
from mvsnap.domain import Role, User
from mvsnap.errors import LoginRefused
from mvsnap.oidc.claims import Identity
from mvsnap.store.users import UserStore
from mvsnap.texts.audit_wordings import PROVIDER

_WHO = PROVIDER()


def admit(users: UserStore, identity: Identity, role: Role, now: datetime) -> User:
    """Return the user of this account, added or brought up to date.

    The name is the provider's, unless somebody else here has it: the account decides
    who it is, so that a name which is given to another person opens nothing.
    """
    known = users.user_with(identity.account)
    for name in (identity.name, identity.name_of_its_own):
        same = known if known is not None and known.name == name else None
        if same is not None and same.role is role:
            return same
        user = User(name, role, identity.account, now)
        if not users.put_if_own(user, put_change(user, same, _WHO)):
            continue
        if known is not None and same is None:
            users.remove(known.name, remove_change(known.name, known, _WHO, now))
        return user
    raise LoginRefused(f"The name {identity.name} belongs to somebody else here.")


def dismiss(users: UserStore, identity: Identity, now: datetime) -> None:
    """End the sessions of somebody who has no role any more."""
    known = users.user_with(identity.account)
    if known is not None:
        users.remove(known.name, remove_change(known.name, known, _WHO, now))


def end_sessions(users: UserStore, account: str, address: str, now: datetime) -> None:
    """End all sessions of an account; the person may log in again."""
    known = users.user_with(account)
    if known is not None:
        user = User(known.name, known.role, known.password_hash, now)
        users.put_if_own(user, log_out_change(known.name, address, now))
