"""What the migrations made of one empty database, for the next ones."""

from __future__ import annotations

import os
import subprocess
from typing import Any
from uuid import uuid4

from sqlalchemy import URL, Connection, create_engine, inspect

from mvsnap.store import database

# What a dump sets for its own connection.
_OF_THE_DUMP = ("SET ", "SELECT pg_catalog.set_config(", "\\")
# Not one that a test has patched.
real_migrate = database._migrate


class Replay:
    """Migrates an empty database to HEAD as the first one of its kind was."""

    def __init__(self) -> None:
        self._statements: dict[str, list[tuple[str, Any]]] = {}

    def migrate(self, connection: Connection, to: str) -> None:
        kind = connection.dialect.name
        if to != database.HEAD or inspect(connection).get_table_names():
            real_migrate(connection, to)
            return
        if kind == "sqlite":
            if kind not in self._statements:
                real_migrate(connection, to)
                self._statements[kind] = _contents(connection)
                return
        elif kind not in self._statements:
            self._statements[kind] = _dump(connection.engine.url)
        cursor = connection.connection.cursor()
        for statement, parameters in self._statements[kind]:
            cursor.execute(statement, parameters)
        cursor.close()


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


def _dump(url: URL) -> list[tuple[str, Any]]:
    """Return the statement that makes these tables and their rows in PostgreSQL."""
    name = f"migrated_{uuid4().hex}"
    server = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        made = create_engine(url.set(database=name))
        with made.begin() as migrated:
            real_migrate(migrated, database.HEAD)
        made.dispose()
        text = _pg_dump(url.set(database=name))
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()
    kept = [line for line in text.splitlines() if not line.startswith(_OF_THE_DUMP)]
    return [("\n".join(kept), None)]


def _pg_dump(url: URL) -> str:
    # Imported here: a warm Python has no pytest.
    from tests.servers.postgres import programs

    where = ["-h", str(url.host), "-p", str(url.port), "-U", str(url.username)]
    command = [f"{programs()}/pg_dump", *where, "--inserts", "--no-owner"]
    return subprocess.run(
        [*command, str(url.database)],
        env={k: v for k, v in os.environ.items() if not k.startswith("PG")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
