"""The worker's rounds for badge events: nobody's server keeps the others waiting."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from mvsnap.badges import worker
from mvsnap.badges.directory_client import DirectoryClient
from mvsnap.badges.directory_sync import DirectoryReader
from mvsnap.badges.model import Readers
from mvsnap.badges.worker import BadgeLoop, BadgeSteps
from mvsnap.clock import SystemClock
from tests.badges.crew import BadgeCrew
from tests.servers.processes import wait_until


class Counting:
    """A step that counts its runs."""

    def __init__(self) -> None:
        self.taken = 0

    def step(self) -> None:
        self.taken += 1

    def begin(self, _readers: Readers) -> None:
        pass

    def close(self) -> None:
        pass


def test_a_directory_that_hangs_keeps_neither_pictures_nor_alerts(
    crew: BadgeCrew, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_EVERY_S", 0.02)
    clock, client = SystemClock(), DirectoryClient((), timeout_s=60)
    alerts: Any = Counting()
    pictures: Any = Counting()
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        hanging.settimeout(20)
        place = f"http://127.0.0.1:{hanging.getsockname()[1]}/people.json"
        reader = DirectoryReader(crew.people, crew.files, client, clock, place=place)
        loop = BadgeLoop(BadgeSteps(reader, alerts, pictures, Readers({})), clock)
        loop.start()
        asked, _ = hanging.accept()
        before = alerts.taken, pictures.taken
        wait_until(
            lambda: alerts.taken > before[0] + 2 and pictures.taken > before[1] + 2,
            "pictures and alerts go on",
            limit_s=30,
        )
        clock.stop()
        loop.stop()
        asked.close()
