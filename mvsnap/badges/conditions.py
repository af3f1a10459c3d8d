"""Which badge events are wanted, as conditions of a query."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Column, ColumnElement, Select, exists, func, select

from mvsnap.badges.model import BadgeId, Verdict
from mvsnap.badges.tables import LACKS_PICTURE, badges, cardholders
from mvsnap.domain import Serial


class Department(Struct, frozen=True):
    """People of the directory; is_large: a page of its events is soon together."""

    name: str
    is_large: bool


class JudgedSince(Struct, frozen=True):
    """Verdicts from a moment on; are_many: a page of their events is soon together."""

    moment: datetime
    are_many: bool


class BadgeFilter(Struct, frozen=True):
    """Which badge events; None means any. `until` is exclusive; `after` is paging.

    department: of the directory. is_unknown: badges that are not in the directory.
    lacks_picture: none was fetched, or not yet. judged_since: their last verdict, also
    one that undid another.
    """

    reader: str | None = None
    user_ids: tuple[str, ...] | None = None
    department: Department | None = None
    is_unknown: bool = False
    lacks_picture: bool = False
    serials: tuple[Serial, ...] | None = None
    verdict: Verdict | None = None
    judged_since: JudgedSince | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: BadgeId | None = None


def conditions(wanted: BadgeFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.reader is not None:
        found.append(badges.c.reader == wanted.reader)
    if wanted.user_ids is not None:
        found.append(badges.c.user_id.in_(wanted.user_ids))
    if wanted.department is not None:
        found.append(_is_of(wanted.department))
    if wanted.is_unknown:
        found.append(badges.c.user_id.in_(_unknown_ids()))
    if wanted.lacks_picture:
        found.append(LACKS_PICTURE)
    if wanted.serials is not None:
        found.append(badges.c.serial.in_(wanted.serials))
    if wanted.verdict is not None:
        found.append(badges.c.verdict == wanted.verdict)
    if wanted.judged_since is not None:
        found.append(_judged(wanted.judged_since))
    if wanted.since is not None:
        found.append(badges.c.swiped_at >= wanted.since)
    if wanted.until is not None:
        found.append(badges.c.swiped_at < wanted.until)
    return found


def _is_of(department: Department) -> ColumnElement[bool]:
    """Of a large one the newest events are looked through until there are enough; of a
    small one each person's events are looked up.
    """
    people = cardholders.alias()  # the rows may be joined with them, too
    of_it = select(people.c.user_id).where(people.c.department == department.name)
    if department.is_large:
        own = of_it.where(people.c.user_id == badges.c.user_id)
        return own.correlate(badges).exists()
    return badges.c.user_id.in_(of_it)


def _judged(since: JudgedSince) -> ColumnElement[bool]:
    """Of many, the newest events are looked through until there are enough; few are
    looked up by their time.
    """
    if since.are_many:
        return badges.c.judged_at >= since.moment
    some = badges.alias()
    return badges.c.id.in_(select(some.c.id).where(some.c.judged_at >= since.moment))


def _unknown_ids() -> Select[Any]:
    """Return the badges that are not in the directory; reads each number once.

    Not each event: where few are unknown, all of them would be read for a page.
    """
    used = each_value(badges.c.user_id, "used")
    is_known = exists().where(cardholders.c.user_id == used)
    return select(used).where(used.is_not(None), ~is_known)


def each_value(column: Column[Any], name: str) -> ColumnElement[Any]:
    """Return the different values of an indexed column, in its order; reads each once.

    The last one is NULL.
    """
    first = select(func.min(column).label("value")).cte(name, recursive=True)
    following = select(func.min(column)).where(column > first.c.value)
    more = select(following.scalar_subquery()).where(first.c.value.is_not(None))
    return first.union_all(more).c.value
