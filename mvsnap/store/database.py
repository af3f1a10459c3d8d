"""Opens the database and migrates it to this version."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    Table,
    TableValuedAlias,
    Text,
    bindparam,
    create_engine,
    event,
    func,
    inspect,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from mvsnap.clock import SystemClock, poll
from mvsnap.errors import DatabaseUnfit

log = logging.getLogger(__name__)

# Raised while the database is unreachable, for those who continue later.
OUTAGES = (SQLAlchemyError,)
# The newest file in migrations/versions; a test compares them.
HEAD = "0022"
_MIGRATIONS = Path(__file__).parent / "migrations"
# Arbitrary, but the same in every process: only one of them migrates at a time.
_MIGRATION_LOCK = 5_004_001
_WAL_LIMIT_S = 30.0


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def open_database(url: str) -> Engine:
    """Return an engine whose commits survive a power cut. Does not connect yet."""
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"timeout": 30})
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
        return engine
    return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)


class Database:
    """An open database, shared by the stores of a process.

    files_in_bucket: the files that its rows name have to go from there, too.
    """

    def __init__(self, engine: Engine, *, files_in_bucket: bool = False) -> None:
        self.engine = engine
        self.files_in_bucket = files_in_bucket
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._reader = for_reading(engine)
        self._turn = turns(engine.dialect.name)

    def reading(self) -> AbstractContextManager[Connection]:
        return self._reader.connect()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction; committed if the block ends normally."""
        with self._turn, self.engine.begin() as connection:
            yield connection

    def listed(self, name: str) -> TableValuedAlias:
        """Return a table with the column `value`: the numbers of the parameter `name`.

        The statement's text does not depend on how many there are, unlike with IN.
        `as_list` makes the parameter.
        """
        if self.is_sqlite:
            return func.json_each(bindparam(name, type_=Text)).table_valued("value")
        numbers = bindparam(name, type_=postgresql.ARRAY(BigInteger))
        return func.unnest(numbers).table_valued("value").render_derived()

    def as_list(self, numbers: Iterable[int]) -> str | list[int]:
        found = list(numbers)
        return json.dumps(found) if self.is_sqlite else found

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return an INSERT that supports ON CONFLICT."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)


class Bulk:
    """An INSERT of many rows as tuples, without SQLAlchemy's work on each value.

    Four times as fast as rows in dicts. Values must be of types that the driver
    accepts.
    """

    def __init__(
        self, db: Database, statement: sqlite.Insert | postgresql.Insert, *names: str
    ) -> None:
        dialect = db.engine.dialect
        if not db.is_sqlite:
            dialect = type(dialect)(paramstyle="format")  # type: ignore[call-arg]
        compiled = statement.compile(dialect=dialect, column_keys=list(names))
        assert list(compiled.positiontup or ()) == list(names)
        self._sql = str(compiled)

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            connection.exec_driver_sql(self._sql, list(rows))


def turns(url: str) -> AbstractContextManager[object]:
    """Return a lock that the writers of one process hold while they write.

    SQLite has one writer at a time; a second one sleeps for increasing spans, up to 0.1
    s, and tries again. A lock hands over at once: half the time, a tenth of the worst
    case. PostgreSQL needs none.
    """
    return threading.Lock() if url.startswith("sqlite") else nullcontext()


def for_reading(engine: Engine) -> Engine:
    """Return the same engine, but its transactions never wait for a writer."""
    return engine.execution_options(mvsnap_reading=True)


def upgrade(engine: Engine, to: str = HEAD) -> None:
    """Migrate the tables to this version; safe when several processes start at once.

    Raises:
        DatabaseUnfit: a newer mvsnap has migrated them.
    """
    with _one_at_a_time(engine) as connection:
        found = _version(connection)
        if found is not None and found > to:
            raise DatabaseUnfit(
                f"The database is of a newer mvsnap (version {found}, this one knows"
                f" {to}). Install that again, or restore a backup from before the"
                " update; docs/install.md says how."
            )
        if found != to:
            _migrate(connection, to)
            log.info("database upgraded to version %s", to)


def _migrate(connection: Connection, to: str) -> None:
    # Imported here: alembic takes 10 MB, and most starts have nothing to migrate.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def version(engine: Engine) -> str | None:
    """Return the version of the tables, None for an empty database."""
    with engine.connect() as connection:
        return _version(connection)


def has_table(url: str, name: str) -> bool:
    """Return whether a database has a table, in any schema; makes no SQLite file."""
    if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists():
        return False
    engine = open_database(url)
    try:
        tables = inspect(engine)
        schemas = tables.get_schema_names()
        return any(tables.has_table(name, schema=schema) for schema in schemas)
    finally:
        engine.dispose()


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(
        text("select version_num from alembic_version")
    )
    return found


@contextmanager
def _one_at_a_time(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            lock = text("select pg_advisory_xact_lock(:key)")
            connection.execute(lock, {"key": _MIGRATION_LOCK})
        yield connection


def use_wal(connection: sqlite3.Connection) -> None:
    """Let a file's readers work beside its writer; the file remembers it.

    While another connection makes this change, SQLite says "locked" at once, whatever
    its busy timeout: several programs that start on a new file have to ask again.

    Raises:
        sqlite3.OperationalError: it stayed locked for 30 s, or cannot be written.
    """

    def changed() -> bool | None:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return None
        return True

    if not poll(changed, SystemClock(), every_s=0.01, limit_s=_WAL_LIMIT_S):
        raise sqlite3.OperationalError("database is locked")


def _set_pragmas(connection: Any, _record: Any) -> None:
    # pysqlite starts transactions late and implicitly; we start them, see below.
    connection.isolation_level = None
    use_wal(connection)
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail with "database is
    # locked" if another process wrote in between: writers queue up front.
    reading = connection.get_execution_options().get("mvsnap_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
