"""Statements for rows by the thousand, without SQLAlchemy's work on each value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Dialect, Select

from mvsnap.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

# Of an INSERT; older releases of SQLite know 999 values in a statement.
_TOGETHER = 50


class Bulk:
    """An INSERT of many rows as tuples.

    Values must be of types that the driver accepts; no two rows have the same key.
    A statement takes many rows: with one for each row, SQLite's driver takes half as
    long again, and lets other threads in each time; PostgreSQL answers each of them.
    """

    def __init__(
        self, db: Database, statement: sqlite.Insert | postgresql.Insert, *names: str
    ) -> None:
        compiled = statement.compile(dialect=_positional(db), column_keys=list(names))
        assert list(compiled.positiontup or ()) == list(names)
        self._sql = str(compiled)
        self._is_sqlite = db.is_sqlite
        before, _, rest = self._sql.partition(" VALUES (")
        row, _, after = rest.partition(")")
        assert row.count("?" if db.is_sqlite else "%s") == len(names)
        columns = statement.table.columns
        many = _many(db, [columns[name] for name in names])
        self._many_sql = f"{before} {many}{after}"

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        if not self._is_sqlite:
            lists = tuple(map(list, zip(*rows, strict=True)))
            connection.exec_driver_sql(self._many_sql, lists)
            return
        many = len(rows) - len(rows) % _TOGETHER
        if many:
            steps = range(0, many, _TOGETHER)
            flat = [(*chain.from_iterable(rows[i : i + _TOGETHER]),) for i in steps]
            connection.exec_driver_sql(self._many_sql, flat)
        if many < len(rows):
            connection.exec_driver_sql(self._sql, list(rows[many:]))


def _many(db: Database, columns: Sequence[ColumnElement[Any]]) -> str:
    """Return what replaces the VALUES of one row."""
    if db.is_sqlite:
        row = f"({', '.join('?' * len(columns))})"
        return f"VALUES {', '.join([row] * _TOGETHER)}"
    dialect = db.engine.dialect
    lists = [f"%s::{column.type.compile(dialect)}[]" for column in columns]
    return f"SELECT * FROM unnest({', '.join(lists)})"


class Lookup:
    """A SELECT whose rows are the driver's own tuples: for many rows of numbers."""

    def __init__(self, db: Database, statement: Select[Any]) -> None:
        compiled = statement.compile(dialect=_positional(db))
        self._names = list(compiled.positiontup or ())
        self._fixed = compiled.params
        self._sql = str(compiled)

    def rows(
        self, connection: Connection, wanted: Mapping[str, Any]
    ) -> Sequence[tuple[Any, ...]]:
        values = self._fixed | dict(wanted)
        given = tuple(values[name] for name in self._names)
        result = connection.exec_driver_sql(self._sql, given)
        try:
            return result.cursor.fetchall()
        finally:
            result.close()


def _positional(db: Database) -> Dialect:
    dialect = db.engine.dialect
    if db.is_sqlite:
        return dialect
    # The base class is annotated without what every dialect of a server takes.
    return type(dialect)(paramstyle="format")  # type: ignore[call-arg]
