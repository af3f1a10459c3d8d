"""What signals do to a service: real processes, real files, a closed terminal."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.gateway import (
    ROOT,
    Clouds,
    Gateway,
    Installation,
    clouds,
    environment,
    write_config,
)
from tests.servers.processes import Program, wait_until

NEW_KEY = "another-key-for-the-tests"
HARMLESS = [
    *(signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF),
    *(signal.SIGIO, signal.SIGPWR, signal.SIGRTMIN, signal.SIGRTMAX),
]
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} [A-Z]+ [\w.]+: .+")


class Logging(Gateway):
    """A gateway whose output goes to a file, as the init script has it."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.path, self.folder = folder / "service.log", folder
        script = f'exec "$@" >>{self.path} 2>&1'
        command = ("sh", "-c", script, "sh", sys.executable, "-m", "mvsnap")
        super().__init__(
            write_config(folder, settings), roles="web,worker", of=Installation(command)
        )

    @property
    def log(self) -> str:
        return self.path.read_text()

    def send(self, *signals: int) -> None:
        for each in signals:
            os.kill(self.pid, each)

    def status_with(self, key: str) -> int:
        headers = {"X-API-Key": key}
        address = f"{self.url}/api/v1.0/events"
        return self.session().get(address, headers=headers, timeout=30).status_code

    def change(self, settings: dict[str, Any]) -> None:
        """Write other settings, and have them read."""
        write_config(self.folder, settings)
        self.send(signal.SIGHUP)


@contextmanager
def logging_to_file(folder: Path, settings: dict[str, Any]) -> Iterator[Logging]:
    made = Logging(folder, settings)
    made.start()
    try:
        yield made
    finally:
        if made._program is not None:
            made.stop()


def with_key(simulated: Clouds, **sections: Any) -> dict[str, Any]:
    settings = simulated.settings(**sections)
    key = {"name": "new", "key": NEW_KEY, "scopes": ["read"]}
    settings["api_keys"] = [*settings["api_keys"], key]
    return settings


def test_a_service_follows_its_settings_and_its_log(tmp_path: Path) -> None:
    with (
        clouds() as simulated,
        logging_to_file(tmp_path, simulated.settings()) as served,
    ):
        pid = served.pid
        served.send(*HARMLESS)
        assert served.status_with(NEW_KEY) == 401

        moved = served.path.rename(tmp_path / "service.log.1")
        served.send(signal.SIGUSR1)
        wait_until(served.path.exists, "a new log")
        wait_until(lambda: "log was opened anew" in served.log, "it says so")
        assert "is listening on" in moved.read_text()

        meraki = simulated.settings()["meraki"] | {"picture_wait_s": 50}
        changed = with_key(simulated, meraki=meraki, log={"level": "debug"})
        served.change(changed)
        wait_until(
            lambda: "needs a restart: meraki.picture_wait_s\n" in served.log,
            "it follows",
        )
        assert "read anew: log.level, api_keys\n" in served.log
        assert served.status_with(NEW_KEY) == 200

        wrong = simulated.settings(server={"threads": -5}, schedules=[{"cron": "x"}])
        served.change(wrong)
        wait_until(lambda: "mistakes, so the old ones stay" in served.log, "both told")
        assert "server.threads" in served.log
        assert "schedules.0.cron" in served.log
        assert served.status_with(NEW_KEY) == 200

        lines = served.log.splitlines()
        assert [line for line in lines if not LINE.fullmatch(line)] == []
        served.change(with_key(simulated, meraki=meraki, log={"format": "json"}))
        wait_until(lambda: '"message": "settings read' in served.log, "in JSON")
        new = served.log.splitlines()[len(lines) :]
        told = [json.loads(line) for line in new if line.startswith("{")]
        assert {"time", "level", "logger", "message", "thread"} <= told[-1].keys()
        assert NEW_KEY not in served.log

        (tmp_path / "config" / "mvsnap.yaml").unlink()
        served.send(*[signal.SIGHUP] * 50)
        wait_until(lambda: "is missing" in served.log, "no settings are none")
        assert served.status_with(NEW_KEY) == 200
        assert served.pid == pid
        served.send(*[signal.SIGHUP, signal.SIGUSR1] * 20)
        assert served.stop() == 0
        assert "Traceback" not in served.log


def test_signals_during_the_start_end_nothing(tmp_path: Path) -> None:
    with clouds() as simulated:
        made = Logging(tmp_path, simulated.settings())
        args = [*made._of.command, "--config", made._config, "serve"]
        program = Program([*args, "--roles", "worker"], cwd=tmp_path, env=environment())
        ours = Path(f"/proc/{program.pid}/status")

        def begun() -> bool:
            """Whether it has a handler for SIGUSR1, the tenth."""
            caught = re.search(r"SigCgt:\s*(\w+)", ours.read_text())
            return caught is not None and int(caught[1], 16) >> 9 & 1 == 1

        program.wait_for(begun, "it catches signals")

        def served() -> bool:
            os.kill(program.pid, signal.SIGHUP)
            os.kill(program.pid, signal.SIGUSR1)
            return "processing jobs" in made.log

        program.wait_for(served, "it has started", limit_s=60)
        assert program.stop() == 0


WAITS = """
from mvsnap.signals import ServiceSignals
signals = ServiceSignals()
print("ready", flush=True)
while arrived := signals.wait():
    print("asked", sorted(arrived), flush=True)
print("ends", flush=True)
"""


@pytest.mark.parametrize(
    ("before", "said"),
    [([], "ends"), (["nohup"], "asked [1]")],
    ids=["a window", "nohup"],
)
def test_a_closed_terminal_ends_what_runs_in_it(
    tmp_path: Path, before: list[str], said: str
) -> None:
    output = tmp_path / "output"
    ours, theirs = os.openpty()
    with output.open("wb") as file:
        child = subprocess.Popen(
            [*before, sys.executable, "-c", WAITS],
            stdin=theirs,
            stdout=file,
            stderr=file,
            cwd=ROOT,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0),
        )
    os.close(theirs)
    try:
        wait_until(lambda: "ready" in output.read_text(), "it waits")
        child.send_signal(signal.SIGHUP)
        wait_until(lambda: "asked [1]" in output.read_text(), "it is asked")
        os.close(ours)
        wait_until(lambda: output.read_text().endswith(f"{said}\n"), "it notices")
    finally:
        child.kill()
        child.wait()
