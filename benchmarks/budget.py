"""One Meraki budget for several workers: as fast as one worker, and never refused."""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.line import Line
from mvsnap.simulator.picture import draw_picture
from tests.gateway import KEY, clouds, gateway
from tests.servers.postgres import postgres

SNAPSHOTS = 150
WORKERS = 3
CAMERAS = 10


@dataclass(frozen=True)
class Burst:
    """What the simulated clouds counted."""

    took_s: float
    calls: int
    refused: int
    without_link: int

    def __str__(self) -> str:
        return (
            f"{self.took_s:.1f} s, {self.calls} calls, {self.refused} x 429,"
            f" {self.without_link} without a video link"
        )


def budget() -> list[Line]:
    """150 triggers for one worker, then for three of the same store."""
    one, several = (_measured(workers) for workers in (1, WORKERS))
    ratio = several.took_s / one.took_s
    return [
        Line(
            f"{SNAPSHOTS} snapshots, {WORKERS} workers",
            f"one worker: {one}",
            "<= 1.05, 0 x 429, 0 without a link",
            ratio,
            "",
            str(several),
            several.refused == several.without_link == 0,
        )
    ]


def _measured(workers: int) -> Burst:
    with ExitStack() as stack:
        server = stack.enter_context(postgres())
        server.execute("CREATE DATABASE mvsnap")
        simulated = stack.enter_context(clouds(cameras=CAMERAS))
        now = datetime.now(UTC)
        simulated.dashboard.picture_bytes = draw_picture("gate", "", "", 1, now)
        limits = {"rate_per_minute": 1_000_000, "queue_size": 100_000}
        url = server.url("mvsnap")
        settings = simulated.settings(server=limits, database_url=url)
        served = [
            stack.enter_context(gateway(Path(_folder(stack)), settings))
            for _ in range(workers)
        ]
        time.sleep(5)  # the names are fetched, the budget is full
        before = len(simulated.dashboard.asked)
        began = time.monotonic()
        for number in range(SNAPSHOTS):
            serial = simulated.serials[number % CAMERAS]
            answer = (
                served[number % workers]
                .session()
                .get(
                    f"{served[number % workers].url}/api/v1.0/getSnapshot",
                    params={
                        "apikey": KEY,
                        "wait_s": "0",
                        "mvSerial": serial,
                        "prefix": f"trigger {number}",
                    },
                    timeout=60,
                )
            )
            answer.raise_for_status()
        posted = simulated.webex.messages
        while sum(bool(message.files) for message in posted) < SNAPSHOTS:
            if time.monotonic() - began > 300:
                break
            time.sleep(0.1)
        took_s = time.monotonic() - began
        linked = sum("Video of that moment" in message.markdown for message in posted)
        return Burst(
            took_s,
            calls=len(simulated.dashboard.asked) - before,
            refused=simulated.dashboard.refused_calls,
            without_link=SNAPSHOTS - linked,
        )


def _folder(stack: ExitStack) -> str:
    return stack.enter_context(tempfile.TemporaryDirectory())


if __name__ == "__main__":
    for count in map(int, sys.argv[1:] or ("1", f"{WORKERS}")):
        sys.stdout.write(f"{count} workers: {_measured(count)}\n")
