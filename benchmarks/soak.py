"""An hour with the load and the trouble of days; then it counts, and compares.

    python -m benchmarks.soak                   # an hour
    python -m benchmarks.soak --minutes 10

One process with all roles on SQLite, as on the machine beside a few cameras. Triggers,
alarms, crowds and readers come all the time, and one after the other of the clouds and
the cameras is away. Exits with 1 if anything was lost, told twice without saying so,
or if the process needs more at the end than at the beginning.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.chaos import keep_logs, progress_line, table
from benchmarks.idle import pss_mib
from mvsnap.simulator.faults import Fault, Faults
from tests.chaos.run import run
from tests.chaos.site import Site, services, settings
from tests.gateway import Gateway, Installation, environment

_PARTS = (("web,worker,record,sense",),)
_LOOK_EVERY_S = 10.0
_AWAY_S = 60.0
# From then on each quarter has seen all the trouble there is.
_JUDGED_FROM_MIN = 48
# What a process needs, a cache that fills or a heap with holes, is not the same twice.
_MORE = 1.1
_FEW = 5
_READ = ("/readyz", "/metrics", "/api/v1.0/events", "/api/v1.0/jobs")


@dataclass(frozen=True)
class Look:
    """What the process has at a moment; memory is its own part (PSS), in MiB."""

    memory_mib: float
    descriptors: int
    threads: int
    wal_mib: float


class Watch:
    """Looks every few seconds, and reads what monitors and people read."""

    def __init__(self, web: Gateway, data_dir: Path) -> None:
        self._web = web
        self._wal = data_dir / "mvsnap.db-wal"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.looks: list[Look] = []
        self.failed: list[str] = []

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY_S):
            for path in _READ:
                status = self._web.get(path).status_code
                # While a cloud is away, /readyz rightly says so.
                if status != 200 and (status, path) != (503, "/readyz"):
                    self.failed.append(f"{path}: {status}")
            self.looks.append(self._look())

    def _look(self) -> Look:
        proc = Path(f"/proc/{self._web.pid}")
        wal = self._wal.stat().st_size if self._wal.exists() else 0
        return Look(
            pss_mib(self._web.pid),
            len(list((proc / "fd").iterdir())),
            len(list((proc / "task").iterdir())),
            wal / 2**20,
        )


@dataclass(frozen=True)
class Growth:
    """The median of the second quarter, after the start, and that of the last one."""

    what: str
    early: float
    late: float
    most: float

    @property
    def is_flat(self) -> bool:
        return self.late <= max(self.early * _MORE, self.early + _FEW)


def growths(looks: list[Look]) -> list[Growth]:
    quarter = len(looks) // 4
    series = {
        "memory (PSS), MiB": [look.memory_mib for look in looks],
        "file descriptors": [float(look.descriptors) for look in looks],
        "threads": [float(look.threads) for look in looks],
        "WAL, MiB": [look.wal_mib for look in looks],
    }
    return [
        Growth(
            what,
            statistics.median(values[quarter : 2 * quarter]),
            statistics.median(values[-quarter:]),
            max(values),
        )
        for what, values in series.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.soak",
        description="Load and trouble for an hour; count what is lost and what grows.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=60, help="how long")
    parser.add_argument("--per-minute", type=float, default=40, help="triggers")
    parser.add_argument("--logs", type=Path, help="folder for log and messages")
    asked = parser.parse_args()
    with progress_line("starting") as say, _site() as made:
        machine = made.machines[0]
        with Watch(machine.webs[0], machine.data_dir) as watch:
            try:
                found = run(
                    made,
                    lambda _: trouble(made, asked.minutes * 60, say),
                    triggers=round(asked.minutes * asked.per_minute),
                    per_s=asked.per_minute / 60,
                    alarm_every=8,
                    crowd_every_s=5,
                    say=say,
                )
            finally:
                if asked.logs:
                    keep_logs(made, asked.logs)
    grown = growths(watch.looks)
    Console().print(table(found), _growth_table(grown))
    wrong = [*found.wrong, *watch.failed]
    if asked.minutes >= _JUDGED_FROM_MIN:
        wrong += [f"{one.what}: it grows" for one in grown if not one.is_flat]
    for words in wrong:
        sys.stdout.write(f"WRONG: {words}\n")
    sys.exit(bool(wrong))


@contextmanager
def _site() -> Iterator[Site]:
    """Run one machine with all roles, SQLite and a folder of its own."""
    names = [f"Robot {number}" for number in (1, 2, 3)]
    with (
        tempfile.TemporaryDirectory() as name,
        services(Path(name), 6, Path(name)) as shared,
    ):
        given = settings(shared, names, "")
        del given["database_url"], given["storage"]
        # As in the unit of the service.
        of = Installation(env=environment(MALLOC_ARENA_MAX="2"))
        made = Site(shared, given, of, Path(name), names, _PARTS)
        try:
            made.add(0).wait()
            yield made
        finally:
            made.stop()


def trouble(made: Site, for_s: float, say: Callable[[str], None]) -> None:
    """Let one thing after the other be away for a minute, with a minute between."""
    shared, end_s = made.services, time.monotonic() + for_s
    webex, meraki = shared.clouds.webex.faults, shared.clouds.dashboard.faults
    camera = shared.camera

    def away(faults: Faults, fault: Fault) -> None:
        faults.add(fault)
        _rest(_AWAY_S, end_s)
        faults.clear()

    happens: list[tuple[str, Callable[[], None]]] = [
        ("the cameras are silent", lambda: _silent(camera.pid, end_s)),
        ("Webex is away", lambda: away(webex, Fault("503-html", times=-1))),
        ("Meraki is away", lambda: away(meraki, Fault("503-html", times=-1))),
        ("Webex is slow", lambda: away(webex, Fault("slow", times=-1, seconds=3))),
        ("Meraki says 429", lambda: away(meraki, Fault("429", times=-1, share=0.5))),
        ("Webex hangs up", lambda: away(webex, Fault("reset", times=-1, share=0.3))),
    ]
    number = 0
    while time.monotonic() < end_s:
        _rest(_AWAY_S, end_s)
        what, happen = happens[number % len(happens)]
        say(what)
        happen()
        number += 1


def _silent(pid: int, end_s: float) -> None:
    os.kill(pid, signal.SIGSTOP)
    _rest(_AWAY_S / 2, end_s)
    os.kill(pid, signal.SIGCONT)


def _rest(seconds: float, end_s: float) -> None:
    time.sleep(max(0.0, min(seconds, end_s - time.monotonic())))


def _growth_table(grown: list[Growth]) -> Table:
    made = Table("of the process", "second quarter", "last quarter", "most")
    for one in grown:
        made.add_row(one.what, f"{one.early:.0f}", f"{one.late:.0f}", f"{one.most:.0f}")
    return made


if __name__ == "__main__":
    main()
