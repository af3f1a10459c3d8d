"""What cameras counted at a shop, for its pages of visitors."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.clients.meraki.zones import CountedZone, ZoneKind
from mvsnap.domain import Camera, Presence, Serial, ZoneId
from mvsnap.store.sense import Findings
from mvsnap.visitors.model import CountingCamera, DayCount
from mvsnap.visitors.rules import HourCount
from tests.web.build import DOOR as DOOR_TEXT
from tests.web.build import GATE as GATE_TEXT
from tests.web.build import Web

GATE, DOOR = Serial(GATE_TEXT), Serial(DOOR_TEXT)
HALL, LINE = ZoneId("7"), ZoneId("l1")
# A Wednesday in summer, 14:20 in Berlin.
NOW = datetime(2026, 7, 1, 12, 20, tzinfo=UTC)
MIDNIGHT = datetime(2026, 6, 30, 22, 0, tzinfo=UTC)
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
ZONE_PAGE = f"/visitors/{GATE}/{HALL}"


class StandingClock:
    stopped = False

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def passed_since(self, moment: datetime) -> timedelta:
        return NOW - moment

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"a page waits for {seconds} s")


def build(folder: Path, **settings: Any) -> Web:
    """Return the web of a site in Berlin whose Dashboard is known."""
    return Web(
        folder,
        clock=StandingClock(),
        site={"timezone": "Europe/Berlin"},
        meraki={"api_key": "a-dashboard-key"},
        **settings,
    )


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return build(tmp_path)


def know(web: Web, *zones: tuple[Serial, ZoneId, str], kind: str = "zone") -> None:
    """Let the Dashboard have named cameras and zones."""
    names = {GATE: "Gate north", DOOR: "Back door"}
    cameras = [Camera(s, name, "MV12", "N_1") for s, name in names.items()]
    web.site.keep_cameras(cameras, NOW)
    for serial in dict.fromkeys(serial for serial, _, _ in zones):
        web.visitors.keep_camera(CountingCamera(serial, True, NOW))
        web.visitors.keep_zones(
            serial,
            [
                CountedZone(serial, zone_id, ZoneKind(kind), label)
                for s, zone_id, label in zones
                if s == serial
            ],
        )


def count_day(
    web: Web,
    entrances: int,
    people: float | None = 1.0,
    *,
    serial: Serial = GATE,
    zone_id: ZoneId = HALL,
    days_ago: int = 0,
) -> None:
    begin = MIDNIGHT - days_ago * DAY
    numbers = (entrances, people, 3600.0)
    web.visitors.keep_days(
        [DayCount(serial, zone_id, begin, *numbers, is_over=days_ago > 0)]
    )


def count_hours(web: Web, *hours: HourCount, zone_id: ZoneId = HALL) -> None:
    span = (MIDNIGHT, MIDNIGHT + DAY)
    web.visitors.keep_hours(GATE, zone_id, span, hours, NOW)


def see(web: Web, at: datetime, people: int, zone_id: ZoneId = HALL) -> None:
    seen = Presence(GATE, zone_id, at, at + MINUTE, people)
    web.sense.save(Findings(presences=[seen]), NOW)


def words(html: str) -> str:
    """Return what a person reads."""
    html = re.sub(r"<svg.*?</svg>", " ", html, flags=re.S)
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def table(html: str) -> list[list[str]]:
    """Return the cells of the table of zones, or of hours, as text."""
    rows = html.partition('-rows" role="table"')[2]
    body = rows.partition("<tbody")[2].partition("</tbody>")[0]
    return [
        [words(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, flags=re.S)]
        for row in body.split("</tr>")[:-1]
    ]


def titles(html: str) -> list[str]:
    wide = html.partition("chart-wide")[2].partition("</svg>")[0]
    return re.findall(r"<title>([^<]*)</title>", wide)


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def hour(number: int, entrances: int, **given: Any) -> HourCount:
    begin = MIDNIGHT + number * HOUR
    fields: dict[str, Any] = {
        "average_people": 0.5,
        "busiest_at": begin + 7 * MINUTE,
        "busiest_people": 3.2,
        "busiest_entrances": 5,
    }
    return HourCount(begin, entrances, **(fields | given))
