"""The visitors' pages: who came where and when, from two sources that stay apart."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap import texts
from mvsnap.domain import FULL_FRAME, Serial, ZoneId
from mvsnap.texts.wordings import MERAKI_NO_LIST
from mvsnap.visitors.model import CountingCamera
from mvsnap.visitors.rules import HourCount
from tests.visitors.page_build import (
    DAY,
    DOOR,
    GATE,
    HALL,
    HOUR,
    LINE,
    MIDNIGHT,
    NOW,
    ZONE_PAGE,
    StandingClock,
    count_day,
    count_hours,
    hour,
    know,
    read_csv,
    see,
    table,
    titles,
    words,
)
from tests.visitors.page_build import web as web
from tests.web.build import Web


def test_both_sources_stand_in_columns_of_their_own(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, HALL, "Hall"))
    count_day(web, 40, 2.0)
    count_day(web, 60, 4.0, days_ago=1)
    count_day(web, 999, days_ago=7)
    see(web, NOW - HOUR, 5)
    see(web, NOW - 2 * HOUR, 3, ZoneId("8"))
    assert table(viewer.get("/visitors").text) == [
        ["Gate north", "Hall", "100", "3.0", "5", "–", "Wed 01 Jul 13:21:00"],
        ["Gate north", "Zone 8", "–", "–", "3", "–", "Wed 01 Jul 12:21:00"],
    ]


def test_the_chart_adds_up_the_full_frames_alone(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, FULL_FRAME, "Full Frame"), (GATE, HALL, "Hall"))
    know(web, (DOOR, FULL_FRAME, "Full Frame"))
    count_day(web, 40, zone_id=FULL_FRAME)
    count_day(web, 30, zone_id=HALL)
    count_day(web, 20, serial=DOOR, zone_id=FULL_FRAME)
    html = viewer.get("/visitors").text
    assert titles(html) == [
        "Gate north, Wed 1: 40 entrances so far",
        "Back door, Wed 1: 20 entrances so far",
    ]
    assert "Someone who passes two cameras is counted twice." in html


def test_without_full_frames_the_chart_shows_lines(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, LINE, "Door line"), kind="line")
    count_day(web, 12, None, zone_id=LINE)
    html = viewer.get("/visitors").text
    assert titles(html) == ["Wed 1: 12 entrances so far"]
    assert "crossed each line" in html
    assert table(html)[0][:4] == ["Gate north", "Door line line", "12", "–"]


def test_without_the_dashboard_the_chart_shows_who_was_seen(
    web: Web, viewer: FlaskClient
) -> None:
    see(web, NOW - HOUR, 4, FULL_FRAME)
    see(web, NOW - DAY, 2, FULL_FRAME)
    html = viewer.get("/visitors").text
    assert titles(html) == ["Tue 30: 2 people", "Wed 1: 4 people so far"]
    assert "MV Sense" in words(html)
    assert "entrances" not in words(html).partition("Camera")[0]


def test_many_cameras_share_one_colour_for_the_rest(
    web: Web, viewer: FlaskClient
) -> None:
    for number in range(1, 10):
        serial = Serial(f"Q2SM-0000-000{number}")
        count_day(web, number, serial=serial, zone_id=FULL_FRAME)
    found = titles(viewer.get("/visitors").text)
    assert len(found) == 7
    assert found[0] == "Q2SM-0000-0009, Wed 1: 9 entrances so far"
    assert found[-1] == "3 others, Wed 1: 6 entrances so far"


def test_one_day_is_shown_by_its_hours(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, FULL_FRAME, "Full Frame"))
    count_day(web, 40, zone_id=FULL_FRAME)
    nine = HourCount(MIDNIGHT + 9 * HOUR, 30)
    count_hours(web, nine, HourCount(MIDNIGHT + 10 * HOUR, 10), zone_id=FULL_FRAME)
    html = viewer.get("/visitors?days=1&day=2026-07-01").text
    assert titles(html) == ["09:00: 30 entrances", "10:00: 10 entrances"]
    assert f'href="/visitors/{GATE}/0?day=2026-07-01"' in html


def test_a_day_before_the_first_start_has_its_sum_alone(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, FULL_FRAME, "Full Frame"))
    count_day(web, 40, zone_id=FULL_FRAME, days_ago=3)
    html = viewer.get("/visitors?days=1&day=2026-06-28").text
    assert "Only totals are known for this day" in html
    assert "<svg" not in html


def test_a_camera_can_be_picked(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, HALL, "Hall"), (DOOR, FULL_FRAME, "Full Frame"))
    html = viewer.get(f"/visitors?serial={DOOR.lower()}").text
    assert [row[0] for row in table(html)] == ["Back door"]
    assert f'<option value="{DOOR}" selected>Back door</option>' in html


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", ["Back door", "Gate north", "Gate north"]),
        ("?sort=camera&order=desc", ["Gate north", "Gate north", "Back door"]),
        ("?sort=entrances&order=desc", ["Gate north", "Back door", "Gate north"]),
        ("?sort=entrances", ["Back door", "Gate north", "Gate north"]),
        ("?sort=zone", ["Gate north", "Back door", "Gate north"]),
    ],
)
def test_the_table_is_sorted_and_what_is_unknown_comes_last(
    web: Web, viewer: FlaskClient, query: str, order: list[str]
) -> None:
    know(web, (GATE, HALL, "Area"), (GATE, ZoneId("9"), "Way"), (DOOR, HALL, "Hall"))
    count_day(web, 40)
    count_day(web, 20, serial=DOOR)
    html = viewer.get(f"/visitors{query}").text
    assert [row[0] for row in table(html)] == order


def test_a_heading_turns_its_order_round(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, HALL, "Hall"))
    html = viewer.get("/visitors?sort=entrances&order=desc&days=28").text
    assert 'aria-sort="descending"' in html
    assert "sort=entrances&amp;order=asc" in html
    assert "sort=people&amp;order=desc" in html
    assert html.count('href="/visitors?days=28&amp;sort=') == 6


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("day=yesterday", ">Not a date"),
        ("day=2027-01-01", ">No counts"),
        ("day=0001-01-01", ">Not a date"),
        ("day=1999-12-31", ">No counts"),
        ("days=8", ">&#39;8&#39; (expected one of: 1, 7, 28)"),
        ("serial=x", ">Not a Meraki serial"),
        ("sort=colour", "sort: &#39;colour&#39; (expected one of"),
        ("order=up", "order: &#39;up&#39; (expected one of: asc, desc)"),
    ],
)
def test_a_mistake_is_shown_next_to_its_field(
    web: Web, viewer: FlaskClient, query: str, message: str
) -> None:
    know(web, (GATE, HALL, "Hall"))
    answer = viewer.get(f"/visitors?{query}")
    assert answer.status_code == 400
    assert message in answer.text
    assert table(answer.text)
    assert viewer.get(f"/visitors.csv?{query}").status_code == 400


def test_the_table_can_be_downloaded(web: Web, viewer: FlaskClient) -> None:
    know(web, (GATE, HALL, "=HYPERLINK(1)"))
    count_day(web, 40, 2.0)
    see(web, NOW - HOUR, 5)
    answer = viewer.get("/visitors.csv?days=1&day=2026-07-01")
    assert answer.mimetype == "text/csv"
    assert "mvsnap-visitors.csv" in answer.headers["Content-Disposition"]
    assert answer.is_streamed
    assert read_csv(answer.text) == [
        {
            "since": "2026-07-01T00:00:00.000+02:00",
            "until": "2026-07-02T00:00:00.000+02:00",
            "camera": "Gate north",
            "serial": GATE,
            "zone": "'=HYPERLINK(1)",
            "zone_id": HALL,
            "kind": "zone",
            "entrances": "40",
            "average_people": "2.0",
            "people_seen_at_once": "5",
            "people_seen_last": "2026-07-01T13:21:00.000+02:00",
            "entrances_so_far": "",
            "entrances_before": "",
            "change_percent": "",
        }
    ]


def test_hours_of_the_day_limit_the_table_the_chart_and_the_csv(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, HALL, "Hall"), (DOOR, HALL, "Yard"))
    count_day(web, 40, 2.0)
    count_hours(
        web,
        HourCount(MIDNIGHT + 7 * HOUR, 3, 1.0),
        HourCount(MIDNIGHT + 8 * HOUR, 5, 2.0),
        HourCount(MIDNIGHT + 9 * HOUR, 7, 4.0),
    )
    see(web, MIDNIGHT + 7 * HOUR, 9)
    see(web, MIDNIGHT + 8 * HOUR, 4)
    asked = {"hour_from": "8", "hour_to": "10"}
    for days in ("1", "7"):
        html = viewer.get("/visitors", query_string=asked | {"days": days}).text
        hall = next(row for row in table(html) if "Hall" in row[1])
        assert hall[2:5] == ["12", "3.0", "4"]
        assert "Only the chosen hours" in html
    assert "hour_from=8" in html  # the way to the CSV keeps it
    day = viewer.get("/visitors", query_string=asked | {"days": "1"}).text
    assert [t for t in titles(day) if "entrances" in t] != []
    rows = read_csv(viewer.get("/visitors.csv", query_string=asked).text)
    found = {
        row["zone"]: (row["entrances"], row["people_seen_at_once"]) for row in rows
    }
    assert found == {"Hall": ("12", "4"), "Yard": ("", "")}


def test_hours_over_midnight_and_hours_that_never_were(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, HALL, "Hall"))
    count_hours(
        web, HourCount(MIDNIGHT + HOUR, 3, 1.0), HourCount(MIDNIGHT + 12 * HOUR, 5, 1.0)
    )
    see(web, MIDNIGHT + 12 * HOUR, 2, FULL_FRAME)
    night = {"hour_from": "22", "hour_to": "6"}
    (row, *_) = (
        row
        for row in table(viewer.get("/visitors", query_string=night).text)
        if row[1] == "Hall"
    )
    assert row[2] == "3"
    # On this day, the clocks go from two to three.
    gone = {"day": "2026-03-29", "days": "1", "hour_from": "2", "hour_to": "3"}
    assert viewer.get("/visitors", query_string=gone).status_code == 200
    wrong = viewer.get("/visitors", query_string={"hour_from": "3", "hour_to": "3"})
    assert (wrong.status_code, "ust differ" in wrong.text) == (400, True)


def test_the_chart_of_days_counts_the_chosen_hours_of_what_was_seen(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, FULL_FRAME, ""))
    see(web, MIDNIGHT + 3 * HOUR, 9, FULL_FRAME)
    see(web, MIDNIGHT + 9 * HOUR, 4, FULL_FRAME)
    asked = {"hour_from": "8", "hour_to": "18"}
    html = viewer.get("/visitors", query_string=asked).text
    shown = " ".join(titles(html))
    assert "4" in shown
    assert "9 people" not in shown


@pytest.mark.parametrize(
    ("sections", "advice"),
    [
        pytest.param({"meraki": {}}, "Set meraki.api_key", id="nothing"),
        pytest.param(
            {"meraki": {}, "sense": {"enabled": True}},
            "Nobody seen yet",
            id="sense",
        ),
        pytest.param({}, "Fetching cameras and zones", id="just started"),
    ],
)
def test_an_empty_page_says_what_to_do(
    tmp_path: Path, sections: dict[str, Any], advice: str
) -> None:
    plain = {"meraki": {"api_key": "a-dashboard-key"}}
    web = Web(tmp_path, clock=StandingClock(), **(plain | sections))
    assert advice in words(web.log_in().get("/visitors").text)


def test_cameras_without_sense_are_named_with_what_to_do(
    web: Web, viewer: FlaskClient
) -> None:
    know(web)
    web.visitors.keep_camera(CountingCamera(GATE, False, NOW))
    html = words(viewer.get("/visitors").text)
    assert "MV Sense is not enabled on any camera. Dashboard > Cameras" in html.replace(
        "&gt;", ">"
    )
    assert (
        f"Cameras without people counting Gate north {GATE} : MV Sense is off" in html
    )


def test_the_reason_for_a_camera_without_answer_is_shown(
    web: Web, viewer: FlaskClient
) -> None:
    know(web)
    web.visitors.keep_camera(CountingCamera(GATE, None, NOW, "Meraki forbids this"))
    html = words(viewer.get("/visitors").text)
    assert f"Gate north {GATE} : Meraki forbids this" in html
    assert "Nobody was counted in this period." in html
    why = str(MERAKI_NO_LIST())
    web.visitors.keep_camera(CountingCamera(GATE, None, NOW, why))
    texts.use("de")
    html = words(viewer.get("/visitors").text)
    assert "Meraki antwortete etwas anderes als eine Liste" in html


def test_the_pages_carry_neither_styles_nor_scripts_of_their_own(
    web: Web, viewer: FlaskClient
) -> None:
    know(web, (GATE, HALL, "Hall"))
    count_day(web, 40)
    count_hours(web, hour(9, 30))
    for address in ("/visitors", ZONE_PAGE):
        html = viewer.get(address).text
        assert "<svg" in html
        assert not re.search(
            r"<style|<script(?![^>]*\bsrc=)|\bstyle=|\son[a-z]+=", html
        )


def test_the_menu_leads_to_the_page(web: Web, viewer: FlaskClient) -> None:
    assert 'href="/visitors">Visitors</a>' in viewer.get("/").text
