"""A migrated database of PostgreSQL that tests use one after the other.

To make one and to drop it costs the server a sixth of a second of computing; to empty
it, a small part of that. What a test finds is the same: the tables of HEAD with their
first rows, under a name of its own: a thread that an earlier test has left running
connects to nothing. A test that changes the tables leaves them to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from mvsnap.store import database
from tests.servers.postgres import PostgresServer

# What a table has, and whatever else a test can make, by its number.
_SHAPE = """
with own as (
  select c.* from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname !~ '^pg_' and n.nspname != 'information_schema'
), lines as (
  select concat_ws(' ', oid, relname, relkind, relpersistence, relacl, reloptions) line
  from own
  union all
  select concat_ws(' ', attrelid, attnum, attname, atttypid, atttypmod, attnotnull)
  from pg_attribute where attnum > 0 and attrelid in (select oid from own)
  union all select concat_ws(' ', oid, convalidated) from pg_constraint
  union all select concat_ws(' ', oid, tgenabled) from pg_trigger
  union all select oid::text from pg_attrdef
  union all select concat_ws(' ', oid, nspacl) from pg_namespace
  where nspname !~ '^pg_(toast_)?temp_'
  union all select concat_ws(' ', count(*), max(oid)) from pg_proc
  union all select concat_ws(' ', oid, typname) from pg_type where typtype in ('d', 'e')
  union all select concat_ws(' ', count(*), max(oid)) from pg_extension
  union all select concat_ws(' ', setdatabase, setrole, setconfig)
  from pg_db_role_setting
)
select md5(string_agg(line, chr(10) order by line)) from lines
"""
# One that is empty again has no block, unless a row was tried and its number is used.
_USED = """
select n.nspname, c.relname
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname != 'information_schema'
  and (pg_relation_size(c.oid) > 0 or exists (
    select from pg_depend d join pg_class s on s.oid = d.objid
    where d.refobjid = c.oid and d.deptype in ('a', 'i')
      and case s.relkind when 'S' then pg_sequence_last_value(s.oid) end is not null
  ))
order by 1, 2
"""
_END_OTHERS = """
select pg_terminate_backend(pid, 10000) from pg_stat_activity
where datname = '{}' and backend_type = 'client backend'
"""


class Reused:
    """At most one database at a time, which is with a test or waits for the next."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._name = self._shape = ""
        self._rows: dict[tuple[str, str], bytes] = {}

    def url(self) -> str:
        if not self._name:
            self._make()
        return self._server.url(self._name)

    def take_back(self) -> None:
        """Make it as it was; drop it where more than its rows has changed."""
        try:
            self._rename()
            with self._connect() as connection:
                is_as_made = _shape(connection) == self._shape
                if is_as_made:
                    self._empty(connection)
        except psycopg.Error:
            is_as_made = False
        if not is_as_made:
            self.drop()

    def drop(self) -> None:
        name, self._name = self._name, ""
        if name:
            self._server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _rename(self) -> None:
        old, new = self._name, _new_name()
        self._server.execute(_END_OTHERS.format(old))
        self._server.execute(f"ALTER DATABASE {old} RENAME TO {new}")
        self._name = new

    def _make(self) -> None:
        name = _new_name()
        self._server.execute(f"CREATE DATABASE {name}")
        engine = database.open_database(self._server.url(name))
        database.upgrade(engine)
        engine.dispose()
        self._name = name
        with self._connect() as connection:
            self._shape = _shape(connection)
            used = _used(connection)
            self._rows = {table: _copy(connection, table) for table in used}

    def _empty(self, connection: psycopg.Connection[Any]) -> None:
        names = [sql.Identifier(*table) for table in _used(connection)]
        connection.execute("set lock_timeout = '10s'")
        emptied = sql.SQL("truncate {} restart identity cascade")
        connection.execute(emptied.format(sql.SQL(", ").join(names)))
        for table, rows in self._rows.items():
            into = sql.SQL("copy {} from stdin").format(sql.Identifier(*table))
            with connection.cursor().copy(into) as copy:
                copy.write(rows)

    def _connect(self) -> psycopg.Connection[Any]:
        url = make_url(self._server.url(self._name)).set(drivername="postgresql")
        return psycopg.connect(url.render_as_string(), connect_timeout=5)


def _new_name() -> str:
    return f"reused_{uuid4().hex}"


def _shape(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute(_SHAPE.encode()).fetchone()
    assert row is not None
    return str(row[0])


def _used(connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    return connection.execute(_USED.encode()).fetchall()


def _copy(connection: psycopg.Connection[Any], table: tuple[str, str]) -> bytes:
    out = sql.SQL("copy {} to stdout").format(sql.Identifier(*table))
    with connection.cursor().copy(out) as copy:
        return b"".join(map(bytes, copy))


@pytest.fixture(scope="session")
def reused(postgres_server: PostgresServer) -> Reused:
    return Reused(postgres_server)


@pytest.fixture
def migrated_postgres_url(reused: Reused) -> Iterator[str]:
    """The URL of a database with the tables of HEAD, as a migration leaves them."""
    yield reused.url()
    reused.take_back()
