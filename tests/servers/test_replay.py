"""What a test finds in a new SQLite file is what the migrations make."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, create_engine

from mvsnap.store import database
from tests.servers.replay import JobTables, Replay, real_job_migrations, real_upgrade


def contents(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        found = connection.exec_driver_sql("select name, sql from sqlite_master")
        tables = sorted(map(str, found))
        return [
            *tables,
            str(connection.exec_driver_sql("PRAGMA journal_mode").scalar()),
        ]


def made(file: Path) -> Engine:
    return database.open_database(database.sqlite_url(file))


@pytest.mark.usefixtures("real_migrations")
def test_a_new_file_is_as_the_migrations_make_it(tmp_path: Path) -> None:
    migrated, given = made(tmp_path / "migrated.db"), made(tmp_path / "given.db")
    real_upgrade(migrated)
    replay = Replay()
    replay.prepare()
    replay._give(tmp_path / "given.db")
    assert (tmp_path / "given.db").stat().st_size
    assert contents(given) == contents(migrated)
    replay.upgrade(given)  # it has all of them
    modes = {file.stat().st_mode for file in tmp_path.glob("*.db")}
    assert len(modes) == 1
    for engine in (migrated, given):
        engine.dispose()


def test_what_is_there_is_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "mvsnap.db"
    file.write_bytes(b"of somebody")
    Replay()._give(file)
    assert file.read_bytes() == b"of somebody"
    assert [file] == list(tmp_path.iterdir())


def test_a_new_file_of_jobs_is_as_the_engine_makes_it(tmp_path: Path) -> None:
    migrated, given = (
        create_engine(database.sqlite_url(tmp_path / name)) for name in ("a.db", "b.db")
    )
    real_job_migrations(SimpleNamespace(engine=migrated))
    jobs = JobTables()
    for _ in range(2):  # the second time it has all of them
        jobs.migrate(SimpleNamespace(engine=given))
        assert rows(given) == rows(migrated)
    for engine in (migrated, given):
        engine.dispose()


def rows(engine: Engine) -> tuple[list[str], list[str]]:
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "select name, sql from sqlite_master where sql is not null"
        )
        tables = sorted(map(str, found))
        done = connection.exec_driver_sql("select * from dbos_migrations")
        return tables, [*map(str, done)]
