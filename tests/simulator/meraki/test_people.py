"""Simulated people come at plausible hours, and always the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from mvsnap.domain import FULL_FRAME, Serial, ZoneId
from mvsnap.simulator.meraki.app import dashboard_app
from mvsnap.simulator.meraki.cameras import (
    ORGANIZATION_ID,
    line_of,
    new_camera,
    zone_of,
)
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.meraki.people import minutes
from mvsnap.simulator.server import serve

CAMERA = new_camera(1)
HOUR = timedelta(hours=1)
# A Wednesday; the camera hangs in Berlin.
NOON = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
NIGHT = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)


def entrances(begin: datetime, zone_id: ZoneId = FULL_FRAME) -> int:
    return sum(row.entrances for row in minutes(CAMERA, zone_id, begin, begin + HOUR))


def test_more_come_at_noon_than_at_night() -> None:
    assert entrances(NOON) > 100
    assert entrances(NIGHT) < 20


def test_the_same_minute_always_has_the_same_people() -> None:
    once = list(minutes(CAMERA, FULL_FRAME, NOON, NOON + HOUR))
    assert list(minutes(CAMERA, FULL_FRAME, NOON, NOON + HOUR)) == once
    assert len(once) == 60


def test_who_is_in_a_zone_is_in_the_full_frame_too() -> None:
    zones = zip(
        minutes(CAMERA, zone_of(CAMERA), NOON, NOON + HOUR),
        minutes(CAMERA, FULL_FRAME, NOON, NOON + HOUR),
        strict=True,
    )
    assert all(part.entrances <= whole.entrances for part, whole in zones)
    assert 0 < entrances(NOON, line_of(CAMERA)) < entrances(NOON)


def test_a_camera_that_went_offline_has_counted_nobody_since() -> None:
    camera = new_camera(1)
    camera.status, camera.away_since = "offline", NOON
    found = list(minutes(camera, FULL_FRAME, NOON - HOUR, NOON + HOUR))
    assert any(row.entrances for row in found[:60])
    assert not any(row.entrances or row.average_people for row in found[60:])
    camera.status = "online"
    back = list(minutes(camera, FULL_FRAME, NOON, NOON + HOUR))
    assert any(row.entrances for row in back)


def test_minutes_with_published_counts_have_those() -> None:
    def published(_serial: Serial, _zone_id: ZoneId, at: datetime) -> int | None:
        return None if at < NOON else 4 if at.second >= 30 else 0

    before, after = minutes(
        CAMERA, FULL_FRAME, NOON - HOUR / 60, NOON + HOUR / 60, published
    )
    assert before.entrances != 4
    # 32, 36 ... 56: seven of fifteen polls.
    assert (after.entrances, after.average_people) == (4, 1.87)


@pytest.fixture
def dashboard() -> Iterator[tuple[FakeDashboard, str]]:
    fake = FakeDashboard()
    with serve(dashboard_app(fake)) as url:
        yield fake, f"{url}/api/v1"


def asked(dashboard: tuple[FakeDashboard, str], path: str, **query: Any) -> Any:
    fake, url = dashboard
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {fake.api_key}"
        return session.get(url + path, params=query, timeout=10)


OVERVIEW = f"/devices/{CAMERA.serial}/camera/analytics/overview"
HISTORY = f"/devices/{CAMERA.serial}/camera/analytics/zones/0/history"
DETECTIONS = (
    f"/organizations/{ORGANIZATION_ID}/camera/detections/history/byBoundary/byInterval"
)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        pytest.param(OVERVIEW, {"timespan": 604800}, 200, id="7 days"),
        pytest.param(OVERVIEW, {"timespan": 604801}, 400, id="more than 7 days"),
        pytest.param(HISTORY, {"timespan": 50400}, 200, id="14 hours"),
        pytest.param(HISTORY, {"timespan": 50401}, 400, id="more than 14 hours"),
        pytest.param(HISTORY, {"resolution": 300}, 400, id="another resolution"),
        pytest.param(HISTORY, {"t0": "yesterday"}, 400, id="no time"),
        pytest.param(
            OVERVIEW, {"timespan": 60, "t0": "2026-01-02T00:00:00Z"}, 400, id="both"
        ),
        pytest.param(OVERVIEW, {"t0": "2020-01-01T00:00:00Z"}, 400, id="long ago"),
        pytest.param(OVERVIEW, {"objectType": "dog"}, 400, id="no such object"),
        pytest.param(HISTORY.replace("/0/", "/7/"), {}, 404, id="no such zone"),
        pytest.param(DETECTIONS, {}, 400, id="no boundaries"),
        pytest.param(DETECTIONS, {"boundaryIds[]": "l1"}, 400, id="no ranges"),
    ],
)
def test_the_dashboard_takes_what_the_real_one_takes(
    dashboard: tuple[FakeDashboard, str], path: str, query: dict[str, Any], status: int
) -> None:
    assert asked(dashboard, path, **query).status_code == status


def test_a_camera_without_sense_counts_nobody(
    dashboard: tuple[FakeDashboard, str],
) -> None:
    fake, _ = dashboard
    fake.cameras[CAMERA.serial].sense = False
    assert asked(dashboard, OVERVIEW).json() == []
    sense = f"/devices/{CAMERA.serial}/camera/sense"
    assert asked(dashboard, sense).json()["senseEnabled"] is False


def test_retired_zones_are_gone_and_lines_are_not(
    dashboard: tuple[FakeDashboard, str],
) -> None:
    fake, _ = dashboard
    fake.zones_retired = True
    assert asked(dashboard, OVERVIEW).status_code == 404
    lines = f"/organizations/{ORGANIZATION_ID}/camera/boundaries/lines/byDevice"
    assert len(asked(dashboard, lines).json()) == 3
    one = {"serials[]": CAMERA.serial}
    (row,) = asked(dashboard, lines, **one).json()
    assert row["boundaries"]["id"] == line_of(CAMERA)


def test_recent_and_live_include_each_zone(
    dashboard: tuple[FakeDashboard, str],
) -> None:
    recent = asked(dashboard, OVERVIEW.replace("overview", "recent")).json()
    live = asked(dashboard, OVERVIEW.replace("overview", "live")).json()
    assert [row["zoneId"] for row in recent] == [0, int(zone_of(CAMERA))]
    assert set(live["zones"]) == {FULL_FRAME, zone_of(CAMERA)}
