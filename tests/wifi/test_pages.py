"""The Wi-Fi pages: what they show, filters, pages, CSV, and why they are empty."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mvsnap.domain import Presence, Role, Serial, ZoneId
from mvsnap.store.sense import Findings
from mvsnap.wifi import lookup, pages
from mvsnap.wifi.filter import _NAMES, read_form
from mvsnap.wifi.model import Radio
from mvsnap.wifi.visits import Observation
from tests.clients.fakes import FakeClock
from tests.core.build import NOON
from tests.web.build import GATE, Web
from tests.wifi.build import YARD, at, observed, put, stays

TOKEN = "a-token-of-the-shop"
ENDPOINT = {"token": TOKEN, "validator": "a validator", "secret": "a secret of it"}
PAGES = ("/wifi", "/wifi/visits", "/wifi/observations", "/wifi/correlation")
TABLES = (*("hours", "days", "dwell", "visits", "observations", "presences", "zones"),)


def a_web(folder: Path, **scanning: Any) -> Web:
    return Web(
        folder,
        clock=FakeClock(),
        site={"timezone": "Europe/Berlin"},
        scanning={"endpoints": [ENDPOINT]} | scanning,
    )


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return a_web(tmp_path)


def words(html: str) -> str:
    """Return what a person reads."""
    shown = re.sub(r"<(svg|select).*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", shown).split())


def fill(web: Web, found: Iterable[Observation], **given: Any) -> None:
    put(web.wifi.store, found, **given)


def table(client: FlaskClient, name: str, **asked: str) -> list[dict[str, str]]:
    answer = client.get(f"/wifi/{name}.csv", query_string=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert f"mvsnap-wifi-{name}.csv" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


def devices(page: str) -> list[str]:
    """Return the devices of a list in their order, by number."""
    found = re.findall(r'aria-label="Visits of ([0-9a-f:]+)"', page)
    return [str(int(name.replace(":", ""), 16)) for name in found]


def people(web: Web, begin: float, end: float) -> Presence:
    seen = Presence(Serial(GATE), ZoneId("0"), at(begin), at(end), 2)
    web.sense.save(Findings(presences=[seen]), NOON)
    return seen


def test_the_menu_leads_to_it(viewer: FlaskClient) -> None:
    assert 'href="/wifi"' in viewer.get("/").text


@pytest.mark.parametrize("path", PAGES)
def test_without_endpoints_it_says_what_to_configure(tmp_path: Path, path: str) -> None:
    web = a_web(tmp_path, endpoints=[])
    page = words(web.log_in(Role.VIEWER).get(path).text)
    assert "scanning.endpoints" in page


@pytest.mark.parametrize("path", PAGES)
def test_before_anything_is_received_the_address_is_shown(
    viewer: FlaskClient, path: str
) -> None:
    page = viewer.get(path).text
    assert "http://localhost/scanning/…" in page
    assert "Post URL" in page
    for secret in ENDPOINT.values():
        assert secret not in page


def test_waiting_messages_are_reported(web: Web, viewer: FlaskClient) -> None:
    web.wifi.store.add_batch("L_1", Radio.WIFI, [observed(1, -10)], NOON)
    assert "waiting to be processed (1)" in words(viewer.get("/wifi").text)


@pytest.mark.parametrize("path", PAGES)
def test_a_period_without_anything_leads_to_one_with(
    web: Web, viewer: FlaskClient, path: str
) -> None:
    fill(web, [observed(1, -10)])
    day = (at(0) - timedelta(days=2)).date().isoformat()
    page = viewer.get(path, query_string={"from": day, "to": day}).text
    assert "Nothing was seen in this period" in page
    assert f"from={at(0).date()}&amp;to={at(0).date()}" in page


def test_sums_and_the_busiest_time_are_shown(web: Web, viewer: FlaskClient) -> None:
    fill(web, stays(1, -100, -98) + stays(2, -100, -96) + stays(3, -20))
    page = words(viewer.get("/wifi").text)
    assert (
        "3 visits 3 devices 3 new devices 0 returning devices 2 min average stay"
        in page
    )
    # 10:20 UTC is 11:20 in Berlin, where the clocks are an hour ahead.
    assert "11:00 to 12:00 (2 visits started)" in page
    hours = {row["hour"]: row["visits"] for row in table(viewer, "hours")}
    assert {hour: n for hour, n in hours.items() if n != "0"} == {"11": "2", "12": "1"}
    assert len(table(viewer, "days")) == 7
    assert sum(int(row["visits"]) for row in table(viewer, "dwell")) == 3


def test_long_stays_are_left_out_until_asked_for(web: Web, viewer: FlaskClient) -> None:
    fill(web, stays(1, *range(-120, 0, 4)) + stays(2, -20))
    assert "1 visit 1 device" in words(viewer.get("/wifi").text)
    assert devices(viewer.get("/wifi/visits").text) == ["2"]
    both = viewer.get("/wifi/visits?long_stays=yes").text
    assert devices(both) == ["2", "1"]
    assert "2 visits 2 devices" in words(viewer.get("/wifi?long_stays=yes").text)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("time", ["3", "2", "1"]),
        ("dwell", ["1", "2", "3"]),
        ("signal", ["2", "3", "1"]),
    ],
)
def test_visits_are_sorted(
    web: Web, viewer: FlaskClient, sort: str, order: list[str]
) -> None:
    fill(web, stays(1, -100, -97, -94) + stays(2, -50, -48, rssi_dbm=-40))
    fill(web, [observed(3, -10, rssi_dbm=-70)])
    assert devices(viewer.get(f"/wifi/visits?sort={sort}").text) == order


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("min_rssi_dbm=-65", ["2"]),
        ("min_dwell_s=300", ["1"]),
        ("network=L_2", ["9"]),
        ("device=00:00:00:00:00:02", ["2"]),
        ("radio=bluetooth", []),
        ("period=yesterday", []),
        ("period=today", ["9", "3", "2", "1"]),
    ],
)
def test_visits_are_filtered(
    web: Web, viewer: FlaskClient, asked: str, found: list[str]
) -> None:
    fill(web, stays(1, -100, -97, -94) + stays(2, -50, rssi_dbm=-40) + stays(3, -10))
    fill(web, [observed(9, -5)], network_id=YARD)
    page = viewer.get(f"/wifi/visits?{asked}")
    assert page.status_code == 200
    assert devices(page.text) == found
    shown = table(viewer, "visits", **dict([asked.split("=")]))
    assert len(shown) == len(found)


@pytest.mark.parametrize("name", ["visits", "observations"])
@pytest.mark.parametrize("sort", ["", "sort=dwell"])
def test_pages_follow_each_other_without_a_gap(
    web: Web, viewer: FlaskClient, name: str, sort: str
) -> None:
    fill(web, [observed(device, -device) for device in range(1, 121)])
    seen: list[str] = []
    url: str | None = f"/wifi/{name}?{sort}"
    while url:
        page = viewer.get(url).text
        seen += devices(page)
        older = re.search(r'href="([^"]+)" rel="next">Next page', page)
        url = older[1].replace("&amp;", "&") if older else None
    assert seen == [str(number) for number in range(1, 121)]
    assert len(table(viewer, name)) == 120


def test_a_table_is_streamed_over_many_pages(
    web: Web, viewer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_CSV_PAGE", 7)
    fill(web, [observed(device, -device) for device in range(1, 29)])
    for minute in range(1, 16):
        people(web, -minute, -minute + 0.2)
    assert len(table(viewer, "visits", sort="dwell")) == 28
    assert len(table(viewer, "observations")) == 28
    assert len({row["time_in"] for row in table(viewer, "presences")}) == 15


def test_a_spreadsheet_takes_no_text_for_a_formula(
    web: Web, viewer: FlaskClient
) -> None:
    fill(web, [observed(1, -10, ssid="=1+1", ap=5)], network_id="@x")
    (row,) = table(viewer, "observations")
    assert (row["ssid"], row["network_id"]) == ("'=1+1", "'@x")
    assert (row["rssi_dbm"], row["access_point"]) == ("-80", "00:00:00:00:00:05")


def test_devices_near_people_are_counted(web: Web, viewer: FlaskClient) -> None:
    fill(web, stays(1, -30, -29, rssi_dbm=-50) + stays(2, -30, rssi_dbm=-80))
    people(web, -31, -29.5)
    people(web, -10, -9)
    page = words(viewer.get("/wifi/correlation").text)
    assert (
        "2 presences of people in a zone 50% with a device nearby 0.5 devices" in page
    )
    assert "100% of 1 visit near a camera matched" in page
    for told in (
        "-65 dBm",
        "30 s",
        "including the time in between",
        "randomized MACs",
        "Passers-by",
    ):
        assert told in page
    assert [row["devices"] for row in table(viewer, "presences")] == ["0", "1"]
    (zone,) = table(viewer, "zones")
    assert (zone["presences"], zone["presences_with_device"]) == ("2", "1")


def test_too_much_data_is_read_in_part(
    web: Web, viewer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(web, stays(1, -100, rssi_dbm=-50) + stays(2, -10, rssi_dbm=-50))
    people(web, -100, -99)
    people(web, -10, -9)
    for limit in ("_MOST_COMPARED", "_MOST_SORTED", "_MOST_OBSERVED"):
        monkeypatch.setattr(lookup, limit, 1)
    page = words(viewer.get("/wifi/correlation").text)
    assert "too much data to show at once" in page
    assert "1 presence of people in a zone" in page
    assert devices(viewer.get("/wifi/visits?sort=dwell").text) == ["2"]
    assert devices(viewer.get("/wifi/observations?min_rssi_dbm=-60").text) == ["2"]
    # Without sorting and filter nothing has to be left out.
    assert devices(viewer.get("/wifi/visits").text) == ["2", "1"]
    assert len(table(viewer, "visits", sort="dwell")) == 2


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("period=decade", "expected one of: today, yesterday, 7-days, 30-days"),
        ("from=2026-02-30", ">Not a date"),
        ("from=2026-03-04&to=2026-03-01", ">Must not be before 2026-03-04"),
        ("from=2020-01-01&to=2026-03-01", ">Expected at most 366 days"),
        ("to=2126-01-01", ">No data for"),
        ("radio=lora", "expected one of: wifi, bluetooth"),
        ("min_rssi_dbm=5", ">&#39;5&#39; (expected -127 to 0)"),
        ("min_dwell_s=-1", ">&#39;-1&#39;"),
        ("device=me", ">&#39;me&#39; (expected a device as shown in the tables)"),
        ("sort=colour", "expected one of: time, dwell, signal"),
    ],
)
def test_an_invalid_value_is_reported_next_to_its_field(
    viewer: FlaskClient, asked: str, message: str
) -> None:
    answer = viewer.get(f"/wifi/visits?{asked}")
    assert answer.status_code == 400
    assert message in answer.text
    assert viewer.get(f"/wifi/visits.csv?{asked}").status_code == 400


@pytest.mark.parametrize("path", ["visits", "observations", "correlation"])
@pytest.mark.parametrize(
    "after", ["x", "1.2", "9" * 30, "1.x.y", "99999999999999999.a.b"]
)
def test_a_page_that_never_was_is_refused_or_empty(
    viewer: FlaskClient, path: str, after: str
) -> None:
    answer = viewer.get(f"/wifi/{path}", query_string={"after": after})
    assert answer.status_code in (200, 400)


def test_periods_follow_each_other(web: Web) -> None:
    zone = ZoneInfo("Europe/Berlin")
    week = read_form({}, NOON, zone)
    assert (week.days, week.last, week.period) == (7, NOON.date(), "7-days")
    assert week.moved(1) is None
    before = week.moved(-1)
    assert before is not None
    earlier = read_form(before, NOON, zone)
    assert (earlier.days, earlier.last) == (7, week.first - timedelta(days=1))
    assert earlier.moved(1) == {"from": str(week.first), "to": str(week.last)}
    day = str(NOON.date())
    assert read_form({"from": day, "to": day}, NOON, zone).period == "today"


names = st.sampled_from(_NAMES)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.sampled_from([*PAGES, *(f"/wifi/{name}.csv" for name in TABLES)]),
    st.dictionaries(names, st.text(max_size=20), max_size=4),
)
def test_nothing_that_is_asked_breaks_a_page(
    viewer: FlaskClient, path: str, asked: dict[str, str]
) -> None:
    assert viewer.get(path, query_string=asked).status_code in (200, 400)


def test_hours_and_total_time_are_filters_of_every_page_and_table(
    web: Web, viewer: FlaskClient
) -> None:
    # 12:00 to 12:04 and 13:10 in UTC: an hour later in Berlin.
    fill(web, stays(1, 0, 4) + stays(1, 70) + stays(2, 0, 4, 8, 12, 16, 20))
    asked = {"hour_from": "13", "hour_to": "14", "max_total_s": "600"}
    page = viewer.get("/wifi/visits", query_string=asked).text
    assert devices(page) == ["1"]
    assert "hour_from=13" in page  # the way to the other pages keeps it
    assert [row["time_in"][11:16] for row in table(viewer, "visits", **asked)] == [
        "13:00"
    ]
    assert len(table(viewer, "observations", **asked)) == 2
    rows = table(viewer, "hours", **asked)
    assert [r["hour"] for r in rows if r["visits"] != "0"] == ["13"]
    index = words(viewer.get("/wifi", query_string=asked).text)
    assert "1 visit 1 device" in index
    late = viewer.get("/wifi/visits", query_string={"hour_from": "14"}).text
    assert devices(late) == ["1"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"hour_from": "24"}, "expected 0 to 23"),
        ({"hour_to": "0"}, "expected 1 to 24"),
        ({"hour_from": "8", "hour_to": "8"}, "ust differ from hour_from"),
        ({"hour_from": "x"}, "expected 0 to 23"),
        ({"min_total_s": "60", "max_total_s": "59"}, "ust not be below min_total_s"),
        ({"max_total_s": "9" * 40}, "expected 0 to"),
    ],
)
def test_wrong_hours_are_named_and_left_out(
    viewer: FlaskClient, asked: dict[str, str], said: str
) -> None:
    page = viewer.get("/wifi", query_string=asked)
    assert (page.status_code, said in page.text) == (400, True)
    assert viewer.get("/wifi/hours.csv", query_string=asked).status_code == 400
