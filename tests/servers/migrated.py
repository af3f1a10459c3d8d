"""The migrations run once in a test process; a new database gets what they made.

Alembic takes a tenth of a second of computing for each empty database, and thousands of
tests have one of their own. The tables that came of it take SQLite a twentieth of that;
PostgreSQL gets the same statements again. `tests/store/test_database.py` and programs
that tests start run the migrations.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event, inspect

from mvsnap.store import database

_READS = ("SELECT", "PRAGMA")
# Not one that a test has patched.
_migrate = database._migrate


class Replay:
    """Migrates an empty database to HEAD as the first one of its kind was."""

    def __init__(self) -> None:
        self._statements: dict[str, list[tuple[str, Any]]] = {}

    def migrate(self, connection: Connection, to: str) -> None:
        kind = connection.dialect.name
        if to != database.HEAD or inspect(connection).get_table_names():
            _migrate(connection, to)
        elif kind in self._statements:
            cursor = connection.connection.cursor()
            for statement, parameters in self._statements[kind]:
                cursor.execute(statement, parameters)
            cursor.close()
        else:
            with _writes(connection) as statements:
                _migrate(connection, to)
            if kind == "sqlite":
                statements = _contents(connection)
            self._statements[kind] = statements


def _contents(connection: Connection) -> list[tuple[str, Any]]:
    """Return the statements for a SQLite file with these tables and their rows."""
    # An index comes after its table; those without a text come with it.
    found = connection.exec_driver_sql(
        "select sql from sqlite_master where sql is not null"
        " and name not like 'sqlite~_%' escape '~' order by type != 'table', rowid"
    )
    statements: list[tuple[str, Any]] = [(sql, ()) for sql in found.scalars()]
    for name in inspect(connection).get_table_names():
        for row in connection.exec_driver_sql(f'select * from "{name}"'):
            places = ", ".join("?" * len(row))
            statements.append((f'insert into "{name}" values ({places})', tuple(row)))
    return statements


@contextmanager
def _writes(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that change something, with their parameters."""
    found: list[tuple[str, Any]] = []

    def note(
        _connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any
    ) -> None:
        if not statement.lstrip().upper().startswith(_READS):
            found.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(connection, "before_cursor_execute", note)


@pytest.fixture(scope="session", autouse=True)
def migrated_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_migrate", Replay().migrate)
        yield


@pytest.fixture
def real_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_migrate", _migrate)
