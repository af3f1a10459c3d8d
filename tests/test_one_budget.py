"""Processes of one store and a Meraki that counts: it refuses none of their calls."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mvsnap.store import database
from tests.gateway import ROOT, clouds, environment

WORKER = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.domain import Serial
from mvsnap.runtime.clouds import shared_dashboards

settings, serials = json.loads(sys.argv[1]), json.loads(sys.argv[2])
dashboards = shared_dashboards(Settings.model_validate(settings), SystemClock())
sys.stdin.readline()

def snapshot(serial):
    dashboard = dashboards.of(Serial(serial))
    dashboard.request_snapshot(Serial(serial))
    return dashboard.video_link(Serial(serial), datetime.now(UTC))

with ThreadPoolExecutor(6) as pool:
    links = list(pool.map(snapshot, serials * 3))
print(len(links))
"""


# A busy machine may send late what it was allowed to send.
@pytest.mark.flaky(reruns=1)
def test_three_processes_are_never_refused(tmp_path: Path, postgres_url: str) -> None:
    engine = database.open_database(postgres_url)
    database.upgrade(engine)
    engine.dispose()
    with clouds(cameras=4) as simulated:
        settings = simulated.settings(data_dir=f"{tmp_path}", database_url=postgres_url)
        workers = [worker(settings, simulated.serials) for _ in range(3)]
        for one in workers:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        said = [one.communicate(timeout=120)[0] for one in workers]
        # Of each 4 cameras three times, a picture and its link.
        assert said == ["12\n"] * 3
        assert simulated.dashboard.refused_calls == 0
        assert len(simulated.dashboard.asked) >= 3 * 2 * 12


def worker(settings: dict[str, object], serials: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, json.dumps(settings), json.dumps(serials)],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
