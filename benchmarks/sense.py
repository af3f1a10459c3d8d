"""Person counts: how much of what a broker gives arrives, and how soon a crowd is told.

1,000 cameras with 4 zones publish, from a program in C, over a real mosquitto. What it
gives at most is what a receiver in C gets that only counts. All take turns, because the
machine is never the same for long.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.line import Line
from mvsnap.domain import FULL_FRAME, parse_serial
from mvsnap.simulator.meraki.counts import count
from mvsnap.simulator.mqtt.broker import HOST, Mosquitto
from tests.gateway import environment

ROUNDS = 5
# A run takes some seconds: paho gets less, so that it does, too.
MESSAGES = {0: 300_000, 1: 120_000}
MESSAGES_PAHO = {0: 100_000, 1: 40_000}
# How long mvsnap does not look when nothing more was there, see sense/bulk.py.
PAUSE_MS = {0: 2.0, 1: 0.3}
LIMIT = "the faster C receiver"
GOALS = {0: ">= 0.85, none lost", 1: ">= 0.8, none lost"}
GOALS_CPU = {0: "<= 6 us", 1: "-"}
PACE_PER_S = 10_000
CROWDS = 200
_SPACING_S = 0.08, 0.12
_SETTLE_S = 3.0
_LIMIT_S = 120.0


@dataclass(frozen=True)
class Run:
    """What one receiver took; `events` is what mvsnap stored of it."""

    published: int
    taken: int
    seconds: float
    cpu_s: float
    events: int = 0

    @property
    def per_s(self) -> float:
        return self.taken / self.seconds

    @property
    def cpu_us(self) -> float:
        return self.cpu_s / self.taken * 1e6


def sense() -> list[Line]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compile_programs(folder)
        return [*rates(folder, 0), *rates(folder, 1), latency(folder)]


def compile_programs(folder: Path) -> None:
    """Raise SystemExit when there is no compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise SystemExit("no gcc: sudo apt-get install -y gcc libc6-dev")
    for name in ("flood", "receive"):
        source = Path(__file__).with_name(f"{name}.c")
        args: list[str | Path] = [compiler, "-O2", "-o", folder / name, source]
        subprocess.run(args, check=True)


# --- how much


def rates(folder: Path, qos: int) -> list[Line]:
    """The limit is the faster one of two in C; mvsnap pauses like the second."""
    pause_ms = PAUSE_MS[qos]
    at_once, pausing, paho, whole = [], [], [], []
    for number in range(ROUNDS):
        many, few = MESSAGES[qos], MESSAGES_PAHO[qos]
        in_c, here = [folder / "receive"], folder / f"{qos}-{number}"
        at_once.append(run_once(folder, qos, many, in_c, "0"))
        pausing.append(run_once(folder, qos, many, in_c, f"{pause_ms * 1000:.0f}"))
        paho.append(run_once(folder, qos, few, receiver("paho")))
        whole.append(run_once(folder, qos, many, receiver("mvsnap", here), data=here))
    limit = max(per_s_of(at_once), per_s_of(pausing))
    lost = sum(run.published - run.taken for run in whole)
    kept = f"{lost or 'none'} lost, {min(run.events for run in whole)} events"
    cpu_us = statistics.median(run.cpu_us for run in whole)

    def line(what: str, runs: Sequence[Run], goal: str = "-", more: str = "") -> Line:
        found = per_s_of(runs) / limit
        name, text = f"counts at QoS {qos}, {what}", _text(runs) + more
        return Line(name, LIMIT, goal, found, "", text, not lost)

    beside = per_s_of(whole) / per_s_of(at_once)
    name = f"counts at QoS {qos}, mvsnap"
    return [
        line("C that only counts", at_once),
        line(f"C, looking every {pause_ms} ms", pausing),
        line("paho, empty callback", paho),
        line("mvsnap", whole, GOALS[qos], f", {kept}"),
        Line(f"{name}, by another reference", "C that only counts", "-", beside),
        Line(f"{name}, processor", "-", GOALS_CPU[qos], cpu_us, "us a message"),
    ]


def per_s_of(runs: Sequence[Run]) -> float:
    return statistics.median(run.per_s for run in runs)


def _text(runs: Sequence[Run]) -> str:
    cpu_us = statistics.median(run.cpu_us for run in runs)
    return f"{per_s_of(runs):,.0f}/s, {cpu_us:.1f} us"


def run_once(
    folder: Path,
    qos: int,
    messages: int,
    receiver: Sequence[str | Path],
    *more: str,
    data: Path | None = None,
) -> Run:
    """data: where mvsnap stores. A broker each: sessions live longer than receivers."""
    with open_broker(folder) as running:
        args = [*receiver, *map(str, (running.port, qos, messages)), *more]
        with _receiving(args) as received:
            flood = start_flood(folder, running.port, qos, messages, 0)
            began_s = float(_first_line(flood))
            said = json.loads(_first_line(received))
            if flood.wait(_LIMIT_S):
                raise RuntimeError("the flood broke off")
    events = _events(data) if data else 0
    seconds = said["ended_s"] - began_s
    return Run(messages, said["count"], seconds, said["cpu_s"], events)


def _events(data: Path) -> int:
    with closing(sqlite3.connect(data / "mvsnap.db")) as db:
        found: int = db.execute("select count(*) from events").fetchone()[0]
        return found


# --- how soon


def latency(folder: Path) -> Line:
    """From the publishing of a crowd until others can read its event in the store."""
    data = folder / "latency"
    seconds = _SETTLE_S + (CROWDS + 10) * max(_SPACING_S)
    messages = int(seconds * PACE_PER_S)
    with open_broker(folder) as running:
        args = [*receiver("mvsnap", data), str(running.port), "0", "0"]
        with _receiving(args) as received:
            flood = start_flood(folder, running.port, 0, messages, PACE_PER_S)
            time.sleep(_SETTLE_S)
            spans_s = _crowd_spans_s(running.port, data / "mvsnap.db")
            flood.kill()
            flood.wait()
            received.communicate(timeout=_LIMIT_S)
    p50, p99 = (statistics.quantiles(spans_s, n=100)[p - 1] for p in (50, 99))
    return Line(
        "a crowd's last message to its durable event, p99",
        f"{PACE_PER_S:,} other messages a second",
        "p99 < 50 ms",
        p99 * 1000,
        "ms",
        f"p50 {p50 * 1000:.0f} ms",
    )


def _crowd_spans_s(port: int, store: Path) -> list[float]:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect(HOST, port)
    while not client.is_connected():
        client.loop(0.1)
    spans_s = []
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
        for number in range(CROWDS):
            serial = parse_serial(f"Q2BN-LATE-{number:04d}")
            time.sleep(random.uniform(*_SPACING_S))
            message = count(serial, FULL_FRAME, int(time.time() * 1000), 9)
            began_s = time.monotonic()
            client.publish(*message)
            while not db.execute(
                "select 1 from events where serial = ?", [serial]
            ).fetchone():
                if time.monotonic() - began_s > _LIMIT_S:
                    raise RuntimeError("a crowd did not become an event")
                time.sleep(0.001)
            spans_s.append(time.monotonic() - began_s)
    client.disconnect()
    return spans_s


# --- programs


@contextmanager
def open_broker(folder: Path) -> Iterator[Mosquitto]:
    """A broker that keeps and sends all it is given."""
    with Mosquitto(folder / "broker", max_inflight=0, max_queued=0) as running:
        yield running


@contextmanager
def _receiving(args: Sequence[str | Path]) -> Iterator[subprocess.Popen[str]]:
    """Run a receiver; it is subscribed when the block begins."""
    pipe = subprocess.PIPE
    environ = environment(PYTHONDONTWRITEBYTECODE="1")
    with subprocess.Popen(
        args, stdin=pipe, stdout=pipe, text=True, env=environ
    ) as program:
        try:
            if _first_line(program) != "ready":
                raise RuntimeError(f"{args} does not receive")
            yield program
            program.wait(_LIMIT_S)
        finally:
            program.kill()


def start_flood(
    folder: Path, port: int, qos: int, messages: int, per_s: int
) -> subprocess.Popen[str]:
    args = [str(folder / "flood"), *map(str, (port, qos, messages, per_s))]
    return subprocess.Popen(args, stdout=subprocess.PIPE, text=True)


def _first_line(program: subprocess.Popen[str]) -> str:
    assert program.stdout is not None
    return program.stdout.readline().strip()


def receiver(*args: str | Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.receivers", *map(str, args)]
