"""A fork of the warm Python is a process as any other and shares nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from tests.gateway import clouds, environment, gateway, write_config
from tests.servers.processes import wait_until
from tests.servers.warm import WarmRun, _name, can_be_warm


def ran(folder: Path, *args: str, **environ: str) -> tuple[int, str]:
    with open(os.devnull) as nothing, TemporaryFile("w+") as said:
        run = WarmRun(
            args,
            cwd=folder,
            env=environment(**environ),
            stdin=nothing,
            stdout=said,
            stderr=said,
        )
        code = run.wait(60)
        said.seek(0)
        return code, said.read()


@pytest.mark.parametrize("args", [("--help",), ("no-such-command",), ("events",)])
def test_it_says_what_a_python_that_starts_says(
    tmp_path: Path, args: tuple[str, ...]
) -> None:
    started = subprocess.run(
        [sys.executable, "-m", "mvsnap", *args],
        cwd=tmp_path,
        env=environment(COLUMNS="80"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    forked = ran(tmp_path, *args, COLUMNS="80")
    assert forked == (started.returncode, started.stdout)


def test_two_have_nothing_in_common(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    with (
        clouds() as simulated,
        gateway(folders[0], simulated.settings()) as one,
        gateway(folders[1], simulated.settings()) as two,
    ):
        for each in (one, two):
            assert os.getsid(each.pid) == each.pid
        assert sockets(one.pid).isdisjoint(sockets(two.pid))
        assert sockets(one.pid).isdisjoint(sockets(os.getpid()))
        os.killpg(one.pid, signal.SIGKILL)
        assert two.get("/healthz").status_code == 200


def sockets(pid: int) -> set[str]:
    found = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.add(os.readlink(each))
    return {name for name in found if name.startswith("socket:")}


ANOTHER = """
import os, pathlib, sys
from tests.servers import warm
warm._name = lambda _: bytes.fromhex(sys.argv[1])
with open(os.devnull, "r+") as nothing:
    here = pathlib.Path.cwd()
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), nothing)
    run = warm.WarmRun(["serve"], cwd=here, env=os.environ, **streams)
print(run.pid, flush=True)
sys.stdin.read()
"""


def test_what_another_worker_has_left_running_ends_with_it(tmp_path: Path) -> None:
    # It waits for its database, for ever.
    write_config(tmp_path, {"database_url": "postgresql://x@127.0.0.1:1/none"})
    assert ran(tmp_path, "--help")[0] == 0
    with subprocess.Popen(
        [sys.executable, "-c", ANOTHER, _name(()).hex()],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as another:
        assert another.stdout is not None
        left = Path("/proc", another.stdout.readline().strip())
        assert left.exists()
        another.communicate("")
    wait_until(lambda: not left.exists(), "it has ended")
    assert ran(tmp_path, "--help")[0] == 0


def test_what_python_reads_at_its_start_makes_it_start() -> None:
    assert can_be_warm(environment())
    assert can_be_warm(environment(TZ="Asia/Tokyo"))
    assert not can_be_warm(environment(PYTHONHASHSEED="1"))
    assert not can_be_warm(environment(LC_ALL="tr_TR.UTF-8"))
