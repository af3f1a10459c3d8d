"""A program with a clock of its own is otherwise as any other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.servers.fake_clock import FakeClock

# Who waits for Python's lock asks for it only after an hour.
WAITS = """\
import sys, threading

sys.setswitchinterval(3600)
asked, ran = threading.Event(), []

def run():
    asked.wait()
    ran.append("in between")

thread = threading.Thread(target=run)
thread.start()
asked.set()
for _ in range(3_000_000):
    pass
print(ran)
thread.join()
print(ran)
"""


def test_a_thread_that_waits_for_another_waits(tmp_path: Path) -> None:
    clock = FakeClock(tmp_path / "clock", 86_400)
    said = subprocess.run(
        [sys.executable, "-c", WAITS],
        env=os.environ | clock.environment(""),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert said.stdout.splitlines() == ["[]", "['in between']"]
