"""Opens the database and migrates it to this version."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Executable,
    Row,
    Select,
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

from mvsnap.errors import DatabaseUnfit, TooManyRequests
from mvsnap.store.changes import Commits
from mvsnap.store.database_clock import DatabaseClock
from mvsnap.store.pulses import Pulses
from mvsnap.store.shared_file import NEW_FILE_S, share_file, use_wal
from mvsnap.store.time_limits import MIGRATION, time_limits, with_limits
from mvsnap.store.write_queue import WriteQueue

log = logging.getLogger(__name__)

# Raised while the database is unreachable, for those who continue later.
OUTAGES = (SQLAlchemyError,)
# The newest file in migrations/versions; a test compares them. Those with the same
# first digit only add: the release before works beside this one, and after it.
HEAD = "0046"
_MIGRATIONS = Path(__file__).parent / "migrations"
# Arbitrary, but the same in every process: only one of them migrates at a time.
_MIGRATION_LOCK = 5_004_001
_ROWS_AT_ONCE = 5000
_SEARCH_AGAIN_S = 5


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def open_database(url: str, *, size: int = 2, overflow: int = 8) -> Engine:
    """Return an engine whose commits survive a power cut. Does not connect yet.

    size: connections to PostgreSQL that are kept; overflow: more of them at busy times.
    """
    if url.startswith("sqlite"):
        engine = create_engine(
            url,
            connect_args={"timeout": NEW_FILE_S},
            pool_use_lifo=True,  # each keeps the schema and pages in memory
        )
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
        share_file(engine)
        return engine
    # Imported here: the driver is an extra.
    from mvsnap.store.postgresql import open_postgresql

    return open_postgresql(url, size, overflow)


class Database:
    """An open database, shared by the stores of a process.

    files_in_bucket: the files that its rows name have to go from there, too.
    """

    def __init__(self, engine: Engine, *, files_in_bucket: bool = False) -> None:
        self.engine = engine
        self.files_in_bucket = files_in_bucket
        self.is_sqlite = engine.dialect.name == "sqlite"
        self.clock = DatabaseClock(is_sqlite=self.is_sqlite)
        self.pulses = Pulses.beside(engine)
        self.commits = Commits(engine)
        self._reader = for_reading(engine)
        self._single = engine.execution_options(mvsnap_single=True)
        self._turn = WriteQueue().turn if self.is_sqlite else nullcontext
        self._search = threading.Lock()

    def reading(self) -> AbstractContextManager[Connection]:
        return self._reader.connect()

    def reading_once(self) -> AbstractContextManager[Connection]:
        """For one statement: SQLite is spared the transaction around it."""
        return self._single.connect()

    def rows(
        self, statement: Executable, given: Any = None
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """Return what one statement reads. given: its parameters, as for `execute`."""
        with self.reading() as connection:
            return connection.execute(statement, given).all()

    def first(self, statement: Executable) -> Row[*tuple[Any, ...]] | None:
        with self.reading() as connection:
            return connection.execute(statement).first()

    def scalars(self, statement: Executable) -> list[Any]:
        """Return the first column of each row."""
        with self.reading() as connection:
            return list(connection.scalars(statement))

    def scalar(self, statement: Executable) -> Any:
        """Return the first column of the first row, None without a row."""
        with self.reading() as connection:
            return connection.scalar(statement)

    def execute(self, statement: Executable, given: Any = None) -> None:
        """Write by one statement that is a transaction of its own."""
        with self.writing() as connection:
            connection.execute(statement, given)

    def returned(self, statement: Executable) -> Row[*tuple[Any, ...]] | None:
        """Write as `execute`; return the first row of RETURNING, None without one."""
        with self.writing() as connection:
            return connection.execute(statement).first()

    @contextmanager
    def searching(self) -> Iterator[Connection]:
        """For what looks through thousands of rows: one at a time in a process.

        Several people who search would take all cores from what has to be now.

        Raises:
            TooManyRequests: others have searched all the time; a thread of the server
                may not wait for them.
        """
        if not self._search.acquire(timeout=time_limits().statement_s):
            raise TooManyRequests(
                "Too many searches at once. Try again.", retry_after_s=_SEARCH_AGAIN_S
            )
        try:
            with self.reading() as connection:
                yield connection
        finally:
            self._search.release()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction; committed if the block ends normally."""
        with self._turn(), self.engine.begin() as connection:
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

    def each(
        self, connection: Connection, statement: Select[Any]
    ) -> Iterator[Sequence[Any]]:
        """Yield rows of numbers; all of them are never in memory."""
        if not self.is_sqlite:
            yield from connection.execute(
                statement.execution_options(yield_per=_ROWS_AT_ONCE)
            )
            return
        # The driver's own tuples take half the time.
        result = connection.execute(statement)
        try:
            while rows := result.cursor.fetchmany(_ROWS_AT_ONCE):
                yield from rows
        finally:
            result.close()

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return an INSERT that supports ON CONFLICT."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def upsert(
        self, table: Table, *changing: str, where: ColumnElement[bool] | None = None
    ) -> sqlite.Insert | postgresql.Insert:
        """Return an INSERT that changes the row of its key, where there is one.

        changing: columns; default: all but the key. where: which rows; None: any.
        """
        statement = self.insert(table)
        names = changing or [c.name for c in table.columns if not c.primary_key]
        return statement.on_conflict_do_update(
            index_elements=[*table.primary_key],
            set_={name: statement.excluded[name] for name in names},
            where=where,
        )


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Open a database for the length of the block."""
    engine = open_database(url)
    try:
        yield Database(engine)
    finally:
        engine.dispose()


def for_reading(engine: Engine) -> Engine:
    """Return the same engine, but its transactions never wait for a writer."""
    return engine.execution_options(mvsnap_reading=True)


def upgrade(engine: Engine, to: str = HEAD) -> None:
    """Migrate the tables to this version; safe when several processes start at once.

    Raises:
        DatabaseUnfit: a newer mvsnap has migrated them, and did more than add.
    """
    with with_limits(MIGRATION), _one_at_a_time(engine) as connection:
        found = _version(connection)
        if found is not None and found > to and found[0] == to[0]:
            log.warning("the database is of a newer mvsnap, which only added to it")
            return
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


def _set_pragmas(connection: Any, _record: Any) -> None:
    # pysqlite starts transactions late and implicitly; we start them, see below.
    connection.isolation_level = None
    use_wal(connection, time_limits().lock_s)
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail with "database is
    # locked" if another process wrote in between: writers queue up front.
    options = connection.get_execution_options()
    if "mvsnap_single" not in options:
        reading = options.get("mvsnap_reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
