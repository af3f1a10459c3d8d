"""Real programs under test: start, wait until they serve, read what they said, stop."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from tests.servers.warm import WarmRun

EVERY_S = 0.05
# What takes long is asked for less often: asking takes time of the machine, too.
_MOST_EVERY_S = 0.25
_PART_OF_WAIT = 0.02


class NotThere(AssertionError):
    """What a test waited for did not come about."""


def require(program: str, package: str) -> str:
    """Return the path of a program; without it the test fails with what to type."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if found is None:
        raise NotThere(f"no {program}: sudo apt-get install -y {package}")
    return found


def wait_until(condition: Callable[[], bool], what: str, limit_s: float = 30) -> None:
    """Ask again and again until it is true.

    Raises:
        NotThere: not true within `limit_s`; names `what`.
    """
    began = time.monotonic()
    while not condition():
        waited_s = time.monotonic() - began
        if waited_s > limit_s:
            raise NotThere(f"{what}: not within {limit_s} s")
        time.sleep(min(max(EVERY_S, _PART_OF_WAIT * waited_s), _MOST_EVERY_S))


def answers(url: str) -> bool:
    """Whether an HTTP server answers there, with whatever status below 500."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the machine is not asked for loopback
        try:
            return session.get(url, timeout=5).status_code < 500
        except requests.RequestException:
            return False


class Program:
    """A running program; what it writes to either stream goes to one text.

    It gets a session of its own: a Ctrl-C reaches the tests, which then stop it.
    """

    def __init__(
        self,
        args: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        self._said = b""
        self._popen = self._start([*map(str, args)], cwd, env)

    def _start(
        self, args: list[str], cwd: Path | None, env: Mapping[str, str] | None
    ) -> subprocess.Popen[bytes] | WarmRun:
        return subprocess.Popen(
            args,
            cwd=cwd,
            env=None if env is None else {**env},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative after a signal."""
        return self._popen.poll()

    def output(self) -> str:
        """What it has said until now."""
        if not self._output.closed:
            size = os.fstat(self._output.fileno()).st_size
            # Not seek and read: the program writes at the offset they would move.
            self._said = os.pread(self._output.fileno(), size, 0)
        return self._said.decode(errors="replace")

    def wait_for(
        self, condition: Callable[[], bool], what: str, limit_s: float = 30
    ) -> None:
        """Wait until it is true, or fail with the output: at once if the program ends.

        One that does not come to it is killed: who started it may never learn of it.

        Raises:
            NotThere: with the output so far.
        """

        is_true = False

        def true_or_over() -> bool:
            nonlocal is_true
            is_true = condition()  # what was true once may be over a moment later
            return is_true or self.exit_code is not None

        try:
            wait_until(true_or_over, what, limit_s)
        except NotThere as exc:
            self.stop(signal.SIGKILL)
            raise NotThere(f"{exc}\n{self.output()}") from None
        if not is_true and not condition():
            raise NotThere(f"{what}: ended with {self.exit_code}\n{self.output()}")

    def wait_for_url(self, url: str, limit_s: float = 30) -> None:
        self.wait_for(lambda: answers(url), f"{url} answers", limit_s)

    def wait_for_output(self, text: str, limit_s: float = 30) -> None:
        self.wait_for(lambda: text in self.output(), f"says {text!r}", limit_s)

    def stop(
        self, how: signal.Signals = signal.SIGTERM, limit_s: float = 30
    ) -> int | None:
        """Ask it to end, insist after `limit_s`; return its exit code.

        What it started and left behind is killed.
        """
        if self.exit_code is None:
            self._popen.send_signal(how)
        try:
            self._popen.wait(limit_s)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait(limit_s)
        finally:
            self._kill_group()
        self.output()
        self._output.close()
        return self.exit_code

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


class WarmProgram(Program):
    """The same for `python -m mvsnap ARGS`, without the time for its imports."""

    def _start(
        self, args: list[str], cwd: Path | None, env: Mapping[str, str] | None
    ) -> subprocess.Popen[bytes] | WarmRun:
        output = self._output
        with open(os.devnull) as nothing:
            return WarmRun(
                args,
                cwd=cwd or Path.cwd(),
                env=os.environ if env is None else env,
                stdin=nothing,
                stdout=output,
                stderr=output,
            )


def signal_family(pid: int, how: signal.Signals) -> None:
    """Send it to a process and to all that it has started, the parents first."""
    for each in [pid, *_below(pid)]:
        with suppress(ProcessLookupError):
            os.kill(each, how)


def _below(pid: int) -> Iterator[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        words = [(task / "children").read_text().split() for task in tasks]
    except OSError:  # it has ended meanwhile
        return
    for child in [int(word) for found in words for word in found]:
        yield child
        yield from _below(child)


@contextmanager
def running(
    args: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[Program]:
    """Run a program for the length of the block."""
    program = Program(args, cwd=cwd, env=env)
    try:
        yield program
    finally:
        program.stop()
