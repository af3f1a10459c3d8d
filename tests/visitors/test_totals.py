"""Totals of a period beside the one before, the average week, entrances together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from mvsnap.domain import FULL_FRAME, ZoneId
from mvsnap.visitors.rules import HourCount, comparable, last_days
from tests.visitors.page_build import (
    DAY,
    DOOR,
    GATE,
    HALL,
    HOUR,
    LINE,
    MIDNIGHT,
    NOW,
    build,
    count_day,
    know,
    table,
    words,
)
from tests.web.build import DOOR as DOOR_TEXT
from tests.web.build import GATE as GATE_TEXT
from tests.web.build import READER, Web

BERLIN = ZoneInfo("Europe/Berlin")
ENTRANCES = [{"name": "Main entrance", "zones": [f"{GATE}/{HALL}", f"{GATE}/{LINE}"]}]


@pytest.fixture
def web(tmp_path: Path) -> Web:
    hours = {"mon-sat": "9-20"}
    visitors = {"opening_hours": hours, "entrances": ENTRANCES}
    return build(tmp_path, visitors=visitors)


def fill(
    web: Web, *, zone_id: ZoneId = HALL, days: int = 15, an_hour: int = 10
) -> None:
    """Count as many in each hour, of days from today back; 14 hours of today."""
    for ago in range(days):
        begin, hours = MIDNIGHT - ago * DAY, 24 if ago else 14
        count_day(web, an_hour * hours, zone_id=zone_id, days_ago=ago)
        counted = [HourCount(begin + n * HOUR, an_hour, 1.0) for n in range(hours)]
        web.visitors.keep_hours(GATE, zone_id, (begin, begin + DAY), counted, NOW)


def answer(client: FlaskClient, **asked: Any) -> Any:
    found = client.get("/api/v1.0/visitors", query_string=asked)
    assert found.status_code == 200, found.text
    return found.get_json()


def test_what_is_over_is_compared_with_the_same_of_the_period_before() -> None:
    days = last_days(NOW.astimezone(BERLIN).date(), BERLIN, 7)
    so_far, before = comparable(days, 7, BERLIN, NOW)
    assert len(so_far.days) == len(before.days) == 6
    # At 14:20 the counts of 13:00 to 14:00 may still be asked for.
    assert so_far.spans[-1][1] == datetime(2026, 7, 1, 11, tzinfo=UTC)
    assert before.spans[-1][1] == so_far.spans[-1][1] - 7 * DAY
    assert before.spans[0][0] == so_far.spans[0][0] - 7 * DAY


def test_hours_of_a_day_with_other_clocks_are_those_of_the_same_name() -> None:
    now = datetime(2026, 3, 29, 10, 0, tzinfo=UTC)  # clocks went forward at 2:00
    days = last_days(now.astimezone(BERLIN).date(), BERLIN, 1)
    so_far, before = comparable(days, 7, BERLIN, now)
    assert len(so_far.hours) == len(before.hours) == 10
    assert before.hours[2][0].astimezone(BERLIN).hour == 3


def test_a_week_is_shown_beside_the_week_before(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, HALL, "Hall"))
    fill(web, days=7, an_hour=10)
    for ago in range(7, 14):
        count_day(web, 120, days_ago=ago)
    begin = MIDNIGHT - 7 * DAY
    hours = [HourCount(begin + n * HOUR, 5) for n in range(24)]
    web.visitors.keep_hours(GATE, HALL, (begin, begin + DAY), hours, NOW)
    totals = answer(viewer)["totals"]
    assert totals["entrances"] == 6 * 240 + 140
    assert totals["compared"] == {
        "so_far": 6 * 240 + 130,
        "before": 6 * 120 + 13 * 5,
        "percent": 100.0,
    }
    assert totals["a_day"] == 240.0
    page = words(viewer.get("/visitors").text)
    assert "1,580 entrances so far" in page
    assert "+100%" in page
    assert "not over yet" in page
    assert "before: 785" in page


def test_without_a_whole_period_before_there_is_nothing_to_compare_with(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, HALL, "Hall"))
    fill(web, days=13)  # a day is missing
    assert answer(viewer)["totals"]["compared"] is None
    assert "There is nothing to compare with" in words(viewer.get("/visitors").text)
    assert "–" in table(viewer.get("/visitors").text)[0]


def test_a_day_is_compared_with_the_same_one_of_the_week_before(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, HALL, "Hall"))
    fill(web, days=8)
    compared = answer(viewer, day="2026-07-01", days="1")
    assert compared["before"]["since"] == "2026-06-23T22:00:00.000Z"
    assert compared["totals"]["compared"]["percent"] == 0.0


def test_nobody_before_is_no_percentage(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, HALL, "Hall"))
    fill(web, days=7)
    for ago in range(7, 14):
        count_day(web, 0, days_ago=ago)
    begin = MIDNIGHT - 7 * DAY
    hours = [HourCount(begin + n * HOUR, 0) for n in range(24)]
    web.visitors.keep_hours(GATE, HALL, (begin, begin + DAY), hours, NOW)
    assert answer(viewer)["totals"]["compared"]["percent"] is None
    assert viewer.get("/visitors").status_code == 200


def test_zones_of_an_entrance_are_added_up(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, HALL, "Hall"), (GATE, LINE, "Line"), (GATE, FULL_FRAME, ""))
    fill(web)
    fill(web, zone_id=LINE, an_hour=1)
    fill(web, zone_id=FULL_FRAME, an_hour=100)
    found = answer(viewer)
    (main,) = found["entrances"]
    assert (main["name"], main["entrances"]) == ("Main entrance", 7 * 264 - 110)
    assert found["totals"]["entrances"] == main["entrances"]
    assert found["chart"]["series"] == ["Main entrance"]
    assert "Main entrance" in words(viewer.get("/visitors").text)


def test_the_average_of_each_hour_of_the_week_is_shown(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, HALL, "Hall"))
    fill(web)
    week = answer(viewer)["week"]
    assert len(week) == 168
    # Wednesday from 13:00 on: last week's is not in the period.
    assert (week[0], week[2 * 24 + 12], week[2 * 24 + 13]) == (10.0, 10.0, None)
    page = viewer.get("/visitors").text
    assert "Average entrances by weekday and hour" in page
    assert "heat-closed" in page
    assert answer(viewer, days="1")["week"] is None


def test_opening_hours_limit_all_numbers(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, HALL, "Hall"))
    fill(web)
    # Thu to Sat, Mon, Tue: 11 hours each; Wed: 9:00 to 14:00; closed on Sunday.
    found = answer(viewer, opening="yes")
    assert found["totals"]["entrances"] == 10 * (5 * 11 + 5)
    assert found["totals"]["compared"]["percent"] == 0.0
    assert [bar["values"] for bar in found["chart"]["bars"]][3] == [None]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"opening": "maybe"}, "opening"),
        ({"opening": "yes", "hour_from": "8"}, "opening"),
        ({"days": "2"}, "days"),
        ({"day": "2026-13-01"}, "day"),
        ({"serial": "x"}, "serial"),
        ({"sort": "x"}, "sort"),
        ({"limit": "1"}, "limit"),
    ],
)
def test_what_is_asked_wrongly_is_named(
    viewer: FlaskClient, asked: dict[str, str], field: str
) -> None:
    found = viewer.get("/api/v1.0/visitors", query_string=asked)
    assert found.status_code == 400
    assert field in found.get_json()["error"]["message"]


def test_the_api_needs_a_key_with_the_scope(web: Web) -> None:
    for path in ("visitors", f"visitors/{GATE}/{HALL}"):
        assert web.client(None).get(f"/api/v1.0/{path}").status_code == 401
    assert web.client(READER).get("/api/v1.0/visitors").status_code == 200


def test_a_key_of_one_camera_learns_nothing_of_another(tmp_path: Path) -> None:
    key = {"name": "gate", "key": "a-key-of-the-gate-only", "scopes": ["read"]}
    web = build(
        tmp_path,
        api_keys=[key | {"cameras": [GATE_TEXT]}],
        visitors={"entrances": [{"name": "All", "zones": [GATE_TEXT, DOOR_TEXT]}]},
    )
    know(web, (GATE, FULL_FRAME, ""), (DOOR, FULL_FRAME, ""))
    count_day(web, 7, zone_id=FULL_FRAME)
    count_day(web, 9, serial=DOOR, zone_id=FULL_FRAME)
    client = web.client(key["key"])  # type: ignore[arg-type]  # a text
    found = answer(client)
    assert [zone["serial"] for zone in found["zones"]] == [GATE]
    assert (found["totals"]["entrances"], found["entrances"]) == (7, [])
    assert client.get(f"/api/v1.0/visitors?serial={DOOR}").status_code == 403
    assert client.get(f"/api/v1.0/visitors/{DOOR}/0").status_code == 404


def test_the_hours_of_a_zone_are_read(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, HALL, "Hall"))
    fill(web)
    found = viewer.get(f"/api/v1.0/visitors/{GATE}/{HALL}").get_json()
    assert (len(found["hours"]), found["entrances"]) == (14, 130)
    assert found["hours"][-1]["is_over"] is False
    day = viewer.get(f"/api/v1.0/visitors/{GATE}/{HALL}?day=2026-06-30").get_json()
    assert (len(day["hours"]), day["entrances"]) == (24, 240)
    assert viewer.get(f"/api/v1.0/visitors/{GATE}/none").status_code == 404
    assert viewer.get("/api/v1.0/visitors/x/0").status_code == 404
    wrong = viewer.get(f"/api/v1.0/visitors/{GATE}/{HALL}?day=x")
    assert wrong.status_code == 400
