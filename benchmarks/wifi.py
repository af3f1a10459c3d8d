"""Wi-Fi analytics: what a POST costs beside bare inserts, and pages of very much.

The store is filled with MVSNAP_BENCH_OBSERVATIONS (1,000,000) observations of devices
that come, stay for twenty minutes and come again.
"""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests

from benchmarks.line import Line
from benchmarks.wifi_store import AROUND, around, write
from mvsnap.domain import Presence, Serial, ZoneId
from mvsnap.store import database
from mvsnap.store.database import Database
from mvsnap.store.sense import Findings, SenseStore
from mvsnap.wifi.batches import WifiStore
from mvsnap.wifi.correlation import WifiCorrelation
from mvsnap.wifi.devices import mac_text
from mvsnap.wifi.lists import WifiLists
from mvsnap.wifi.model import Radio, VisitOrder, WifiFilter
from mvsnap.wifi.overview import activity
from mvsnap.wifi.reports import WifiReports
from mvsnap.wifi.visits import Observation, VisitRule
from tests.gateway import clouds, environment, gateway

ROUNDS = 5
POSTS = 60
LARGE = 10_000
MANY = int(os.environ.get("MVSNAP_BENCH_OBSERVATIONS", "1000000"))
FEW = 10_000
_PRESENCES = 1000
_ZONE = ZoneInfo("Europe/Berlin")
_RULE = VisitRule(zone=_ZONE)
_AP = "0c:8d:db:00:00:01"
_ENDPOINT = {
    "token": "a-token-of-the-benchmark",
    "validator": "validator",
    "secret": "a secret of the benchmark",
}
_LIMIT_S = 120.0


def wifi() -> list[Line]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made, each_us = posts(folder)
        return [*made, *stores(folder), naive(folder, each_us)]


# --- a POST


def posts(folder: Path) -> tuple[list[Line], float]:
    """500 observations a POST until their visits are current; 10,000 at once.

    Also return how many microseconds one observation takes.
    """
    first = _now_minute() - POSTS * ROUNDS - 10
    ours, bare = [], []
    scanning = {"endpoints": [_ENDPOINT], "hash_macs": True}
    with clouds() as made, gateway(folder, made.settings(scanning=scanning)) as it:
        url = f"{it.url}/scanning/{_ENDPOINT['token']}"
        db = _open(folder / "data/mvsnap.db")
        with requests.Session() as session:
            for number in range(ROUNDS):
                minutes = range(first + number * POSTS, first + (number + 1) * POSTS)
                observed = [around(minute) for minute in minutes]
                bodies = [_message(these) for these in observed]
                ours.append(_seconds(_post_all, session, url, bodies, db))
                bare.append(_seconds(_insert_all, folder / f"{number}.db", observed))
            large = [_message(around(first, LARGE))]
            spans = [_seconds(_post_all, session, url, large) for _ in range(ROUNDS)]
    ratio = statistics.median(b / o for b, o in zip(bare, ours, strict=True))
    many = POSTS * AROUND
    per_s = [many / statistics.median(these) for these in (ours, bare)]
    lines = [
        Line(
            f"Wi-Fi POST of {AROUND} observations, durable, visits current",
            "batched SQLite inserts of the same rows with one index",
            ">= 0.5",
            ratio,
            "",
            f"{per_s[0]:,.0f}/s of {per_s[1]:,.0f}/s",
        ),
        Line(
            f"Wi-Fi POST of {LARGE:,} observations, answered",
            "-",
            "< 150 ms",
            statistics.median(spans) * 1000,
            "ms",
        ),
    ]
    return lines, 1e6 / per_s[0]


def _post_all(
    session: requests.Session,
    url: str,
    bodies: Sequence[bytes],
    until_processed: Database | None = None,
) -> None:
    for body in bodies:
        session.post(url, data=body, timeout=_LIMIT_S).raise_for_status()
    if until_processed is None:
        return
    store, deadline = WifiStore(until_processed), time.monotonic() + _LIMIT_S
    while store.waiting():
        if time.monotonic() > deadline:
            raise RuntimeError("observations are not processed")
        time.sleep(0.002)


def _message(observed: Sequence[Observation]) -> bytes:
    """Return version 3 as Meraki sends it, every second one with a location."""
    seen = []
    for number, here in enumerate(observed):
        at = datetime.fromtimestamp(here.minute * 60 + here.first_s, UTC)
        moment = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        record = {"apMac": _AP, "rssi": here.rssi_dbm}
        place: dict[str, Any] = dict.fromkeys(("x", "y", "floorPlanId"))
        place |= {"lat": 51.123456789, "lng": 7.123456789, "variance": 3.1415926}
        place |= {"time": moment, "rssiRecords": [record], "nearestApTags": ["shop"]}
        latest = {"nearestApMac": _AP, "nearestApRssi": str(here.rssi_dbm)}
        seen.append(
            {
                "clientMac": mac_text(here.device & 0xFFFF_FFFF_FFFF),
                "ipv4": None,
                "ipv6": None,
                "ssid": None,
                "os": None,
                "manufacturer": "Apple",
                "locations": [place] * (number % 2),
                "latestRecord": latest | {"time": moment},
            }
        )
    data = {"networkId": "L_1", "observations": seen}
    secret = _ENDPOINT["secret"]
    message = {"version": "3.0", "secret": secret, "type": "WiFi", "data": data}
    return json.dumps(message).encode()


def _insert_all(path: Path, batches: Sequence[Sequence[Observation]]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE o (at_s, device, source, rssi_dbm, ap, ssid)")
        db.execute("CREATE INDEX o_of_device ON o (device, at_s)")
        for observed in batches:
            rows = [
                (h.minute * 60 + h.first_s, h.device, 1, h.rssi_dbm, h.ap, h.ssid)
                for h in observed
            ]
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO o VALUES (?, ?, ?, ?, ?, ?)", rows)
            db.execute("COMMIT")


# --- much in the store


def stores(folder: Path) -> list[Line]:
    """The last batches beside the first, and pages of much beside those of little."""
    few_s = fill(folder / "few.db", FEW)
    last_s = fill(folder / "many.db", MANY)
    goal = "<= 3, <= 0.1 s, <= 64 MiB more"
    lines = [
        Line(
            f"the last of {MANY:,} Wi-Fi observations",
            f"the last of {FEW:,}",
            "<= 1.3",
            last_s / few_s,
            "",
            f"{last_s / AROUND * 1e6:.0f} us each",
        )
    ]
    many = _measured_pages(folder / "many.db")
    few = _measured_pages(folder / "few.db")
    for name, (seconds, mib) in many.items():
        ratio = seconds / few[name][0]
        text = f"{seconds * 1000:.0f} ms, {mib:.0f} MiB more"
        what, reference = f"Wi-Fi page at {MANY:,}: {name}", f"the same at {FEW:,}"
        rest = seconds <= 0.1 and mib <= 64
        lines.append(Line(what, reference, goal, ratio, "", text, rest))
    return lines


def fill(path: Path, many: int) -> float:
    """Fill a store; return the seconds that a minute's batch takes at the end."""
    db = _open(path)
    database.upgrade(db.engine)
    store, now = WifiStore(db), datetime.now(UTC)

    def add(minute: int) -> None:
        store.add_batch("L_1", Radio.WIFI, around(minute), now)
        while store.process(_RULE, now):
            pass

    last = _now_minute()
    minutes = range(last - many // AROUND, last)
    measured = min(100, len(minutes) // 2)
    write(db, minutes[:-measured], _RULE)
    spans = [_seconds(add, minute) for minute in minutes[-measured:]]
    _add_presences(db)
    db.engine.dispose()
    return statistics.median(spans)


def _add_presences(db: Database) -> None:
    now = datetime.now(UTC)
    found = []
    for number in range(_PRESENCES):
        begin = now - timedelta(seconds=86 * number + 300)
        serial, zone = Serial(f"Q2BN-WIFI-{number % 10:04d}"), ZoneId(str(number % 4))
        end = begin + timedelta(seconds=number % 240)
        found.append(Presence(serial, zone, begin, end, 2))
    SenseStore(db).save(Findings(presences=found), now)


def _measured_pages(path: Path) -> dict[str, tuple[float, float]]:
    """Return seconds and MiB of each page, measured in a process of its own."""
    args = [sys.executable, "-m", "benchmarks.wifi", str(path)]
    done = subprocess.run(
        args, env=environment(), capture_output=True, text=True, check=True
    )
    found: dict[str, tuple[float, float]] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure the pages of a store; called by `_measured_pages`."""
    db = _open(Path(sys.argv[1]))
    today = datetime.now(_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    until = today + timedelta(days=1)
    # Days of the site, as the pages show them.
    day, week = (
        WifiFilter(
            (until - timedelta(days=many)).astimezone(UTC), until.astimezone(UTC)
        )
        for many in (1, 7)
    )
    found = {}
    for name, page in _pages(db).items():
        for span, wanted in (("a day", day), ("a week", week)):
            if name == "correlation" and wanted is week:
                continue
            page(wanted)
            before = _rss_mib()
            spans = [_seconds(page, wanted) for _ in range(ROUNDS)]
            seconds = statistics.median(spans)
            found[f"{name} of {span}"] = (seconds, max(0.0, _rss_mib() - before))
    sys.stdout.write(json.dumps(found))


def _pages(db: Database) -> dict[str, Callable[[WifiFilter], object]]:
    reports = WifiReports(db, long_stay_s=_RULE.long_stay_s)
    lists = WifiLists(db, long_stay_s=_RULE.long_stay_s)
    near = WifiCorrelation(db, long_stay_s=_RULE.long_stay_s, window_s=30)

    def overview(wanted: WifiFilter) -> None:
        activity(reports, wanted, _ZONE, datetime.now(UTC))

    def of_presences(wanted: WifiFilter) -> None:
        near.summary(wanted)
        near.presences(wanted)

    return {
        "overview": overview,
        "visits": lists.visits,
        "longest visits": lambda wanted: lists.visits(wanted, VisitOrder.DWELL),
        "observations": lists.observations,
        "correlation": of_presences,
    }


# --- the naive way


def naive(folder: Path, each_us: float) -> Line:
    """A CSV file that is read and written anew for each observation.

    each_us: what one takes mvsnap, durable and with HTTP.
    """
    spans = [
        _seconds(_rewrite, folder / f"{many}.csv", many) / many for many in (1000, 5000)
    ]
    few, many = (span * 1e6 for span in spans)
    what = "a CSV file rewritten for each of 5,000 observations"
    text = f"of 1,000: {few:,.0f} us each; mvsnap: {each_us:.0f} us each"
    return Line(what, "-", "-", many, "us each", text)


def _rewrite(path: Path, many: int) -> None:
    path.touch()
    for minute in range(many // AROUND):
        for here in around(minute):
            with path.open(newline="") as file:
                rows = list(csv.reader(file))
            rows.append([str(value) for value in here])
            with path.open("w", newline="") as file:
                csv.writer(file).writerows(rows)


# --- small things


def _open(path: Path) -> Database:
    return Database(database.open_database(database.sqlite_url(path)))


def _now_minute() -> int:
    return int(time.time()) // 60


def _seconds(step: Callable[..., object], *args: Any) -> float:
    began = time.perf_counter()
    step(*args)
    return time.perf_counter() - began


def _rss_mib() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmHWM")


if __name__ == "__main__":
    main()
