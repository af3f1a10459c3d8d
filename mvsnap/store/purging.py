"""Old rows: counted or deleted, by one and the same condition.

Deleted in small steps, each a transaction: see `store.steps`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from msgspec import Struct
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
from mvsnap.store.files.tasks import note_removals
from mvsnap.store.steps import Steps
from mvsnap.values import replace

# Looked up at once, before any of them is deleted: where no index helps, that goes
# through the whole table.
_KEYS = 10_000
# After so many files a purge returns, and these go before it is called again.
_FILES = 1000


class PurgeResult(Struct, frozen=True):
    """What was removed of one kind, or would be.

    paths: files of the rows, still to be removed. files: how many of them.
    size_bytes: freed, and left_bytes: still there, both of clips alone. lost: clips
    whose file is missing. held: why old data stays for now. unseen: why nobody could
    look what there is. is_more: call it again.
    """

    name: str = ""
    removed: int = 0
    files: int = 0
    size_bytes: int = 0
    left_bytes: int | None = None
    lost: int = 0
    paths: tuple[str, ...] = ()
    held: str = ""
    unseen: str = ""
    is_more: bool = False


class OldRows(Struct, frozen=True):
    """The rows of a table that go.

    path: the column that names a file of theirs. counted: False for rows that are only
    a part of others. parts: columns of other tables that name such a row; theirs go in
    the same transaction.
    """

    table: Table
    condition: ColumnElement[bool]
    path: Column[Any] | None = None
    counted: bool = True
    parts: tuple[Column[Any], ...] = ()


def purge(db: Database, *old: OldRows, dry_run: bool = False) -> PurgeResult:
    """Delete rows step by step, or only say what that would delete."""
    if dry_run:
        with db.reading() as connection:
            return _counted(connection, old)
    steps, removed = Steps(db), 0
    paths: list[str] = []
    for rows in old:
        for many, found in _in_steps(db, steps, rows):
            removed += many if rows.counted else 0
            paths += found
            if len(paths) >= _FILES:
                return _result(removed, paths, is_more=True)
    return _result(removed, paths)


def to_the_end(purge: Callable[[], PurgeResult]) -> PurgeResult:
    """Call it until nothing is left, and return the sum; `purge` removes the files.

    A purge that is killed then leaves few files that no row knows.
    """
    removed, files = 0, 0
    while True:
        result = purge()
        removed, files = removed + result.removed, files + result.files
        if not result.is_more:
            return replace(result, removed=removed, files=files, paths=())


def _result(removed: int, paths: list[str], *, is_more: bool = False) -> PurgeResult:
    return PurgeResult(
        removed=removed, files=len(paths), paths=tuple(paths), is_more=is_more
    )


def _counted(connection: Connection, old: Sequence[OldRows]) -> PurgeResult:
    removed = 0
    paths: list[str | None] = []
    for rows in old:
        counting = select(func.count()).select_from(rows.table).where(rows.condition)
        removed += connection.execute(counting).scalar_one() if rows.counted else 0
        if rows.path is not None:
            naming = select(rows.path).where(rows.condition, rows.path.is_not(None))
            paths += connection.execute(naming).scalars().all()
    return _result(removed, [path for path in paths if path])


def _in_steps(
    db: Database, steps: Steps, old: OldRows
) -> Iterator[tuple[int, list[str]]]:
    """Yield how many rows went, and their files, step by step."""
    keys = list(old.table.primary_key)
    looking = select(*keys).where(old.condition).limit(_KEYS)
    is_more = True
    while is_more:
        found = [tuple(row) for row in db.rows(looking)]
        is_more = len(found) == _KEYS
        while found:
            now, found = found[: steps.size], found[steps.size :]
            with steps.writing() as connection:
                many, paths = _delete(connection, old, now)
                if db.files_in_bucket:
                    note_removals(db, connection, paths)
            yield many, paths


def _delete(
    connection: Connection, old: OldRows, keys: Sequence[tuple[Any, ...]]
) -> tuple[int, list[str]]:
    """Delete these rows, those that are still old; return how many, and their files."""
    columns = list(old.table.primary_key)
    if len(columns) > 1:
        return _delete_each(connection, old, keys)
    these = columns[0].in_([key for (key,) in keys])
    for part in old.parts:
        theirs = select(columns[0]).where(these, old.condition)
        connection.execute(delete(part.table).where(part.in_(theirs)))
    deleting = delete(old.table).where(these, old.condition)
    if old.path is None:
        return connection.execute(deleting).rowcount, []
    found = connection.execute(deleting.returning(old.path)).scalars().all()
    return len(found), [name for name in found if name]


def _delete_each(
    connection: Connection, old: OldRows, keys: Sequence[tuple[Any, ...]]
) -> tuple[int, list[str]]:
    """The same, row by row: for a list of pairs SQLite goes through the whole table."""
    columns = list(old.table.primary_key)
    names = [f"key_{number}" for number in range(len(columns))]
    each = [
        column == bindparam(name, type_=column.type)
        for column, name in zip(columns, names, strict=True)
    ]
    deleting = delete(old.table).where(*each, old.condition)
    rows = [dict(zip(names, key, strict=True)) for key in keys]
    if old.path is None:
        return connection.execute(deleting, rows).rowcount, []
    naming = deleting.returning(old.path)
    found = [row[0] for key in rows for row in connection.execute(naming, key)]
    return len(found), [name for name in found if name]


def one_of_paths(column: Column[Any], paths: Collection[str]) -> ColumnElement[bool]:
    """Return whether a path is one of these; there may be any number of them."""
    # Written into the statement: databases limit the number of parameters.
    listed: BindParameter[Any] = bindparam(
        None, sorted(paths), expanding=True, literal_execute=True
    )
    return and_(column.is_not(None), column.in_(listed))
