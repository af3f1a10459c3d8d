"""Counts in the Dashboard's formats, documented and possible."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Response

from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.clients.meraki.zones import Count, CountedZone, ZoneKind
from mvsnap.clock import SystemClock
from mvsnap.domain import FULL_FRAME, ZoneId
from mvsnap.errors import UpstreamError
from mvsnap.simulator.faults import Fault
from mvsnap.simulator.meraki.cameras import ORGANIZATION_ID
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from tests.clients.fakes import NOON, SERIAL, answering

ZONE, AREA, LINE = (ZoneId(f"{n}204100000000001") for n in ("", "a", "l"))
ENTRANCE = ZoneId("20410000000000101")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def recently(hours: float) -> tuple[datetime, datetime]:
    """Return so many whole hours, well in the past."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - HOUR
    return end - hours * HOUR, end


def test_a_camera_says_whether_sense_is_on(
    dashboard: Dashboard, fake_dashboard: FakeDashboard
) -> None:
    assert dashboard.analytics.has_sense(SERIAL)
    fake_dashboard.cameras[SERIAL].sense = False
    assert not dashboard.analytics.has_sense(SERIAL)


def test_zones_have_an_id_a_kind_and_a_label(dashboard: Dashboard) -> None:
    assert dashboard.analytics.zones(SERIAL) == [
        CountedZone(SERIAL, FULL_FRAME, ZoneKind.ZONE, "Full Frame"),
        CountedZone(SERIAL, ENTRANCE, ZoneKind.ZONE, "Entrance"),
    ]


def test_the_overview_of_a_day_is_the_sum_of_its_minutes(dashboard: Dashboard) -> None:
    since, until = recently(14)
    found = dashboard.analytics.overview(SERIAL, since, until)
    minutes = dashboard.analytics.history(SERIAL, ENTRANCE, since, until)
    assert set(found) == {FULL_FRAME, ENTRANCE}
    assert found[ENTRANCE].entrances == sum(count.entrances for count in minutes)
    assert len(minutes) == 14 * 60
    assert minutes[0].ended_at - minutes[0].began_at == MINUTE
    assert any(count.average_people for count in minutes)


def test_times_are_sent_in_utc_and_without_a_timespan(
    dashboard: Dashboard, fake_dashboard: FakeDashboard
) -> None:
    since, until = recently(1)
    dashboard.analytics.history(SERIAL, ENTRANCE, since, until)
    assert fake_dashboard.asked[-1].query == {
        "t0": f"{since:%Y-%m-%dT%H}:00:00.000Z",
        "t1": f"{until:%Y-%m-%dT%H}:00:00.000Z",
        "resolution": "60",
    }


def test_areas_and_lines_of_all_cameras_are_named(dashboard: Dashboard) -> None:
    found = dashboard.analytics.boundaries(ORGANIZATION_ID)
    assert CountedZone(SERIAL, AREA, ZoneKind.AREA, "Entrance") in found
    assert CountedZone(SERIAL, LINE, ZoneKind.LINE, "Door line") in found
    assert len(found) == 6


def test_line_crossings_are_counted_by_the_minute(
    dashboard: Dashboard, fake_dashboard: FakeDashboard
) -> None:
    since, until = recently(2)
    found = dashboard.analytics.crossings(ORGANIZATION_ID, [AREA, LINE], since, until)
    assert {zone_id: len(counts) for zone_id, counts in found.items()} == {
        AREA: 120,
        LINE: 120,
    }
    query = fake_dashboard.asked[-1].query
    assert query["boundaryIds[]"] == [AREA, LINE]
    assert query["ranges[]interval"] == "60"


def test_an_interval_that_is_refused_is_not_tried_again(
    dashboard: Dashboard, fake_dashboard: FakeDashboard
) -> None:
    fake_dashboard.finest_interval_s = 300
    since, until = recently(1)
    for _ in range(2):
        found = dashboard.analytics.crossings(ORGANIZATION_ID, [LINE], since, until)
        assert len(found[LINE]) == 12
    asked = [call.query["ranges[]interval"] for call in fake_dashboard.asked]
    assert asked == ["60", "300", "300"]


def test_what_is_refused_at_every_interval_says_nothing_of_intervals(
    dashboard: Dashboard, fake_dashboard: FakeDashboard
) -> None:
    fake_dashboard.finest_interval_s = 86_400
    since, until = recently(1)
    with pytest.raises(UpstreamError):
        dashboard.analytics.crossings(ORGANIZATION_ID, [LINE], since, until)
    fake_dashboard.finest_interval_s = 60
    found = dashboard.analytics.crossings(ORGANIZATION_ID, [LINE], since, until)
    assert len(found[LINE]) == 60


def test_no_question_has_more_rows_than_an_answer_may_hold(
    dashboard: Dashboard, fake_dashboard: FakeDashboard
) -> None:
    since, until = recently(14)
    found = dashboard.analytics.crossings(ORGANIZATION_ID, [AREA, LINE], since, until)
    assert [len(counts) for counts in found.values()] == [840, 840]
    assert len(fake_dashboard.asked) == 2


def test_a_line_has_one_count_for_a_day(dashboard: Dashboard) -> None:
    since, until = recently(24)
    (day,) = dashboard.analytics.crossings_in_all(
        ORGANIZATION_ID, [LINE], since, until
    ).values()
    assert (day.began_at, day.ended_at, day.average_people) == (since, until, None)
    assert day.entrances > 0


def test_retired_zones_are_an_error_that_needs_no_retry(
    dashboard: Dashboard, fake_dashboard: FakeDashboard
) -> None:
    fake_dashboard.zones_retired = True
    with pytest.raises(UpstreamError) as caught:
        dashboard.analytics.zones(SERIAL)
    assert not caught.value.retry


@pytest.mark.parametrize("kind", ["429", "500-html", "html-200", "reset"])
def test_an_outage_is_a_temporary_error(
    dashboard: Dashboard, fake_dashboard: FakeDashboard, kind: str
) -> None:
    fake_dashboard.faults.add(Fault(kind, seconds=3))
    with pytest.raises(UpstreamError) as caught:
        dashboard.analytics.overview(SERIAL, *recently(1))
    assert caught.value.retry


def asked_of(body: Any) -> Any:
    """Return a context in which every question is answered with this."""
    return answering(
        lambda _method, _path: Response(
            json.dumps(body), content_type="application/json"
        )
    )


def analytics_at(origin: str) -> Any:
    return Dashboard(origin, "key", clock=SystemClock(), timeout_s=5).analytics


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"startTs": None, "entrances": 5},
        {"startTs": "yesterday", "entrances": 5},
        {"startTs": 5, "entrances": 5},
    ],
)
def test_a_row_without_its_time_is_left_out(row: dict[str, Any]) -> None:
    with asked_of([row, "no row", None]) as origin:
        found = analytics_at(origin).history(SERIAL, ZONE, NOON, NOON + HOUR)
    assert found == []


@pytest.mark.parametrize(
    ("given", "entrances", "people"),
    [
        ({"entrances": "7", "averageCount": "1.5"}, 7, 1.5),
        ({"entrances": None, "averageCount": None}, 0, None),
        ({"entrances": -3, "averageCount": float("nan")}, 0, None),
        ({}, 0, None),
    ],
)
def test_odd_numbers_are_read_as_far_as_they_go(
    given: dict[str, Any], entrances: int, people: float | None
) -> None:
    row = {"startTs": "2026-03-04T12:05:00Z"} | given
    with asked_of([row]) as origin:
        (found,) = analytics_at(origin).history(SERIAL, ZONE, NOON, NOON + HOUR)
    begin = NOON + 5 * MINUTE
    assert found == Count(begin, begin + MINUTE, entrances, people)


def test_results_and_boundaries_may_come_as_lists() -> None:
    result = {"startTime": "2026-03-04T12:05:00Z", "objectType": "person", "in": 4}
    vehicle = result | {"objectType": "vehicle"}
    rows = [{"boundaryId": LINE, "results": [result, vehicle]}]
    with asked_of(rows) as origin:
        found = analytics_at(origin).crossings("1", [LINE], NOON, NOON + HOUR)
    assert [count.entrances for count in found[LINE]] == [4]
    boundaries = [{"id": "a1", "label": "Till"}, {"id": None}, 5]
    with asked_of([{"serial": SERIAL, "boundaries": boundaries}]) as origin:
        areas = analytics_at(origin).boundaries("1")
    assert areas[0] == CountedZone(SERIAL, ZoneId("a1"), ZoneKind.AREA, "Till")
    assert len(areas) == 2  # the same answer for areas and for lines


def test_calls_in_the_background_leave_most_of_the_budget() -> None:
    from mvsnap.clients.meraki.budget import RequestBudget, SpareBudget
    from tests.clients.fakes import FakeClock

    clock = FakeClock()
    shared = RequestBudget(clock, per_s=10, burst=9, borrow=8)
    spare = SpareBudget(shared, clock, per_s=2)
    for _ in range(9):
        spare.acquire(urgent=True)
    assert clock.monotonic() == pytest.approx(4.0)
    clock.asleep.clear()
    for _ in range(16):
        shared.acquire(urgent=True)
    assert clock.asleep == []
