"""Old rows: counted or deleted, by one and the same condition."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    func,
    select,
)

from mvsnap.store.database import Database
from mvsnap.store.file_tasks import note_removals


@dataclass(frozen=True, slots=True)
class PurgeResult:
    """What was removed of one kind, or would be.

    paths: files of the rows, still to be removed. files: how many of them.
    size_bytes: freed, and left_bytes: still there, both of clips alone. lost: clips
    whose file is missing. held: why old data stays for now.
    """

    name: str = ""
    removed: int = 0
    files: int = 0
    size_bytes: int = 0
    left_bytes: int | None = None
    lost: int = 0
    paths: tuple[str, ...] = ()
    held: str = ""


@dataclass(frozen=True, slots=True)
class OldRows:
    """The rows of a table that go.

    path: the column that names a file of theirs. counted: False for rows that are only
    a part of others, such as the judgements of a badge event.
    """

    table: Table
    condition: ColumnElement[bool]
    path: Column[Any] | None = None
    counted: bool = True


def purge(db: Database, *old: OldRows, dry_run: bool = False) -> PurgeResult:
    """Delete rows in one transaction, or only say what that would delete."""
    begin = db.reading if dry_run else db.writing
    removed, paths = 0, []
    with begin() as connection:
        for rows in old:
            many, found = purge_rows(connection, rows, dry_run=dry_run)
            removed += many if rows.counted else 0
            paths += found
        if db.files_in_bucket and not dry_run:
            note_removals(db, connection, paths)
    return PurgeResult(removed=removed, files=len(paths), paths=tuple(paths))


def purge_rows(
    connection: Connection, old: OldRows, *, dry_run: bool = False
) -> tuple[int, list[str]]:
    """Do the same in a transaction there is; return how many rows, and their files."""
    table, path = old.table, old.path
    if path is not None:
        naming = delete(table).returning(path) if not dry_run else select(path)
        found = connection.execute(naming.where(old.condition)).scalars().all()
        return len(found), [name for name in found if name]
    if dry_run:
        counting = select(func.count()).select_from(table).where(old.condition)
        return int(connection.execute(counting).scalar_one()), []
    return connection.execute(delete(table).where(old.condition)).rowcount, []


def one_of_paths(column: Column[Any], paths: Collection[str]) -> ColumnElement[bool]:
    """Return whether a path is one of these; there may be any number of them."""
    # Written into the statement: databases limit the number of parameters.
    listed: BindParameter[Any] = bindparam(
        None, sorted(paths), expanding=True, literal_execute=True
    )
    return and_(column.is_not(None), column.in_(listed))
