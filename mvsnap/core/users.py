"""Users: names, roles, logins, and their audit log lines. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct

from mvsnap.domain import Change, Role, User
from mvsnap.errors import BadInput
from mvsnap.texts import audit_wordings as said
from mvsnap.texts.wording import Reason, Wording

LONGEST_NAME = 64
LOG_IN, LOG_OUT = said.LOG_IN(), said.LOG_OUT()
# Nothing changed: who was shown or sent what, and who was refused.
VIEWED, DOWNLOADED, REFUSED = said.VIEWED(), said.DOWNLOADED(), said.REFUSED()
# Lines of the audit log by kind; what is in none of them is a change.
KINDS_OF_LINES = {
    "logins": (LOG_IN, LOG_OUT),
    "viewed": (VIEWED,),
    "downloaded": (DOWNLOADED,),
    "refused": (REFUSED,),
}
NO_CHANGES = tuple(what for kinds in KINDS_OF_LINES.values() for what in kinds)
# Used for a failed login with an unknown name. What was typed is not stored: it may be
# a password in the wrong field.
UNKNOWN_NAME = said.UNKNOWN_NAME()
_NOTHING = Reason("")
_FAILED = "failed"  # so begin lines of before
_NAME = re.compile(r"[a-z0-9._@-]{1,64}")


class LoginSession(Struct, frozen=True):
    """A user who is logged in with one browser.

    id: a hash, worthless to log in with. used_at: some minutes late at most.
    browser: in words, such as "Firefox on Windows". awaits_code: not logged in yet, but
    the password was right. ends_with: digest of the session at a provider.
    """

    id: str
    user_name: str
    started_at: datetime
    used_at: datetime
    ends_at: datetime
    address: str
    browser: str
    awaits_code: bool = False
    ends_with: str = ""


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """The authenticator app of a user. last_step: of the last code, in 30 s steps."""

    secret: str = field(repr=False)
    enrolled_at: datetime
    last_step: int
    recovery_codes_left: int


def parse_name(text: str) -> str:
    """Return the name in lower case."""
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise BadInput(f"name: Enter 1 to {LONGEST_NAME} of a-z, 0-9, dot, _, @ and -.")
    return name


def role_of_next(given: Role | None, known: User | None, *, first: bool) -> Role:
    """Return the role: as given, else unchanged, or admin for the very first user."""
    if given is not None:
        return given
    if known is not None:
        return known.role
    return Role.ADMIN if first else Role.VIEWER


def put_change(user: User, known: User | None, who: str) -> Change:
    """Return the audit log line of a new user, or of a new password and role."""
    after = _summary(user)
    if known is not None and user.backend == "local":
        after = said.NEW_PASSWORD(user=after)
    what = said.USER(name=user.name)
    return Change(user.changed_at, who, what, _summary(known), after)


def role_change(user: User, known: User, who: str) -> Change:
    """Return the audit log line of another role."""
    what = said.USER(name=user.name)
    return Change(user.changed_at, who, what, _summary(known), _summary(user))


def sessions_change(user: User, who: str) -> Change:
    """Return the audit log line of sessions that somebody else ended."""
    what = said.USER(name=user.name)
    return Change(user.changed_at, who, what, _NOTHING, said.SESSIONS_ENDED())


def remove_change(name: str, known: User | None, who: str, now: datetime) -> Change:
    """Return the audit log line of a user who is removed."""
    return Change(now, who, said.USER(name=name), _summary(known), said.REMOVED())


def reset_change(name: str, who: str, now: datetime) -> Change:
    """Return the audit log line of a second factor that another one removed."""
    return Change(now, who, said.USER(name=name), said.APP(), said.REMOVED())


def log_in_change(
    name: str, address: str, now: datetime, *, recovery_codes_left: int | None = None
) -> Change:
    """Return the audit log line of a login; `recovery_codes_left` after using one."""
    after = said.FROM(address=address)
    if recovery_codes_left is not None:
        after = said.FROM_WITH_CODE(address=address, left=recovery_codes_left)
    return Change(now, name, LOG_IN, _NOTHING, after)


def failed_change(
    user: User | None, address: str, now: datetime, *, how: Wording = said.FAILED
) -> Change:
    """Return the audit log line of a failed login; None: with an unknown name.

    how: says what was wrong, if the password was right.
    """
    who = UNKNOWN_NAME if user is None else user.name
    return Change(now, who, LOG_IN, _NOTHING, how(address=address))


def own_change(name: str, now: datetime, what: Reason) -> Change:
    """Return the audit log line of what a user did to the own account."""
    return Change(now, name, said.USER(name=name), _NOTHING, what)


def no_role_change(name: str, address: str, now: datetime) -> Change:
    """Return the line of a person whom the provider knows, but who has no role here."""
    return Change(now, name, LOG_IN, _NOTHING, said.FAILED_ROLE(address=address))


def has_failed(change: Change) -> bool:
    """Return whether the line is about a failed login, or something refused."""
    has_code = any(change.after.code == one.code for one in said.FAILURES)
    is_failed = has_code or change.after.startswith(_FAILED)
    return (change.what == LOG_IN and is_failed) or change.what == REFUSED


def log_out_change(name: str, address: str, now: datetime) -> Change:
    return Change(now, name, LOG_OUT, _NOTHING, said.FROM(address=address))


def _summary(user: User | None) -> Reason:
    if user is None:
        return _NOTHING
    return said.ACCOUNTS[user.backend](role=said.role_words(user.role))
