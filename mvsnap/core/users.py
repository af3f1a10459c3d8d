"""Users: names, roles and passwords, or BadInput that says what is wrong. Pure."""

from __future__ import annotations

import re
from datetime import datetime

from mvsnap.domain import Change, Role, User
from mvsnap.errors import BadInput

LONGEST_NAME = 64
SHORTEST_PASSWORD = 10
_NAME = re.compile(r"[a-z0-9._@-]{1,64}")


def parse_name(text: str) -> str:
    """Return the name in lower case."""
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"name: {text[:70]!r} (expected 1 to {LONGEST_NAME} "
            "of a-z, 0-9, dot, _, @ and -)"
        )
    return name


def parse_password(text: str) -> str:
    if len(text) < SHORTEST_PASSWORD:
        raise BadInput(
            f"password: {len(text)} characters (expected {SHORTEST_PASSWORD} or more)"
        )
    return text


def role_of_next(given: Role | None, known: User | None, *, first: bool) -> Role:
    """Return the role: as given, as it was, or admin for the first user of all."""
    if given is not None:
        return given
    if known is not None:
        return known.role
    return Role.ADMIN if first else Role.VIEWER


def put_change(user: User, known: User | None, who: str) -> Change:
    """Return the audit line of a user who is added, or gets a new password and role."""
    before = "" if known is None else f"role {known.role}"
    after = f"role {user.role}" + ("" if known is None else ", new password")
    return Change(user.changed_at, who, f"user {user.name}", before, after)


def remove_change(name: str, known: User | None, who: str, now: datetime) -> Change:
    """Return the audit line of a user who is removed."""
    before = "" if known is None else f"role {known.role}"
    return Change(now, who, f"user {name}", before, "removed")
