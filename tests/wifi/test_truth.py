"""A simulated shop, posted as Meraki posts it: the pages say what is true of it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import create_environ, run_wsgi_app

from mvsnap.clock import iso
from mvsnap.domain import Role
from mvsnap.simulator.scanning.people import MIXED, Mix
from mvsnap.simulator.scanning.posts import Post, posts
from mvsnap.simulator.scanning.stays import presences
from mvsnap.simulator.scanning.truth import (
    Match,
    TrueVisit,
    begun_per_clock_hour,
    begun_per_day,
    matches,
    near_visits,
    visits,
)
from mvsnap.simulator.scanning.world import INSIDE_DBM, ScanningWorld
from mvsnap.store.sense import Findings
from mvsnap.wifi.worker import visit_rule
from tests.clients.fakes import FakeClock
from tests.simulator.scanning.reader import MONDAY, a_world
from tests.web.build import Web

TOKEN, VALIDATOR, SECRET = "token-of-a-simulated-shop", "a validator", "a secret of it"
LONG_STAY_S = 3600
FAULTS = ("duplicate", "late", "disorder", "empty", "gzip")
_REQUEST = create_environ(
    f"/scanning/{TOKEN}", method="POST", content_type="application/json"
)
FRIDAY = MONDAY + timedelta(days=4)


class Shop:
    """A gateway, the world that is posted to it, and what the pages say of that."""

    def __init__(self, folder: Path, world: ScanningWorld, version: int) -> None:
        self.world, self.version = world, version
        self.clock = FakeClock()
        endpoint = {"token": TOKEN, "validator": VALIDATOR, "secret": SECRET}
        self.web = Web(
            folder,
            clock=self.clock,
            site={"timezone": world.timezone},
            scanning={
                "endpoints": [endpoint],
                "min_rssi_dbm": INSIDE_DBM,
                "hash_macs": False,
            },
        )

    def replay(self, faults: Collection[str]) -> None:
        """Post all of it, each minute at its time, with a worker beside.

        To the application itself: ten thousand requests over a socket took twice as
        long, and the sender has tests of its own.
        """
        world, app = self.world, self.web.app
        batches = posts(
            world,
            world.begin,
            world.end,
            version=self.version,
            secret=SECRET,
            faults=faults,
        )
        for minute, leaving in batches:
            over = minute + timedelta(minutes=1) - self.clock.now()
            self.clock.pass_time(over.total_seconds())
            for post in leaving:
                receive(app, post)
            if minute.minute % 20 == 0:
                self.process()
        self.process()
        self.web.sense.save(Findings(presences=presences(world)), world.end)
        self.viewer = self.web.log_in(Role.VIEWER)

    def process(self) -> None:
        rule = visit_rule(self.web.settings.scanning, self.web.settings.site.zone)
        while self.web.wifi.store.process(rule, self.clock.now()):
            pass

    def table(self, name: str, **asked: str) -> list[dict[str, str]]:
        """Return the rows of a table over all days of the world."""
        first, last = self.days[0], self.days[-1]
        span = {"from": first.isoformat(), "to": last.isoformat(), "radio": "wifi"}
        answer = self.viewer.get(f"/wifi/{name}.csv", query_string=span | asked)
        assert answer.status_code == 200, answer.text
        return list(csv.DictReader(io.StringIO(answer.text)))

    @property
    def days(self) -> list[date]:
        zone, world = self.world.zone_info, self.world
        first = world.begin.astimezone(zone).date()
        many = (world.end.astimezone(zone).date() - first).days
        return [first + timedelta(n) for n in range(many)]

    def day_of(self, visit: TrueVisit) -> date:
        return visit.begin.astimezone(self.world.zone_info).date()

    @property
    def visits(self) -> list[TrueVisit]:
        return visits(self.world, version=self.version)

    @property
    def short(self) -> list[TrueVisit]:
        return [visit for visit in self.visits if visit.lasts_s <= LONG_STAY_S]

    @property
    def matches(self) -> list[Match]:
        return matches(self.world, self.short, spanned=True)


@contextmanager
def posted(
    folder: Path,
    world: ScanningWorld,
    version: int,
    faults: Collection[str] = (),
) -> Iterator[Shop]:
    shop = Shop(folder, world, version)
    shop.replay(faults)
    yield shop
    shop.web.close()


def receive(app: Flask, post: Post) -> None:
    content = post.content()
    coding = {"HTTP_CONTENT_ENCODING": "gzip"} if post.is_gzip else {}
    sent = {"wsgi.input": io.BytesIO(content), "CONTENT_LENGTH": str(len(content))}
    answer, status, _ = run_wsgi_app(app, _REQUEST | sent | coding)
    assert status == "200 OK", b"".join(answer)


def utc(text: str) -> str:
    """A table for people has the site's times."""
    return iso(datetime.fromisoformat(text))


def check_visits(shop: Shop) -> None:
    shown = [
        (row["device"], utc(row["time_in"]), utc(row["time_out"]), int(row["dwell_s"]))
        for row in shop.table("visits", long_stays="yes")
    ]
    true = [
        (visit.mac, iso(visit.begin), iso(visit.end), visit.lasts_s)
        for visit in shop.visits
    ]
    assert sorted(shown) == sorted(true)
    assert len(shop.table("visits")) == len(shop.short)


def check_activity(shop: Shop) -> None:
    zone, short = shop.world.zone_info, shop.short
    hours = [int(row["visits"]) for row in shop.table("hours")]
    assert hours == begun_per_clock_hour(short, zone)
    rows = shop.table("days")
    days = {date.fromisoformat(row["day"]): int(row["visits"]) for row in rows}
    true_days = begun_per_day(short, zone)
    assert days == {day: true_days.get(day, 0) for day in shop.days}
    come = {(visit.begin.astimezone(zone).date(), visit.mac) for visit in short}
    devices = {date.fromisoformat(row["day"]): int(row["devices"]) for row in rows}
    assert Counter(day for day, _ in come) == {d: n for d, n in devices.items() if n}
    first = Counter(
        min(visit.begin for visit in shop.visits if visit.mac == mac)
        .astimezone(zone)
        .date()
        for mac in {visit.mac for visit in short}
    )
    assert {day: first[day] for day in shop.days} == {
        date.fromisoformat(row["day"]): int(row["new_devices"]) for row in rows
    }
    lengths = [int(row["visits"]) for row in shop.table("dwell")]
    assert sum(lengths) == len(short)
    assert lengths[1] == sum(60 <= visit.lasts_s < 300 for visit in short)


def check_correlation(shop: Shop) -> None:
    shown = {
        (row["serial"], row["zone_id"], utc(row["time_in"])): int(row["devices"])
        for row in shop.table("presences")
    }
    true = {
        (one.presence.serial, one.presence.zone_id, iso(one.presence.time_in)): one
        for one in shop.matches
    }
    assert shown == {key: len(match.visits) for key, match in true.items()}
    zones = {
        row["serial"]: tuple(
            int(row[name]) for name in ("presences", "presences_with_device", "devices")
        )
        for row in shop.table("zones")
    }
    true_zones = {}
    for serial in {match.presence.serial for match in shop.matches}:
        here = [match for match in shop.matches if match.presence.serial == serial]
        near = [len(match.visits) for match in here]
        true_zones[serial] = (len(here), sum(map(bool, near)), sum(near))
    assert zones == true_zones
    # The page shows how many visits that were near matched.
    begin, end = shop.days[0].isoformat(), shop.days[-1].isoformat()
    address = f"/wifi/correlation?from={begin}&to={end}&radio=wifi"
    page = " ".join(shop.viewer.get(address).text.split())
    near_by = [visit for visit in shop.short if visit.stays]
    share = 100 * len(near_visits(shop.matches)) / len(near_by)
    assert f"{share:.0f}%" in page
    assert f"of {len(near_by)} visits near a camera matched" in page


def check_all(shop: Shop) -> None:
    check_visits(shop)
    check_activity(shop)
    check_correlation(shop)


@pytest.mark.slow
def test_a_day_of_version_2_is_shown_as_it_was(tmp_path: Path) -> None:
    """Each access point posts for itself: a phone is near the loudest."""
    world = a_world(1, Mix(things=False), access_points=2)
    with posted(tmp_path, world, 2) as shop:
        check_all(shop)


@pytest.mark.slow
def test_a_weekend_with_a_change_of_clocks_is_shown_as_it_was(tmp_path: Path) -> None:
    """Two days on which people come and come again, and a closed one of 23 hours."""
    with posted(tmp_path, a_world(3, MIXED, FRIDAY), 3, FAULTS) as shop:
        come = [
            {visit.mac for visit in shop.short if shop.day_of(visit) == day}
            for day in shop.days
        ]
        assert come[0] & come[1]
        assert come[1] - come[0]
        assert shop.world.end - shop.world.begin == timedelta(hours=71)
        check_all(shop)
