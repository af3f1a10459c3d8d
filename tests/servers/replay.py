"""What the migrations made of one empty database, for the next ones."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from dbos._sys_db_sqlite import SQLiteSystemDatabase
from sqlalchemy import URL, Connection, Engine, create_engine, inspect

from mvsnap.store import database

# What a dump sets for its own connection.
_OF_THE_DUMP = ("SET ", "SELECT pg_catalog.set_config(", "\\")
# Not one that a test has patched.
real_migrate, real_upgrade = database._migrate, database.upgrade
real_job_migrations: Callable[[Any], None] = SQLiteSystemDatabase.run_migrations


class Replay:
    """Migrates an empty database to HEAD as the first one of its kind was."""

    def __init__(self) -> None:
        self._statements: dict[str, list[tuple[str, Any]]] = {}
        self._file = b""

    def upgrade(self, engine: Engine, to: str = database.HEAD) -> None:
        """Give it a SQLite file with these tables, where none is; then as usual."""
        file = Path(engine.url.database or "")
        is_file = engine.dialect.name == "sqlite" and file.is_absolute()
        is_new = is_file and file.parent.is_dir() and not file.exists()
        if to == database.HEAD and is_new:
            self._give(file)
        real_upgrade(engine, to)

    def prepare(self) -> None:
        if not self._file:
            self._file = _migrated_file()

    def _give(self, file: Path) -> None:
        self.prepare()
        # It appears as a whole. Where that cannot be, who asked makes it, or says why.
        with suppress(OSError):
            new = os.open(file.parent, os.O_TMPFILE | os.O_WRONLY, 0o644)
            try:
                os.write(new, self._file)
                # The folder, which the path does not need, makes it follow the link.
                os.link(f"/proc/self/fd/{new}", file, src_dir_fd=new)
            finally:
                os.close(new)

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


class JobTables:
    """Makes the tables of the job engine in an empty SQLite file, all at once."""

    def __init__(self) -> None:
        self._statements: list[tuple[str, Any]] = []

    def prepare(self) -> None:
        if self._statements:
            return
        engine = create_engine("sqlite://")
        real_job_migrations(SimpleNamespace(engine=engine))
        with engine.connect() as connection:
            self._statements = _contents(connection)
        engine.dispose()

    def migrate(self, jobs: Any) -> None:
        """jobs: the engine's access to its file; one with tables is as usual."""
        self.prepare()
        with jobs.engine.begin() as connection:
            # Nobody else makes them meanwhile.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            if not inspect(connection).get_table_names():
                cursor = connection.connection.cursor()
                for statement, parameters in self._statements:
                    cursor.execute(statement, parameters)
                cursor.close()
        real_job_migrations(jobs)

    def as_method(self) -> Callable[[Any], None]:
        """Return what can be `SQLiteSystemDatabase.run_migrations`."""
        return lambda jobs: self.migrate(jobs)


def _migrated_file() -> bytes:
    """Return a SQLite file after the migrations, as its last user leaves it."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "mvsnap.db")
        engine = database.open_database(database.sqlite_url(file))
        with engine.begin() as connection:
            real_migrate(connection, database.HEAD)
        engine.dispose()
        assert [found.name for found in Path(folder).iterdir()] == [file.name]
        return file.read_bytes()


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
