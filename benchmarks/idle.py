"""What the service costs while nothing happens, and how soon it is there.

All roles in one process, with both clouds and a broker, as on the machine beside a few
cameras. Processor time and wake-ups are those of the kernel's own books, so they mean
something on a busy machine, too.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.line import Line
from mvsnap.simulator.mqtt.broker import HOST, Mosquitto
from tests.gateway import (
    Clouds,
    Gateway,
    Installation,
    clouds,
    environment,
    write_config,
)

# What is done only at the start, and soon after it, is not idleness.
SETTLE_S = 30.0
IDLE_S = 60.0
STARTS = 5
DELIVERIES = 9
_ROLES = "web,worker,sense,record"
_IMPORTS = "import flask, dbos"
_MIB = 1024
# As in the unit, and after `.ci/install`: modules are compiled.
_AS_INSTALLED = {"MALLOC_ARENA_MAX": "2", "PYTHONDONTWRITEBYTECODE": ""}


def idle() -> list[Line]:
    with tempfile.TemporaryDirectory() as name, _site(Path(name)) as (cloud, served):
        lines = [_starts(cloud, served)]
        served.start()
        lines.append(_deliveries(served))
        time.sleep(SETTLE_S)
        lines += _costs(served.pid)
        served.stop()
    return lines


@contextmanager
def _site(folder: Path) -> Iterator[tuple[Clouds, Gateway]]:
    with clouds(cameras=3) as cloud, Mosquitto(folder / "broker") as running:
        sense = {"enabled": True, "host": HOST, "port": running.port}
        config = write_config(folder, cloud.settings(sense=sense))
        of = Installation(env=environment(**_AS_INSTALLED))
        yield cloud, Gateway(config, roles=_ROLES, of=of)


def _starts(cloud: Clouds, served: Gateway) -> Line:
    """From the command to the answer of a trigger, beside the imports alone."""
    ours, theirs = [], []
    for _ in range(STARTS):
        began = time.monotonic()
        args = [sys.executable, "-c", _IMPORTS]
        subprocess.run(args, env=environment(), check=True)
        theirs.append(time.monotonic() - began)
        began = time.monotonic()
        served.start()
        served.snapshot(wait_s="0").raise_for_status()
        ours.append(time.monotonic() - began)
        served.stop()
    our_s, their_s = statistics.median(ours), statistics.median(theirs)
    return Line(
        "start until the first trigger is answered",
        f"python -c '{_IMPORTS}'",
        "<= 2 s",
        our_s,
        "s",
        f"{our_s / their_s:.1f} of {their_s:.2f} s",
    )


def _deliveries(served: Gateway) -> Line:
    """From the request to the posted picture; the simulated clouds answer at once."""
    spans_s = []
    for _ in range(DELIVERIES):
        began = time.monotonic()
        served.snapshot(wait_s="60").raise_for_status()
        spans_s.append(time.monotonic() - began)
        time.sleep(1)
    what = "idle service, a trigger until it is posted"
    return Line(what, "-", "<= 0.3 s", statistics.median(spans_s), "s")


def _costs(pid: int) -> list[Line]:
    began, used_s, woken = time.monotonic(), cpu_s(pid), _wakes(pid)
    time.sleep(IDLE_S)
    passed_s = time.monotonic() - began
    share = (cpu_s(pid) - used_s) / passed_s
    threads = _wakes(pid)
    per_s = sum(n - woken.get(t, n) for t, n in threads.items()) / passed_s
    found = (
        ("processor", "<= 1 % of a core", share * 100, "% of a core"),
        ("wake-ups", "<= 20 a second", per_s, "a second"),
        ("memory (PSS)", "<= 90 MiB", pss_mib(pid), "MiB"),
        ("threads", "-", len(threads), "threads"),
    )
    return [
        Line(f"idle service, {what}", "-", goal, value, unit)
        for what, goal, value, unit in found
    ]


def cpu_s(pid: int) -> float:
    """Return what all its threads have run, in user and kernel mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _wakes(pid: int) -> dict[str, int]:
    """Return how often each thread has slept so far, by its id."""
    statuses = Path(f"/proc/{pid}/task").glob("*/status")
    return {
        path.parent.name: _number(r"voluntary_ctxt_switches:\s+(\d+)", path)
        for path in statuses
    }


def pss_mib(pid: int) -> float:
    """Return the memory of this process alone, shared pages by their share."""
    return _number(r"Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup")) / _MIB


def _number(pattern: str, path: Path) -> int:
    found = re.search(rf"^{pattern}", path.read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])
