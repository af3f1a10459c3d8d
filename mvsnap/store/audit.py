"""The audit log: who changed what, who logged in and out. Append-only."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.exc import SQLAlchemyError

from mvsnap.core.users import KINDS_OF_LINES, NO_CHANGES
from mvsnap.domain import Change
from mvsnap.sqlite_errors import reason
from mvsnap.store.audit_rows import from_row, to_row, who_of
from mvsnap.store.database import Database
from mvsnap.store.paging import Order, pages
from mvsnap.store.purging import OldRows, PurgeResult, purge
from mvsnap.store.site import write_changes
from mvsnap.store.tables import audit
from mvsnap.texts.wording import Reason
from mvsnap.values import replace

log = logging.getLogger(__name__)

# How many lines are looked at: what is done again, or often, is done soon.
_AGAIN_WITHIN = 1000
_NEWEST_FIRST = Order(falling=(audit.c.id,))


class AuditFilter(Struct, frozen=True):
    """Which lines; None means any. `until` is exclusive; `after` is paging, an id.

    kind: of KINDS_OF_LINES, or "changes".
    """

    who: str | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: int | None = None


class AuditLine(Struct, frozen=True):
    """A change with its position in the log: a higher id is a newer line."""

    id: int
    change: Change


class AuditLog:
    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, change: Change) -> None:
        with self._db.writing() as connection:
            write_changes(connection, [change])

    def add_once(self, change: Change) -> None:
        """Add a line unless it is there: for work that may be done again by a crash."""
        row = to_row(change)
        # The sentences say it all; a column of JSON cannot be compared.
        del row["reasons"]
        is_same = [audit.c[name] == value for name, value in row.items()]
        same = and_(_is_recent(), *is_same)
        with self._db.writing() as connection:
            if connection.execute(select(audit.c.id).where(same)).first() is None:
                write_changes(connection, [change])

    def count_recent(self, who: str, what: str, since: datetime) -> int:
        """Return how many of the newest lines are about that, of that person."""
        same = and_(audit.c.who == who, audit.c.what == what, audit.c.at > since)
        statement = select(func.count()).select_from(audit).where(_is_recent(), same)
        return int(self._db.scalar(statement))

    def note(self, change: Change) -> None:
        """Add a line about what was only looked at: that works without the log, too."""
        try:
            self.add(change)
        except SQLAlchemyError as exc:
            log.error("the audit log cannot be written: %s", reason(exc))

    def lines(self, wanted: AuditFilter, limit: int) -> list[AuditLine]:
        """Return lines, newest first, at most `limit`."""
        statement = (
            select(audit)
            .where(*_conditions(wanted))
            .order_by(*_NEWEST_FIRST.by)
            .limit(limit)
        )
        return [AuditLine(row.id, from_row(row)) for row in self._db.rows(statement)]

    def pages(self, wanted: AuditFilter) -> Iterator[Sequence[AuditLine]]:
        """Yield all matching lines page by page, newest first."""

        def read(after: int | None, limit: int) -> list[AuditLine]:
            return self.lines(replace(wanted, after=after), limit)

        return pages(read, lambda line: line.id, after=wanted.after)

    def people(self) -> list[Reason]:
        """Return everyone named in the log, sorted: a name, or who else it was."""
        newest = select(func.max(audit.c.id)).group_by(audit.c.who)
        columns = (audit.c.who, audit.c.reasons)
        statement = select(*columns).where(audit.c.id.in_(newest))
        return [who_of(row) for row in self._db.rows(statement.order_by(audit.c.who))]

    def purge(self, before: datetime, *, dry_run: bool = False) -> PurgeResult:
        """Remove lines that are older."""
        rows = OldRows(audit, audit.c.at < before)
        return purge(self._db, rows, dry_run=dry_run)


def _is_recent() -> ColumnElement[bool]:
    newest = select(func.max(audit.c.id)).scalar_subquery()
    return audit.c.id > newest - _AGAIN_WITHIN


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.who is not None:
        found.append(audit.c.who == wanted.who)
    if wanted.kind in KINDS_OF_LINES:
        found.append(audit.c.what.in_(KINDS_OF_LINES[wanted.kind]))
    elif wanted.kind is not None:
        found.append(audit.c.what.not_in(NO_CHANGES))
    if wanted.since is not None:
        found.append(audit.c.at >= wanted.since)
    if wanted.until is not None:
        found.append(audit.c.at < wanted.until)
    if wanted.after is not None:
        found.append(_NEWEST_FIRST.behind((wanted.after,)))
    return found
