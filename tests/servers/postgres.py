"""A real PostgreSQL of the tests' own: a server per session, a database per test."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from mvsnap.file_lock import acquire
from mvsnap.simulator.ports import free_port
from tests.servers.films import of_this_run
from tests.servers.processes import NotThere, Program

# Nothing of it needs to survive the tests.
SPEED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
SIZE = ("max_connections=100", "shared_buffers=32MB")
USER = "mvsnap"


@dataclass
class PostgresServer:
    port: int
    _folder: Path | None = None
    _program: Program | None = None

    def url(self, database: str) -> str:
        """As SQLAlchemy wants it."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        """Run one statement outside every test's database."""
        with self._connect() as connection:
            connection.execute(statement.encode())

    def accepts(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        if self._program is not None:
            self._program.stop(signal.SIGINT)  # "fast": does not wait for clients
            self._program = None

    def start(self) -> None:
        """Come back where it was, with what it held."""
        assert self._folder is not None
        self._program = _program(self._folder, self.port)
        self._program.wait_for(self.accepts, "PostgreSQL accepts connections")

    def _connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        )


@contextmanager
def postgres(empty: Path | None = None) -> Iterator[PostgresServer]:
    """Run a PostgreSQL of the newest version installed, in a folder of its own.

    empty: where one without databases is kept, for those that start later.
    """
    folder_of_programs = programs()
    folder = Path(tempfile.mkdtemp(prefix="mvsnap-postgres-"))
    try:
        if os.geteuid() == 0:
            os.chown(folder, _owner().pw_uid, _owner().pw_gid)
        if empty is None:
            _initdb(folder_of_programs, folder)
        else:
            _initdb_once(folder_of_programs, folder, empty)
        server = _start(folder)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def programs() -> Path:
    """Return the folder of initdb and postgres: Debian has them outside PATH."""
    in_path = shutil.which("initdb")
    if in_path:
        return Path(in_path).resolve().parent
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    versions = {float(path.parts[-3]): path.parent for path in found}
    if not versions:
        raise NotThere("no PostgreSQL: sudo apt-get install -y postgresql")
    return versions[max(versions)]


def _as_user() -> list[str]:
    """Return what goes before a command: PostgreSQL refuses to run as root.

    It also ends the server should the tests be killed. SIGINT is its fast shutdown.
    """
    command = ["setpriv", "--pdeathsig", "INT"]
    if os.geteuid() != 0:
        return command
    user = _owner()
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return [*command, *ids]


def _owner() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _environment() -> dict[str, str]:
    """Without PGDATA and the like of the person who tests."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith("PG")
    }


def _initdb_once(programs: Path, folder: Path, empty: Path) -> None:
    """It takes a second of computing; to copy what it made, a tenth of that."""
    with acquire(empty.with_suffix(".lock")):
        if not empty.exists():
            _initdb(programs, folder)
            new = empty.with_suffix(".new")
            _copy(folder / "data", new)
            new.rename(empty)
            return
    _copy(empty, folder / "data")


def _copy(source: Path, to: Path) -> None:
    subprocess.run(["cp", "-aT", source, to], check=True)


def _initdb(programs: Path, folder: Path) -> None:
    initdb = [f"{programs}/initdb", "-D", f"{folder}/data", "-U", USER]
    options = ["-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    done = subprocess.run(
        [*_as_user(), *initdb, *options],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotThere(f"initdb failed:\n{done.stdout}{done.stderr}")


def _start(folder: Path) -> PostgresServer:
    for last in (False, False, True):
        server = PostgresServer(free_port(), folder)
        program = server._program = _program(folder, server.port)
        try:
            program.wait_for(server.accepts, "PostgreSQL accepts connections")
        except NotThere:
            server.stop()
            if last or "Address already in use" not in program.output():
                raise
        else:
            return server
    raise AssertionError("the last try returns or raises")


def _program(folder: Path, port: int) -> Program:
    # Machines stand anywhere: what comes back must be UTC all the same.
    place = ("timezone=Asia/Kolkata",)
    settings = [word for setting in SPEED + SIZE + place for word in ("-c", setting)]
    command = [*_as_user(), f"{programs()}/postgres", "-D", f"{folder}/data"]
    listen = ["-h", "127.0.0.1", "-p", f"{port}", "-k", f"{folder}"]
    return Program([*command, *settings, *listen], cwd=folder, env=_environment())


@pytest.fixture(scope="session")
def postgres_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[PostgresServer]:
    with postgres(of_this_run(tmp_path_factory) / "postgres") as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a new, empty database, gone after the test."""
    name = f"test_{uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    yield postgres_server.url(name)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")
