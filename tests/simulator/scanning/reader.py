"""Reads the bodies of Location Scanning as plainly as possible, to compare results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from mvsnap.domain import Presence
from mvsnap.simulator.scanning.people import CLEAN, Mix, build_world
from mvsnap.simulator.scanning.posts import posts
from mvsnap.simulator.scanning.world import NOISE_FLOOR_DBM, ScanningWorld

MONDAY = date(2026, 3, 23)


class Seen(NamedTuple):
    mac: str
    at: datetime
    rssi_dbm: int


class Stretch(NamedTuple):
    mac: str
    begin: datetime
    end: datetime


def a_world(
    days: int = 7, mix: Mix = CLEAN, begin: date = MONDAY, **options: Any
) -> ScanningWorld:
    """Return a week that ends with the change to summer time, or days of it."""
    return build_world(begin, days=days, mix=mix, **options)


def a_minute(hour: int, minute: int = 0) -> datetime:
    return datetime(MONDAY.year, MONDAY.month, MONDAY.day, hour, minute, tzinfo=UTC)


def bodies_of(
    world: ScanningWorld, version: int, **options: Any
) -> list[dict[str, Any]]:
    batches = posts(world, world.begin, world.end, version=version, **options)
    return [post.body for _, leaving in batches for post in leaving]


def read(bodies: Iterable[dict[str, Any]], with_locations: bool = False) -> set[Seen]:
    """Return the contents of Wi-Fi bodies, the strongest signal of each moment.

    with_locations: from the locations of v3, too, not only from the latest record.
    """
    loudest: dict[tuple[str, datetime], int] = {}
    for body in bodies:
        if body["type"] not in ("DevicesSeen", "WiFi"):
            continue
        for row in body["data"]["observations"]:
            records = (
                v3_records(row, with_locations)
                if "seenTime" not in row
                else ((row["seenTime"], row["rssi"] + NOISE_FLOOR_DBM),)
            )
            for text, dbm in records:
                key = row["clientMac"], datetime.fromisoformat(text)
                loudest[key] = max(dbm, loudest.get(key, -200))
    return {Seen(*key, dbm) for key, dbm in loudest.items()}


def v3_records(row: dict[str, Any], with_locations: bool) -> Iterator[tuple[str, int]]:
    latest = row["latestRecord"]
    yield latest["time"], int(latest["nearestApRssi"])
    for location in row["locations"] if with_locations else []:
        yield location["time"], max(r["rssi"] for r in location["rssiRecords"])


def visits_of(seen: Iterable[Seen], least_dbm: int, gap_s: int) -> list[Stretch]:
    by_mac: dict[str, list[datetime]] = {}
    for one in sorted(seen, key=lambda one: one.at):
        if one.rssi_dbm >= least_dbm:
            by_mac.setdefault(one.mac, []).append(one.at)
    found = []
    for mac, moments in by_mac.items():
        begin = moments[0]
        for at, following in zip(moments, [*moments[1:], None], strict=True):
            if following is None or (following - at).total_seconds() > gap_s:
                found.append(Stretch(mac, begin, at))
                begin = following or at
    return sorted(found, key=lambda visit: (visit.begin, visit.mac))


def near(
    seen: Iterable[Seen], presence: Presence, least_dbm: int, window_s: int
) -> frozenset[str]:
    """Return who was that loud from before to after a presence."""
    window = timedelta(seconds=window_s)
    begin, end = presence.time_in - window, presence.time_out + window
    here = [one for one in seen if begin <= one.at <= end]
    return frozenset(one.mac for one in here if one.rssi_dbm >= least_dbm)
