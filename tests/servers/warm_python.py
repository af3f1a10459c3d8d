"""A program: a Python that has imported mvsnap, and forks for each run of it.

Argument: the file descriptor of a socket that listens. A message of who connects there
is JSON, with four open files beside: the three standard streams, and where the process
id and the exit code go.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from dbos._sys_db_sqlite import SQLiteSystemDatabase
from sqlalchemy import Engine
from werkzeug.routing import Rule

import mvsnap
from mvsnap.config.load import load
from mvsnap.store import database
from tests.servers.addresses import Addresses
from tests.servers.replay import JobTables, Replay
from tests.servers.statements import Statements

EVERY_S = 0.02
COMES_S = 60.0  # who has started it connects at once
# Simulators belong to the tests; alembic loads migrations; the last one runs.
NOT_IMPORTED = ("mvsnap.simulator", "mvsnap.store.migrations", "mvsnap.__main__")
# What almost every gateway imports later, to work with jobs and to make its tables.
LATER = ("alembic.command", "alembic.config", "alembic.context", "alembic.op", "dbos")
MESSAGE_BYTES = 200_000


def import_all() -> None:
    for found in pkgutil.walk_packages(mvsnap.__path__, "mvsnap."):
        if not found.name.startswith(NOT_IMPORTED):
            importlib.import_module(found.name)
    for name in LATER:
        importlib.import_module(name)


def prepare() -> None:
    """Do once what each fork would: compile addresses and SQL, make tables."""
    from mvsnap.clients.webex.sdk import webexteamssdk
    from mvsnap.runtime.web_app import _BLUEPRINTS, Application, _Part

    webexteamssdk()
    Rule.compile = Addresses().as_method()  # type: ignore[assignment,method-assign]
    app = Application("mvsnap")
    app.url_map.converters["default"] = _Part
    for blueprint in _BLUEPRINTS:
        with suppress(KeyError):  # after its addresses, one asks for the gateway
            app.register_blueprint(blueprint)
    Engine.__init__ = Statements().of_each_engine()  # type: ignore[method-assign]
    replay, jobs = Replay(), JobTables()
    replay.prepare()
    database.upgrade = replay.upgrade
    jobs.prepare()
    SQLiteSystemDatabase.run_migrations = (  # type: ignore[method-assign]
        jobs.as_method()  # type: ignore[assignment]
    )
    open_once()


def open_once() -> None:
    """Compile the SQL of a start."""
    from mvsnap.runtime.parts import Parts

    with TemporaryDirectory() as folder:
        Parts(load(Path(folder, "config", "mvsnap.yaml"), {})).store.close()


def open_files() -> set[int]:
    """Return those of this process, without the one that libfaketime leaves open."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # that of the list itself
            if "/faketime_shm" not in os.readlink(f"/proc/self/fd/{name}"):
                found.add(int(name))
    return found


def next_run(door: socket.socket) -> dict[str, Any]:
    """Fork for each message; return it in the fork. Ends with the tests."""
    clients: dict[socket.socket, dict[int, int]] = {}
    is_running = False
    while True:
        limit_s = EVERY_S if is_running else None if clients else COMES_S
        readable, _, _ = select.select([door, *clients], [], [], limit_s)
        if not readable and not clients:
            os._exit(0)
        for asked in readable:
            if asked is door:
                clients[door.accept()[0]] = {}
                continue
            message, files = received(asked)
            if not message:
                end(clients.pop(asked))
                asked.close()
                if not clients:
                    os._exit(0)
                continue
            pid = os.fork()
            if pid == 0:
                for each in (door, *clients):
                    each.detach()
                alone_with(files)
                run: dict[str, Any] = json.loads(message)
                return run
            clients[asked][pid] = files.pop()
            for file in files:
                os.close(file)
        is_running = tell_ended(clients.values())


def received(asked: socket.socket) -> tuple[bytes, list[int]]:
    try:
        message, files, _, _ = socket.recv_fds(asked, MESSAGE_BYTES, 4)
    except ConnectionResetError:  # it ended amid something
        return b"", []
    return message, files


def alone_with(files: list[int]) -> None:
    """In the fork: a session and three streams of its own, and no other open file."""
    os.setsid()
    told = files.pop()
    for number, file in enumerate(files):
        os.dup2(file, number)
    # Only now: whoever reads it may kill the session.
    os.write(told, b"%d\n" % os.getpid())
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))


def tell_ended(clients: Collection[dict[int, int]]) -> bool:
    """Return whether any is still running, also if nobody waits for it any more."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        for running in clients:
            if (told := running.pop(pid, None)) is not None:
                with suppress(BrokenPipeError):  # nobody waits for it
                    os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
                os.close(told)


def end(running: dict[int, int]) -> None:
    """Kill what one has left running, who is gone."""
    for pid, told in running.items():
        os.close(told)
        with suppress(ProcessLookupError):  # it has no session yet, or no process left
            os.killpg(pid, signal.SIGKILL)


def become(run: dict[str, Any]) -> None:
    """Be as a process that Python has just started."""
    os.chdir(run["cwd"])
    os.umask(run["umask"])
    os.environ.clear()
    os.environ.update(run["env"])
    if "FAKETIME_TIMESTAMP_FILE" in os.environ:
        await_own_clock()
    if "TESTS_LEASE_S" in os.environ:
        take_lease(float(os.environ["TESTS_LEASE_S"]))
    time.tzset()
    sys.path[0] = run["cwd"]
    sys.argv = ["mvsnap", *run["args"]]
    sys.stdout, sys.stderr = opened_anew(sys.stdout), opened_anew(sys.stderr)
    if run["strict"]:
        warnings.simplefilter("error")


def take_lease(lease_s: float) -> None:
    """Have each claim last that long, as if it had been said before the imports."""
    from mvsnap.sense.zone_share import ZoneShare
    from mvsnap.store.sharing import claims

    usual_s = claims.LEASE_S
    for name, module in list(sys.modules.items()):
        if name.startswith("mvsnap.") and hasattr(module, "LEASE_S"):
            vars(module)["LEASE_S"] = lease_s
    for made in (claims.Claims, ZoneShare):
        defaults = made.__init__.__kwdefaults__
        assert defaults == {"lease_s": usual_s}, made
        defaults.update(lease_s=lease_s)


def await_own_clock() -> None:
    """Until libfaketime has looked at the file of this run, as a second begins."""
    began = int(time.time())
    while int(time.time()) == began:
        select.select((), (), (), EVERY_S)


def opened_anew(stream: TextIO) -> TextIO:
    """Return a stream that knows what it is now: a terminal cannot be sought in."""
    return open(
        stream.fileno(),
        "w",
        buffering=1,
        encoding=stream.encoding,
        errors=stream.errors,
        closefd=False,
    )


def main() -> None:
    gc.disable()  # what is imported stays; to look for garbage there takes a seventh
    import_all()
    prepare()
    assert threading.active_count() == 1, threading.enumerate()
    door = socket.socket(fileno=int(sys.argv[1]))
    assert open_files() == {0, 1, 2, door.fileno()}, open_files()
    gc.collect()
    gc.freeze()
    gc.enable()
    become(next_run(door))
    code: object = None
    try:
        runpy.run_module("mvsnap", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code
    leave(code)


def leave(code: object) -> None:
    """End as Python does, but for taking apart what was imported.

    That touches, and so copies, the memory of all of it: six times the computing of
    a short command.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    gc.collect()  # warns of what was left open
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
        if code is None or isinstance(code, int):
            os._exit((code or 0) & 0xFF)
    sys.exit(code)  # type: ignore[arg-type]  # Python says why it could not write


if __name__ == "__main__":
    main()
