"""`make bench`: measure, print one table, write benchmarks/results.json.

`make bench ARGS="sense"` measures one part; the results of the others stay. The tables
of docs/benchmarks.md are written from the results, by `ARGS=--docs` without measuring.

Every line is a ratio or a span between things measured in this run, because absolute
figures of one machine say little about another.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from benchmarks import results, tables
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
from benchmarks.peers import peers
from benchmarks.purge import purge
from benchmarks.recorder import recorder
from benchmarks.results import Result
from benchmarks.sense import sense
from benchmarks.wifi import wifi
from mvsnap.simulator.picture import draw_picture
from tests.gateway import KEY, Clouds, Gateway, clouds, environment, gateway

CAMERA_S = 2.0
ROUNDS = 5


def every_part() -> dict[str, Callable[[], list[Line]]]:
    every = (
        *(commands, idle, disk, snapshots, triggers, sense, recorder, wifi),
        *(purge, badges, clips, events, budget, channels, groups, live_pages, peers),
    )
    return {part.__name__: part for part in every}


def main() -> None:
    parts = every_part()
    parser = argparse.ArgumentParser(description="Measure, side by side.")
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(parts))
    parser.add_argument(
        "--docs", action="store_true", help="write the tables anew, measure nothing"
    )
    given = parser.parse_args()
    asked = given.parts or list(parts)
    if unknown := set(asked) - set(parts):
        parser.error(
            f"no such part: {', '.join(unknown)}; there are {', '.join(parts)}"
        )
    found: list[Result] = []
    for name in [] if given.docs else track(asked, description="measuring"):
        found += _measured(name, parts[name])
        # After each: the next may fail, and some take half an hour.
        results.write(results.merged(results.read(), found))
    tables.write(results.read())
    if found:
        Console().print(_table(found, results.committed()))


def _measured(name: str, part: Callable[[], list[Line]]) -> list[Result]:
    on, load = f"{datetime.now(UTC):%Y-%m-%d}", round(os.getloadavg()[0], 1)
    return [Result(name, line, on, load) for line in part()]


def _table(found: Sequence[Result], committed: Mapping[str, Result]) -> Table:
    """Return what was measured, and what the last commit says of it."""
    table = Table("what", "reference in the same run", "goal", "measured", "committed")
    for result in found:
        line, last = result.line, committed.get(result.line.what)
        colour = {True: "green", False: "red", None: ""}[line.met]
        before = f"{last.line.shown}, {last.on}" if last else "-"
        now = Text(line.measured, colour)
        table.add_row(line.what, line.reference, line.goal, now, before)
    return table


def commands() -> list[Line]:
    """How long `--help` takes beside what it cannot do without."""
    ours = _median_s(lambda: _python("-m", "mvsnap", "--help"))
    theirs = _median_s(lambda: _python("-c", "import flask, requests"))
    goal, reference = "<= 1.2, < 0.4 s", "importing flask and requests"
    text = f"{ours:.2f} s"
    return [Line("`--help`", reference, goal, ours / theirs, "", text, ours < 0.4)]


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
            "<= 0.3 s more",
            first - CAMERA_S,
            "s more",
        ),
        Line("sixteen cameras", "one camera", "<= 1.3", many / first),
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
                "the same server's route without store",
                "<= 60 ms",
                durable_s * 1000,
                "ms",
                f"of {bare_s * 1000:.0f} ms",
            )
        ]
    if shutil.which("wrk") is None:
        return lines
    with _running() as (_, served):
        path = f"/api/v1.0/getSnapshot?apikey={KEY}&wait_s=0"
        # In turns: within seconds this machine becomes twice as fast, or half.
        rounds = [
            (_wrk(f"{served.url}{path}"), _wrk(f"{served.url}/healthz"))
            for _ in range(ROUNDS)
        ]
    ratio, durable, bare = sorted(
        (mine / other, mine, other) for mine, other in rounds
    )[ROUNDS // 2]
    what, reference = "durable trigger, rate", "the same server's route without store"
    text = f"{durable:.0f}/s of {bare:.0f}/s"
    return [*lines, Line(what, reference, ">= 0.3", ratio, "", text)]


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
        ["wrk", "-t2", "-c8", "-d3s", url], capture_output=True, text=True, check=True
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
