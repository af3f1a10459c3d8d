"""Events: do their pages stay as fast with 1,000,000 events as with 10,000?

Both stores have as many events a day, and of each day that a page looks at: 10,000 are
nine days, today and the same weekday before among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import Insert, func, insert, select

from benchmarks.line import Line
from benchmarks.side_by_side import Comparison
from mvsnap.clock import iso
from mvsnap.domain import (
    Camera,
    Event,
    EventId,
    EventKind,
    JobId,
    Serial,
    Trigger,
    TriggerKind,
    ZoneId,
)
from mvsnap.store.events.rows import event_row
from mvsnap.store.tables import events as table
from mvsnap.texts.wordings import CAMERA_OFFLINE
from tests.web.build import Web

FEW, MANY = 10_000, 1_000_000
CAMERAS = 16
KINDS = (EventKind.SNAPSHOT, EventKind.CROWD, EventKind.END, EventKind.ALARM)
SEVERITIES = ("critical", "warning", "info")
SPACING = timedelta(seconds=75)
# How SQLite keeps a moment.
_MOMENT = "%Y-%m-%d %H:%M:%f000"
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


def events() -> list[Line]:
    return Comparison("events", "events", FEW, MANY, fill, PAGES, NOWHERE).lines()


def fill(web: Web, number: int) -> Mapping[str, str]:
    now = datetime.now(UTC)
    serials = [Serial(f"Q2SM-0000-{n:04}") for n in range(CAMERAS)]
    cameras = [Camera(s, f"Camera {s[-2:]}", "MV12W", "N_1") for s in serials]
    web.site.keep_cameras(cameras, now)
    made = [happened(n, serials, now - SPACING * n) for n in range(FEW)]
    with web.store._db.writing() as connection:
        # Made once from all rows: quicker than to find the place of each.
        for index in table.indexes:
            index.drop(connection)
        connection.execute(insert(table), [event_row(one) for one in made])
        for times in range(1, number // FEW):
            connection.execute(again(times))
        for index in table.indexes:
            index.create(connection)
    half = number // 2
    middle = made[half % FEW]
    at = middle.occurred_at - SPACING * (half - half % FEW)
    return {
        "middle": middle.id + (f"-{half // FEW}" if half >= FEW else ""),
        "serial": middle.serial,
        "day": f"{at:%Y-%m-%d}",
        "ago": iso(now - timedelta(hours=1)),
    }


def again(times: int) -> Insert:
    """Return what adds the first events once more, before all those there are."""
    first = table.c
    earlier = f"-{(SPACING * FEW * times).total_seconds()} seconds"
    changed = {
        "id": first.id + f"-{times}",
        "job_id": first.job_id + f"-{times}",
        "occurred_at": func.strftime(_MOMENT, first.occurred_at, earlier),
        "recorded_at": func.strftime(_MOMENT, first.recorded_at, earlier),
    }
    columns = [changed.get(column.name, column) for column in first]
    rows = select(*columns).where(first.id.not_like("event-%-%"))
    return insert(table).from_select(first.keys(), rows)


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
