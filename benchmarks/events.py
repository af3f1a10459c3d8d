"""Events: do their pages stay as fast with 1,000,000 events as with 10,000?

The whole of a request is measured, in the process of the application, as with badge
events: both stores take turns, because the machine is never the same for long.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import insert

from benchmarks.line import Line
from mvsnap.domain import (
    Camera,
    Event,
    EventId,
    EventKind,
    JobId,
    Role,
    Serial,
    Trigger,
    TriggerKind,
    ZoneId,
)
from mvsnap.store.event_rows import event_row
from mvsnap.store.tables import events as events_table
from mvsnap.texts.wordings import CAMERA_OFFLINE
from tests.web.build import Web

FEW, MANY = 10_000, 1_000_000
CAMERAS = 16
KINDS = (EventKind.SNAPSHOT, EventKind.CROWD, EventKind.END, EventKind.ALARM)
SEVERITIES = ("critical", "warning", "info")
BATCH = 5_000
ROUNDS = 30
SPACING = timedelta(seconds=20)
REFERENCE = f"the same with {FEW:,} events"
GOAL = "<= 1.5"
# As many events are looked at as a page ever looks at: its price has a limit.
NOWHERE = "a search that finds nothing"
PAGES = {
    "the list": "/events",
    "the list as the page polls it": "/events/rows",
    "a page in the middle": "/events?after={middle}",
    "its filter by camera": "/events?camera={serial}",
    "its filter by camera and kind": "/events?camera={serial}&kind=alarm",
    "its filter by kind": "/events?kind=crowd",
    "its filter by a day": "/events?day={day}",
    "its filter by a shift": "/events?day={day}&hour_from=22&hour_to=6",
    "its filter by failures": "/events?state=failed",
    "its search by text and severity": "/events?text=carton&severity=critical",
    "one event with its job": "/events/{middle}",
    "the overview": "/",
    "crowd events": "/crowd-events",
    "the API": "/api/v1.0/events?since={ago}",
    NOWHERE: "/events?text=nowhere",
}


@dataclass(frozen=True)
class History:
    """A gateway with events and somebody who is logged in."""

    client: FlaskClient
    middle: Event
    newest: datetime

    def seconds(self, page: str) -> float:
        address = page.format(
            middle=self.middle.id,
            serial=self.middle.serial,
            day=f"{self.middle.occurred_at:%Y-%m-%d}",
            ago=f"{self.newest - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        )
        began = time.perf_counter()
        answer = self.client.get(address)
        spent = time.perf_counter() - began
        if answer.status_code != 200:
            raise RuntimeError(f"{address} was answered {answer.status_code}")
        return spent


def events() -> list[Line]:
    with tempfile.TemporaryDirectory() as name:
        homes = [Path(name) / str(number) for number in (FEW, MANY)]
        for home in homes:
            home.mkdir()
        webs = [Web(home) for home in homes]
        few, many = (
            fill(web, number) for web, number in zip(webs, (FEW, MANY), strict=True)
        )
        lines = [compare(what, few, many) for what in PAGES]
        for web in webs:
            web.close()
        return lines


def compare(what: str, few: History, many: History) -> Line:
    spans_s: dict[int, list[float]] = {FEW: [], MANY: []}
    for _ in range(ROUNDS):
        for number, history in ((FEW, few), (MANY, many)):
            spans_s[number].append(history.seconds(PAGES[what]))
    small, large = (statistics.median(spans_s[number]) for number in (FEW, MANY))
    text = f"{large / small:.2f} ({large * 1000:.0f} ms)"
    goal = "-" if what == NOWHERE else GOAL
    return Line(f"events, {what}, {MANY:,} events", REFERENCE, goal, text)


def fill(web: Web, number: int) -> History:
    now = datetime.now(UTC)
    serials = [Serial(f"Q2SM-0000-{n:04}") for n in range(CAMERAS)]
    cameras = [Camera(s, f"Camera {s[-2:]}", "MV12W", "N_1") for s in serials]
    web.site.keep_cameras(cameras, now)
    made = (happened(n, serials, now - SPACING * n) for n in range(number))
    while some := list(islice(made, BATCH)):
        with web.store._db.writing() as connection:
            connection.execute(insert(events_table), [event_row(one) for one in some])
    half = number // 2
    return History(
        web.log_in(Role.REVIEWER), happened(half, serials, now - SPACING * half), now
    )


def happened(n: int, serials: list[Serial], at: datetime) -> Event:
    kind = KINDS[n % len(KINDS)]
    is_alarm = kind is EventKind.ALARM
    in_zone = kind in (EventKind.CROWD, EventKind.END)
    details: dict[str, str | int | float] = {"people": n % 9, "limit": 3}
    if is_alarm:
        text = "Take the carton off the belt, then press reset."
        severity = SEVERITIES[n // len(KINDS) % len(SEVERITIES)]
        details = {"device": f"Robot {n % 20}", "severity": severity, "text": text}
    return Event(
        id=EventId(f"event-{n}"),
        kind=kind,
        occurred_at=at,
        recorded_at=at + timedelta(seconds=4),
        serial=serials[n // len(KINDS) % CAMERAS],
        job_id=JobId(f"job-{n}"),
        trigger=Trigger(
            TriggerKind.WEBHOOK if is_alarm else TriggerKind.HTTP, "line 3"
        ),
        camera_name="Hall",
        title=f"Robot {n % 20} stopped" if is_alarm else "",
        zone_id=ZoneId("0") if in_zone else None,
        zone_name="Full Frame" if in_zone else "",
        error=CAMERA_OFFLINE() if n % 50 == 0 else None,
        details=details if is_alarm or in_zone else {},
    )
