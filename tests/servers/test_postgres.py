import os
import shutil
import signal
import sys
from pathlib import Path

from sqlalchemy import create_engine, text

from tests.servers.postgres import PostgresServer, postgres
from tests.servers.processes import running, wait_until


def test_a_test_gets_an_empty_database_it_can_write(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (word text)"))
        connection.execute(text("INSERT INTO t VALUES ('Grüße')"))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT word FROM t")) == "Grüße"
    engine.dispose()


def test_two_databases_share_nothing(postgres_server: PostgresServer) -> None:
    for name in ("one", "two"):
        postgres_server.execute(f"CREATE DATABASE {name}")
        engine = create_engine(postgres_server.url(name))
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE same_name (n int)"))
        engine.dispose()


def test_a_server_is_stopped_after_its_block() -> None:
    with postgres() as server:
        assert server.accepts()
    assert not server.accepts()


def test_a_server_ends_with_the_tests_that_started_it() -> None:
    script = """
import signal
from tests.servers.postgres import postgres
with postgres() as server:
    print(server.port, flush=True)
    signal.pause()
"""
    with running([sys.executable, "-c", script], cwd=Path.cwd()) as tests:
        tests.wait_for(lambda: tests.output().strip().isdigit(), "prints the port")
        server = PostgresServer(int(tests.output()))
        folder = data_directory(server)
        os.kill(tests.pid, signal.SIGKILL)
        wait_until(lambda: not server.accepts(), "the server ends")
    wait_until(lambda: not (folder / "postmaster.pid").exists(), "it ends in order")
    shutil.rmtree(folder.parent)


def test_root_does_not_run_the_server(postgres_server: PostgresServer) -> None:
    assert data_directory(postgres_server).stat().st_uid != 0


def test_the_server_skips_what_only_durability_needs(
    postgres_server: PostgresServer,
) -> None:
    assert show(postgres_server, "fsync") == "off"


def data_directory(server: PostgresServer) -> Path:
    return Path(show(server, "data_directory"))


def show(server: PostgresServer, setting: str) -> str:
    engine = create_engine(server.url("postgres"))
    with engine.connect() as connection:
        value = connection.scalar(text(f"SHOW {setting}"))
    engine.dispose()
    return str(value)
