from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from mvsnap.store import database
from tests.servers.postgres import PostgresServer
from tests.servers.reused import Reused


@pytest.fixture
def reused(postgres_server: PostgresServer) -> Iterator[Reused]:
    """One that no other test has."""
    made = Reused(postgres_server)
    yield made
    made.drop()


def do(url: str, *statements: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def number_of(url: str) -> object:
    """Return what stays the same when it gets another name."""
    engine = create_engine(url)
    with engine.connect() as connection:
        own = "select oid from pg_database where datname = current_database()"
        found = connection.execute(text(own)).scalar()
    engine.dispose()
    return found


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of each table, and the last numbers that were given."""
    engine = create_engine(url)
    found = {}
    with engine.connect() as connection:
        for name in ("pg_sequences", *inspect(connection).get_table_names()):
            rows = connection.execute(text(f"select * from {name}"))
            found[name] = [tuple(row) for row in rows]
    engine.dispose()
    return found


def test_the_next_one_finds_what_a_migration_makes(reused: Reused) -> None:
    url = reused.url()
    made, number = contents(url), number_of(url)
    assert made["alembic_version"] == [(database.HEAD,)]
    assert sum(map(len, made.values())) == 1 + len(made["pg_sequences"])
    do(
        url,
        "update alembic_version set version_num = '0001'",
        "select nextval('audit_id_seq')",
    )
    assert contents(url) != made
    forgotten = create_engine(url).connect()
    forgotten.execute(text("select * from audit"))  # which nobody else may empty now
    reused.take_back()
    forgotten.invalidate()
    assert number_of(reused.url()) == number
    assert contents(reused.url()) == made
    with pytest.raises(OperationalError):
        contents(url)  # as a thread would that was left running


@pytest.mark.parametrize(
    "change",
    [
        "create table another (a int)",
        "alter table alembic_version add column another int",
        "alter table alembic_version alter column version_num type text",
        "alter table alembic_version drop constraint alembic_version_pkc",
        "create index another on alembic_version (version_num)",
        "create schema another",
        "create type another as enum ('a')",
    ],
)
def test_changed_tables_are_left_to_nobody(reused: Reused, change: str) -> None:
    url = reused.url()
    number = number_of(url)
    do(url, change)
    reused.take_back()
    assert number_of(reused.url()) != number
