"""A free port is not given to two programs that start side by side."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mvsnap.simulator import ports

MANY = 20
ASKS = f"""\
from mvsnap.simulator import ports

ports.LOWEST, ports.HIGHEST = 31_000, 31_000 + {2 * MANY}
print(*(ports.free_port() for _ in range({MANY})), flush=True)
input()
"""


def test_none_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ASKS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        theirs = [int(word) for word in other.stdout.readline().split()]
        monkeypatch.setattr(ports, "LOWEST", 31_000)
        monkeypatch.setattr(ports, "HIGHEST", 31_000 + 2 * MANY)
        # Not as many as are left: something else may listen on one.
        ours = [ports.free_port() for _ in range(MANY // 2)]
        other.communicate("\n", timeout=60)
    assert len({*theirs, *ours}) == len(theirs) + len(ours)
