"""Observations while the service is killed again and again: none that was accepted is
lost, and each is counted once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from mvsnap.store import database
from mvsnap.wifi.batches import WifiStore
from tests.gateway import Gateway, clouds, gateway
from tests.servers.processes import wait_until
from tests.wifi.build import tables
from tests.wifi.scanning_build import SECRET, seen2, version2

KILLS = 6
TOKEN = "a-token-of-the-shop"


@pytest.mark.slow
def test_what_was_accepted_is_counted_once_although_the_service_is_killed(
    tmp_path: Path,
) -> None:
    endpoint = {"token": TOKEN, "validator": "validator", "secret": SECRET}
    scanning = {"endpoints": [endpoint], "hash_macs": False}
    over = threading.Event()
    accepted: set[int] = set()
    with (
        clouds(sense=False) as made,
        gateway(tmp_path, made.settings(scanning=scanning)) as it,
    ):
        senders = [
            threading.Thread(target=send, args=(it, n, accepted, over))
            for n in range(3)
        ]
        for sender in senders:
            sender.start()
        for _ in range(KILLS):
            it.kill_after(1.5)
            it.start()
        over.set()
        for sender in senders:
            sender.join()
        url = database.sqlite_url(tmp_path / "data/mvsnap.db")
        db = database.Database(database.open_database(url))
        wait_until(lambda: not WifiStore(db).waiting(), "all is processed", 60)
        observations, visits, counts = tables(db)
    assert len(accepted) > 50
    kept = {row[2] for row in observations}
    assert accepted <= kept
    # An answer may be lost on its way; what was kept then is counted all the same.
    assert sorted(row[2] for row in visits) == sorted(kept)
    assert {row[4] for row in visits} == {2}
    assert sum(row[4] for row in counts) == len(kept)


def send(it: Gateway, number: int, accepted: set[int], over: threading.Event) -> None:
    """Send a new device again and again, seen in two minutes."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    times = [int((now - timedelta(minutes=m)).timestamp()) for m in (1, 2)]
    device = number << 32
    while not over.is_set():
        device += 1
        mac = device.to_bytes(6).hex(":")
        message = version2(*(seen2(mac, seenEpoch=time_s) for time_s in times))
        try:
            url = f"{it.url}/scanning/{TOKEN}"
            answer = requests.post(url, json=message, timeout=5)
        except requests.RequestException:
            over.wait(0.05)
            continue
        if answer.status_code == 503:  # a busy service did not accept it
            over.wait(0.05)
            continue
        assert answer.status_code == 200, answer.text
        accepted.add(device)
