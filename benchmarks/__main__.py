"""`make bench`: measure, print one table, write benchmarks/results.json.

`make bench ARGS="sense"` measures one part; the results of the others stay.

Every line is a ratio or a span between things measured in this run, because absolute
figures of one machine say little about another.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.badges import badges
from benchmarks.budget import budget
from benchmarks.channels import channels
from benchmarks.clips import clips
from benchmarks.disk import disk
from benchmarks.events import events
from benchmarks.groups import groups
from benchmarks.idle import idle
from benchmarks.line import Line
from benchmarks.live_pages import live_pages
from benchmarks.purge import purge
from benchmarks.recorder import recorder
from benchmarks.sense import sense
from benchmarks.wifi import wifi
from mvsnap.simulator.picture import draw_picture
from tests.gateway import KEY, Clouds, Gateway, clouds, environment, gateway

CAMERA_S = 2.0
ROUNDS = 5
RESULTS = Path(__file__).parent / "results.json"


def main() -> None:
    every = (
        *(commands, idle, disk, snapshots, triggers, sense, recorder, wifi),
        *(purge, badges, clips, events, budget, channels, groups, live_pages),
    )
    parts = {part.__name__: part for part in every}
    parser = argparse.ArgumentParser(description="Measure, side by side.")
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(parts))
    asked = parser.parse_args().parts or list(parts)
    if unknown := set(asked) - set(parts):
        parser.error(
            f"no such part: {', '.join(unknown)}; there are {', '.join(parts)}"
        )
    lines: list[Line] = []
    for part in track(asked, description="measuring"):
        lines += parts[part]()
    table = Table("what", "reference in the same run", "goal", "measured")
    for line in lines:
        table.add_row(line.what, line.reference, line.goal, line.measured)
    Console().print(table)
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    results = {line["what"]: line for line in known}
    results |= {line.what: asdict(line) for line in lines}
    RESULTS.write_text(json.dumps(list(results.values()), indent=1) + "\n")


def commands() -> list[Line]:
    """How long `--help` takes beside what it cannot do without."""
    ours = _median_s(lambda: _python("-m", "mvsnap", "--help"))
    theirs = _median_s(lambda: _python("-c", "import flask, requests"))
    goal = "<= 1.2, < 0.4 s"
    text = f"{ours / theirs:.2f}, {ours:.2f} s"
    return [Line("`--help`", "importing flask and requests", goal, text)]


def snapshots() -> list[Line]:
    """One camera and sixteen."""
    with _running() as (simulated, served):
        one, sixteen = [], []
        for _ in range(ROUNDS):
            one.append(_snapshot_s(served, simulated.serials[:1]))
            _rest()
            sixteen.append(_snapshot_s(served, simulated.serials[:16]))
            _rest()
    first, many = statistics.median(one), statistics.median(sixteen)
    return [
        Line(
            "one snapshot, trigger to posted",
            f"the camera's {CAMERA_S} s",
            "+ 0.3 s at most",
            f"+ {first - CAMERA_S:.2f} s",
        ),
        Line("sixteen cameras", "one camera", "<= 1.3", f"{many / first:.2f}"),
    ]


def triggers() -> list[Line]:
    """Durable triggers: their rate beside a route without store, and 50 a second."""
    with _running() as (_, served):
        url = f"{served.url}/api/v1.0/getSnapshot?apikey={KEY}&wait_s=0"
        bare_s = _p99_s(f"{served.url}/healthz")
        durable_s = _p99_s(url)
        lines = [
            Line(
                "durable trigger, p99 at 50/s",
                f"the same server's route without store: {bare_s * 1000:.0f} ms",
                "<= 60 ms",
                f"{durable_s * 1000:.0f} ms",
            )
        ]
    if shutil.which("wrk") is None:
        return lines
    with _running() as (_, served):
        bare = _wrk(f"{served.url}/healthz")
        path = f"/api/v1.0/getSnapshot?apikey={KEY}&wait_s=0"
        durable = _wrk(f"{served.url}{path}")
    text = f"{durable / bare:.2f} ({durable:.0f}/s of {bare:.0f}/s)"
    reference = "the same server's route without store"
    return [*lines, Line("durable trigger, rate", reference, ">= 0.3", text)]


@contextmanager
def _running() -> Iterator[tuple[Clouds, Gateway]]:
    with tempfile.TemporaryDirectory() as folder, clouds(cameras=16) as simulated:
        simulated.dashboard.not_ready_s = CAMERA_S
        # Drawing would be measured otherwise: the clouds share this machine with us.
        now = datetime.now(UTC)
        simulated.dashboard.picture_bytes = draw_picture("gate", "", "", 1, now)
        server = {"rate_per_minute": 1_000_000, "queue_size": 100_000}
        with gateway(Path(folder), simulated.settings(server=server)) as served:
            served.snapshot()
            _rest()
            yield simulated, served


def _snapshot_s(served: Gateway, serials: list[str]) -> float:
    began = time.monotonic()
    answer = served.snapshot(mvSerial=",".join(serials), wait_s="60")
    answer.raise_for_status()
    return time.monotonic() - began


def _rest() -> None:
    """Let Meraki's budget refill, so that each round starts alike."""
    time.sleep(5)


def _p99_s(url: str) -> float:
    """Return what 99 of 100 requests take at most, of 50 a second for ten seconds."""
    args = ["-m", "benchmarks.load", url, "50", "10"]
    done = subprocess.run(
        [sys.executable, *args], capture_output=True, text=True, check=True
    )
    return _percentile(json.loads(done.stdout), 99)


def _wrk(url: str) -> float:
    done = subprocess.run(
        ["wrk", "-t2", "-c8", "-d8s", url], capture_output=True, text=True, check=True
    )
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert found is not None
    return float(found[1])


def _median_s(call: Callable[[], object]) -> float:
    spans = []
    for _ in range(ROUNDS):
        began = time.monotonic()
        call()
        spans.append(time.monotonic() - began)
    return statistics.median(spans)


def _python(*args: str) -> None:
    subprocess.run(
        [sys.executable, *args], env=environment(), capture_output=True, check=True
    )


def _percentile(spans: list[float], percent: int) -> float:
    return statistics.quantiles(spans, n=100)[percent - 1]


if __name__ == "__main__":
    main()
