"""A purge beside deliveries: how late the latest one is, and how long the log gets.

Each kind of rows twice: the purge is in the process that delivers, as the worker's is,
or in another one, as `mvsnap purge` is.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from benchmarks.line import Line
from mvsnap.badges.store import BadgeStore
from mvsnap.badges.tables import badges
from mvsnap.domain import DeliveryState, JobId
from mvsnap.store import database
from mvsnap.store.database import Database
from mvsnap.store.events import Store
from mvsnap.store.tables import deliveries
from mvsnap.wifi.batches import WifiStore
from mvsnap.wifi.tables import observations, visits
from tests.gateway import environment

ROWS = 250_000
_MINUTE_ROWS = 500
_EVERY_S = 0.02
_LOOK_S = 0.01
_LIMIT_S = 600.0
_AT_ONCE = 50_000


def purge() -> list[Line]:
    return [
        _measured(kind, of, where)
        for kind, of in (("deliveries", "deliveries"), ("Wi-Fi visits", "visits"))
        for where in ("in the same process", "in another process")
    ] + [
        _measured("Wi-Fi observations", "observations", "in the same process"),
        _measured("badge events", "badges", "in the same process"),
    ]


def _measured(kind: str, of: str, where: str) -> Line:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "mvsnap.db"
        db = _open(path)
        database.upgrade(db.engine)
        _FILL[of](db)
        log = path.with_name(f"{path.name}-wal")
        _empty_log(path)
        with _deliveries(db, log) as seen:
            began = time.perf_counter()
            if where == "in the same process":
                _remove(db, of)
            else:
                args = [sys.executable, "-m", "benchmarks.purge", str(path), of]
                subprocess.run(args, env=environment(), check=True, timeout=_LIMIT_S)
            took_s = time.perf_counter() - began
        db.engine.dispose()
    latest_s, log_bytes = max(seen[0]), max(seen[1])
    return Line(
        f"a purge of {ROWS:,} {kind} {where}, beside deliveries",
        "-",
        "<= 0.5 s late, log <= 64 MB",
        latest_s,
        "s late",
        f"log {log_bytes / 1e6:.0f} MB, in {took_s:.0f} s",
        log_bytes <= 64e6,
    )


@contextmanager
def _deliveries(db: Database, log: Path) -> Iterator[tuple[list[float], list[int]]]:
    """Deliver all the time; yield what each took, and how long the log was."""
    over, store = threading.Event(), Store(db)
    spans, sizes = [0.0], [0]

    def deliver() -> None:
        for number in range(10**9):
            began, job_id = time.perf_counter(), JobId(f"new-{number}")
            store.begin_delivery(job_id, "", "room", datetime.now(UTC))
            spans.append(time.perf_counter() - began)
            if over.wait(_EVERY_S):
                return

    def look() -> None:
        while not over.wait(_LOOK_S):
            sizes.append(log.stat().st_size if log.exists() else 0)

    threads = [threading.Thread(target=step) for step in (deliver, look)]
    for thread in threads:
        thread.start()
    try:
        yield spans, sizes
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _remove(db: Database, of: str) -> None:
    before = datetime.now(UTC) - timedelta(days=1)
    wifi = WifiStore(db)
    purges: dict[str, Callable[[datetime], object]] = {
        "deliveries": Store(db).purge_deliveries,
        "visits": wifi.purge_visits,
        "observations": wifi.purge_observations,
        "badges": BadgeStore(db).purge,
    }
    purges[of](before)


def _fill_deliveries(db: Database) -> None:
    old = datetime.now(UTC) - timedelta(days=40)
    rows = [
        {
            "job_id": f"{number * 0x9E37_79B9_7F4A_7C15 % 2**64:016x}",
            "part": "",
            "room": "room",
            "state": DeliveryState.SENT,
            "attempts": 1,
            "changed_at": old,
        }
        for number in range(ROWS)
    ]
    for first in range(0, ROWS, _AT_ONCE):
        with db.writing() as connection:
            connection.execute(insert(deliveries), rows[first : first + _AT_ONCE])


def _fill_visits(db: Database) -> None:
    begin_s = int(time.time()) - 40 * 86_400
    names = ("time_in_s", "device", "time_out_s")
    rows = []
    for number in range(ROWS):
        at_s = begin_s + number // _MINUTE_ROWS * 60
        rows.append(dict(zip(names, (at_s, number, at_s + 600), strict=True)))
    rest = {"source_id": 1, "observations": 10, "rssi_dbm": -60}
    with db.writing() as connection:
        connection.execute(insert(visits), [row | rest for row in rows])


def _fill_observations(db: Database) -> None:
    begin = int(time.time()) // 60 - 40 * 1440
    rest = {"source_id": 1, "first_s": 0, "last_s": 9, "rssi_dbm": -60, "ap": 1}
    rows = [
        {"minute": begin + number // _MINUTE_ROWS, "device": number} | rest
        for number in range(ROWS)
    ]
    with db.writing() as connection:
        connection.execute(insert(observations), rows)


def _fill_badges(db: Database) -> None:
    """Seven indexes: what takes longest to delete."""
    old = datetime.now(UTC) - timedelta(days=40)
    rest = {"source": "door", "details": {}, "picture": "none", "asks": 0}
    rest |= {"verdict": "open", "note": "", "judged_by": "", "recorded_at": old}
    rows = [
        {
            "id": f"{number * 0x9E37_79B9_7F4A_7C15 % 2**64:016x}",
            "swiped_at": old + timedelta(seconds=number),
            "user_id": str(number * 7919 % 5000),
            "reader": f"Reader {number % 50}",
        }
        | rest
        for number in range(ROWS)
    ]
    for first in range(0, ROWS, _AT_ONCE):
        with db.writing() as connection:
            connection.execute(insert(badges), rows[first : first + _AT_ONCE])


_FILL: dict[str, Callable[[Database], None]] = {
    "deliveries": _fill_deliveries,
    "visits": _fill_visits,
    "observations": _fill_observations,
    "badges": _fill_badges,
}


def _empty_log(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _open(path: Path) -> Database:
    return Database(database.open_database(database.sqlite_url(path)))


def main() -> None:
    """Purge a store; called by `_measured`."""
    _remove(_open(Path(sys.argv[1])), sys.argv[2])


if __name__ == "__main__":
    main()
