from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import OperationalError

from mvsnap.badges import tables as badge_tables
from mvsnap.domain import JobId
from mvsnap.errors import DatabaseUnfit
from mvsnap.store import alert_tables, bot_tables, database
from mvsnap.store.bulk import Bulk
from mvsnap.store.events import EventFilter, Store, alarm_tables, published_tables
from mvsnap.store.keys import tables as key_tables
from mvsnap.store.notices import tables as notice_tables
from mvsnap.store.settings import entry_tables
from mvsnap.store.sharing import fetch_tables, process_tables
from mvsnap.store.sharing import tables as sharing_tables
from mvsnap.store.tables import metadata
from mvsnap.store.time_limits import TimeLimits, time_limits, with_limits
from mvsnap.values import replace
from mvsnap.visitors import tables as visitor_tables
from mvsnap.wifi import tables as wifi_tables

# Each adds its tables to the one metadata.
ROOMS = (
    alarm_tables,
    alert_tables,
    bot_tables,
    entry_tables,
    fetch_tables,
    key_tables,
    notice_tables,
    process_tables,
    published_tables,
    sharing_tables,
    badge_tables,
    visitor_tables,
    wifi_tables,
)
ROOT = Path(__file__).parent.parent.parent
TABLES = {"alembic_version", *metadata.tables}
pytestmark = pytest.mark.usefixtures("real_migrations")


def test_an_empty_database_is_brought_to_this_version(url: str) -> None:
    engine = database.open_database(url)
    assert database.version(engine) is None
    database.upgrade(engine)
    assert database.version(engine) == database.HEAD
    assert set(inspect(engine).get_table_names()) == TABLES
    engine.dispose()


def test_a_second_upgrade_changes_nothing(url: str) -> None:
    engine = database.open_database(url)
    database.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO workers VALUES ('w', '2026-03-04 12:00:00+00:00')")
        )
    database.upgrade(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM workers")) == 1
    engine.dispose()


def test_the_migrations_make_exactly_the_tables_of_the_code(url: str) -> None:
    engine = database.open_database(url)
    database.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        # Comments are for those who read tables.py; SQLite cannot keep them.
        found = [
            change
            for change in compare_metadata(context, metadata)
            if not (isinstance(change, tuple) and "comment" in str(change[0]))
            and not (isinstance(change, list) and change[0][0] == "modify_comment")
        ]
    engine.dispose()
    assert found == []


def test_every_column_and_table_says_what_it_holds() -> None:
    for table in metadata.tables.values():
        assert table.comment
        assert [c.name for c in table.columns if not c.comment] == []


UPGRADE = """
import sys
from mvsnap.store import database
sys.stdin.readline()
engine = database.open_database(sys.argv[1])
database.upgrade(engine)
print(database.version(engine))
"""


def test_processes_that_start_at_once_upgrade_it_once(url: str) -> None:
    command = [sys.executable, "-c", UPGRADE, url]
    starting = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in starting:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in starting:
        said, trouble = process.communicate(timeout=60)
        assert (process.returncode, said) == (0, f"{database.HEAD}\n"), trouble


def test_older_code_leaves_a_newer_database_alone(url: str) -> None:
    engine = database.open_database(url)
    database.upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    with pytest.raises(DatabaseUnfit, match=r"newer mvsnap \(version 9999, this one"):
        database.upgrade(engine)
    assert database.version(engine) == "9999"
    engine.dispose()


def test_older_code_works_on_a_database_to_which_a_newer_one_added(url: str) -> None:
    engine = database.open_database(url)
    database.upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '0999'")
        connection.exec_driver_sql("alter table events add column of_tomorrow text")
    database.upgrade(engine)
    assert database.version(engine) == "0999"
    assert Store(database.Database(engine)).events(EventFilter(), 1) == []
    engine.dispose()


def test_threads_with_their_own_connections_upgrade_it_once(url: str) -> None:
    together, trouble = threading.Barrier(4), []

    def upgrade() -> None:
        engine = database.open_database(url)
        together.wait()
        try:
            database.upgrade(engine)
        except Exception as exc:  # noqa: BLE001 - shown by the test
            trouble.append(exc)
        engine.dispose()

    threads = [threading.Thread(target=upgrade) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []


def test_a_new_file_can_be_opened_by_many_at_once(tmp_path: Path) -> None:
    for name in range(50):
        url = database.sqlite_url(tmp_path / f"{name}.db")
        engines = [database.open_database(url) for _ in range(6)]
        together = threading.Barrier(len(engines))

        def opened(engine: Engine, together: threading.Barrier = together) -> str:
            together.wait(10)
            with engine.connect() as connection:
                return str(connection.scalar(text("pragma journal_mode")))

        with ThreadPoolExecutor(len(engines)) as pool:
            assert set(pool.map(opened, engines)) == {"wal"}
        for engine in engines:
            engine.dispose()


@pytest.mark.usefixtures("really_synced")
@pytest.mark.parametrize("name", ["mvsnap.db", "with blank.db", "ümläut.db"])
def test_a_sqlite_file_survives_a_power_cut_and_may_lie_anywhere(
    tmp_path: Path, name: str
) -> None:
    engine = database.open_database(database.sqlite_url(tmp_path / name))
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        }
    engine.dispose()
    # 2 is FULL.
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 30000}
    assert (tmp_path / name).exists()


def test_a_kept_connection_waits_as_long_as_each_who_asks_can(tmp_path: Path) -> None:
    engine = database.open_database(database.sqlite_url(tmp_path / "mvsnap.db"))

    def waits_ms(limits: TimeLimits) -> object:
        with with_limits(limits), engine.connect() as connection:
            return connection.exec_driver_sql("PRAGMA busy_timeout").scalar()

    patient, hasty = time_limits(), replace(time_limits(), lock_s=0.3)
    limits = (patient, hasty, hasty, patient)
    assert [waits_ms(each) for each in limits] == [30000, 300, 300, 30000]
    engine.dispose()  # the next connection has not heard of any limit
    assert waits_ms(hasty) == 300
    engine.dispose()


def test_a_single_statement_needs_no_transaction_and_blocks_no_writer(
    tmp_path: Path,
) -> None:
    engine = database.open_database(database.sqlite_url(tmp_path / "mvsnap.db"))
    database.upgrade(engine)
    db = database.Database(engine)
    for way, in_transaction in (
        (db.reading, True),
        (db.reading_once, False),
        (db.reading, True),
    ):
        with way() as connection:
            assert connection.scalar(text("select count(*) from users")) == 0
            raw = connection.connection.driver_connection
            assert raw is not None
            assert raw.in_transaction is in_transaction
            with db.writing() as other:
                other.execute(text("delete from users"))
    engine.dispose()


def test_many_rows_are_put_as_they_are(url: str) -> None:
    engine = database.open_database(url)
    database.upgrade(engine)
    db = database.Database(engine)
    table = wifi_tables.visits
    names = table.columns.keys()
    fresh = db.insert(table)
    put = Bulk(
        db,
        fresh.on_conflict_do_update(
            index_elements=[*table.primary_key],
            set_={"observations": fresh.excluded.observations},
        ),
        *names,
    )
    known: dict[int, tuple[object, ...]] = {}
    # None, one, and on both sides of what a statement of SQLite takes together.
    for many in (0, 1, 49, 50, 51, 120):
        rows = [
            (1000 + i, 1, 2**62 + i, 2**40, many, -70, None, i or None, None)
            for i in range(many)
        ]
        with db.writing() as connection:
            put.run(connection, rows)
        known |= {row[0]: row for row in rows}
    with db.reading() as connection:
        found = connection.execute(table.select().order_by(table.c.time_in_s)).all()
    assert [tuple(row) for row in found] == list(known.values())
    engine.dispose()


@pytest.mark.parametrize("name", ["100%.db", "a#b.db", "a&b=c.db"])
def test_odd_characters_in_the_path_are_no_part_of_the_url(
    tmp_path: Path, name: str
) -> None:
    engine = database.open_database(database.sqlite_url(tmp_path / name))
    database.upgrade(engine)
    engine.dispose()
    assert (tmp_path / name).exists()


def test_opening_connects_to_nothing(tmp_path: Path) -> None:
    database.open_database(database.sqlite_url(tmp_path / "no" / "folder" / "x.db"))
    database.open_database("postgresql+psycopg://nobody@127.0.0.1:9/nothing")


def test_an_upgrade_that_fails_leaves_nothing_behind(url: str) -> None:
    engine = database.open_database(url)
    with engine.begin() as connection:
        # In the way of the last table of the last migration.
        connection.execute(text("CREATE TABLE secrets (n int)"))
    with pytest.raises(Exception, match="secrets"):
        database.upgrade(engine)
    assert set(inspect(engine).get_table_names()) <= {"secrets"}
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE secrets"))
    database.upgrade(engine)
    assert database.version(engine) == database.HEAD
    engine.dispose()


def test_a_database_that_is_not_there_is_an_error_of_its_own() -> None:
    engine = database.open_database(
        "postgresql+psycopg://nobody@127.0.0.1:9/nothing?connect_timeout=2"
    )
    with pytest.raises(OperationalError):
        database.upgrade(engine)


def test_what_the_first_version_kept_is_there_after_the_upgrade(url: str) -> None:
    engine = database.open_database(url)
    database.upgrade(engine, "0001")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO deliveries VALUES "
                "('job-1', 'Q2SM-0000-0001', 'Alarms', 'sent', 1, 'm1', NULL, :now)"
            ),
            {"now": "2026-03-04 12:00:00"},
        )
        connection.execute(
            text(
                "INSERT INTO events (id, kind, occurred_at, recorded_at, serial, "
                "job_id, trigger_kind, trigger_by, camera_name, title, details) "
                "VALUES ('e1', 'snapshot', :now, :now, 'Q2SM-0000-0001', 'job-1', "
                "'http', 'button', 'Gate', '', '{}')"
            ),
            {"now": "2026-03-04 12:00:00"},
        )
    database.upgrade(engine)
    store = Store(database.Database(engine))
    (sent,) = store.deliveries_of_job(JobId("job-1")).values()
    assert (sent.room, sent.state, sent.message_id) == ("Alarms", "sent", "m1")
    (event,) = store.events_of_job(JobId("job-1"))
    assert (event.camera_name, event.zone_id, event.zone_name) == ("Gate", None, "")
    store.close()
