"""Runs of mvsnap that do not begin with two seconds of imports.

As `python -m mvsnap`, but a fork of a process that has imported everything. One such
process serves all tests of a run, another one those with a clock of their own. What
an import does, and what the process list shows, is for tests that start Python
themselves.
"""

from __future__ import annotations

import atexit
import errno
import functools
import hashlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parent.parent.parent
SERVER = Path(__file__).with_name("warm_python.py")
# What a Python reads while it starts, and a fork does not.
AT_START = ("PYTHON", "LC_", "LANG", "COVERAGE_", "LD_", "FAKETIME_")
# What libfaketime reads again and again: whose clock it is.
CLOCK = "FAKETIME_TIMESTAMP_FILE"
USUAL = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
START_S = 60


def can_be_warm(env: Mapping[str, str]) -> bool:
    """Return whether the environment is that of the tests where Python starts.

    One with a clock of its own differs in that, and has its own warm Python.
    """
    own = _at_start(env)
    is_usual = CLOCK in env or own == _at_start(os.environ | USUAL)
    return is_usual and "COVERAGE_PROCESS_CONFIG" not in own


def _at_start(env: Mapping[str, str]) -> dict[str, str]:
    given = USUAL | dict(env)
    return {k: v for k, v in given.items() if k.startswith(AT_START) and k != CLOCK}


class WarmRun:
    """Like the Popen of `python -m mvsnap ARGS`, in a session of its own."""

    def __init__(
        self,
        args: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        stdin: IO[Any],
        stdout: IO[Any],
        stderr: IO[Any],
        strict: bool = False,
    ) -> None:
        self.args = [*args]
        run: dict[str, Any] = {
            "args": self.args,
            "cwd": str(cwd),
            "env": {**env},
            "strict": strict,
        }
        run["umask"] = os.umask(0o022)
        os.umask(run["umask"])
        self._told, tells = os.pipe()
        try:
            files = [stdin.fileno(), stdout.fileno(), stderr.fileno(), tells]
            warm = _warm_python(
                tuple(sorted(_at_start(env).items())) if CLOCK in env else ()
            )
            socket.send_fds(warm, [json.dumps(run).encode()], files)
        finally:
            os.close(tells)
        self._code: int | None = None
        self.pid = self._read(START_S)

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code, negative after a signal.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        if self._code is None:
            self._code = self._read(timeout)
            os.close(self._told)
        return self._code

    def send_signal(self, number: signal.Signals) -> None:
        # Its parent is another process, which may have waited for it just now.
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _read(self, limit_s: float | None) -> int:
        readable, _, _ = select.select([self._told], [], [], limit_s)
        if not readable:
            raise subprocess.TimeoutExpired(self.args, limit_s or 0)
        line = b""
        while not line.endswith(b"\n"):  # the next number may be there already
            more = os.read(self._told, 1)
            assert more, "the warm Python has ended"
            line += more
        return int(line)


@functools.cache
def _warm_python(at_start: tuple[tuple[str, str], ...]) -> socket.socket:
    """Connect to the one of this run; it ends with the last who is connected."""
    env = _of_no_terminal() | USUAL | dict(at_start)
    name = _name(at_start)
    with _socket() as door:
        try:
            door.bind(name)
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE:  # another worker has started it
                raise
        else:
            door.listen(128)
            subprocess.Popen(
                [sys.executable, "-W", "error", SERVER, f"{door.fileno()}"],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                pass_fds=[door.fileno()],
                start_new_session=True,
            ).returncode = 0  # as other workers may need it for longer, nobody waits
        return _connected(name)


def _name(at_start: tuple[tuple[str, str], ...]) -> bytes:
    """Return an address of no folder, which is gone when nobody has it any more."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"alone-{os.getpid()}")
    own = repr((str(ROOT), sorted(_at_start(os.environ).items()), at_start))
    return b"\0mvsnap-" + hashlib.sha256(f"{run} {own}".encode()).hexdigest().encode()


def _connected(name: bytes) -> socket.socket:
    deadline = time.monotonic() + START_S
    while True:
        ours = _socket()
        try:
            ours.connect(name)
        except ConnectionRefusedError:  # it has its name, and does not listen yet
            ours.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            atexit.register(ours.close)
            return ours


def _socket() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _of_no_terminal() -> dict[str, str]:
    """Return the environment without the width of the terminal of the tests.

    Whatever is printed to looks at it when it is imported.
    """
    return {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
