"""The Wi-Fi overview: averages, the period before, one look at the visits; as JSON."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, event

from mvsnap.core.days import HoursOfDay
from mvsnap.domain import Role
from mvsnap.store import database
from mvsnap.wifi.batches import WifiStore
from mvsnap.wifi.model import WifiFilter
from mvsnap.wifi.reports import WifiReports
from mvsnap.wifi.visits import Observation
from tests.clients.fakes import FakeClock
from tests.core.build import NOON
from tests.web.build import GATE, READER, Web
from tests.wifi.build import RULE, put, stays
from tests.wifi.test_pages import ENDPOINT, PAGES, a_web, people, table, words

BERLIN = ZoneInfo("Europe/Berlin")
A_DAY = 1440
WEEK = WifiFilter(NOON - timedelta(days=6, hours=13), NOON + timedelta(hours=11))


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return a_web(tmp_path)


def visits_of_days(*devices: int, days: range, minute: int = -60) -> list[Observation]:
    """Return a visit of each device, an hour before noon (12:00 in Berlin)."""
    return [
        one
        for day in days
        for device in devices
        for one in stays(device, minute - A_DAY * day, minute - A_DAY * day + 4)
    ]


def answer(client: FlaskClient, path: str = "", **asked: Any) -> Any:
    found = client.get(f"/api/v1.0/wifi{path}", query_string=asked)
    assert found.status_code == 200, found.text
    return found.get_json()


@pytest.fixture
def reports(db: database.Database) -> tuple[WifiStore, WifiReports, database.Database]:
    return WifiStore(db), WifiReports(db, long_stay_s=RULE.long_stay_s), db


@pytest.mark.parametrize("hours", [None, HoursOfDay(8, 13, BERLIN)])
def test_totals_and_days_are_the_same_together(
    reports: tuple[WifiStore, WifiReports, database.Database],
    hours: HoursOfDay | None,
) -> None:
    store, reader, _ = reports
    put(store, visits_of_days(1, 2, days=range(9)))
    put(store, visits_of_days(2, 3, days=range(0, 9, 2), minute=-400))
    put(store, stays(4, *range(-300, -100, 4)))
    wanted = WifiFilter(WEEK.since, WEEK.until, hours=hours)
    together = reader.totals_and_days(wanted, BERLIN)
    assert together == (reader.totals(wanted), reader.by_day(wanted, BERLIN))
    # The third came before these hours.
    assert together[0].devices == (3 if hours is None else 2)


def test_totals_and_days_read_each_visit_once(
    reports: tuple[WifiStore, WifiReports, database.Database],
) -> None:
    store, reader, db = reports
    put(store, visits_of_days(1, 2, days=range(9)))
    asked: list[tuple[int, int]] = []

    def note(
        _connection: Connection, _cursor: Any, text: str, given: Any, *_: Any
    ) -> None:
        if "FROM visits" in text:
            numbers = given.values() if isinstance(given, dict) else given
            spans = [n for n in numbers if isinstance(n, int) and n > 10**9]
            asked.append((min(spans), max(spans)))

    event.listen(db.engine, "before_cursor_execute", note)
    reader.totals_and_days(WEEK, BERLIN)
    # One query for each day, and none for the whole week beside them.
    assert len(asked) == 7


def test_hours_of_the_week_are_those_of_the_site(
    reports: tuple[WifiStore, WifiReports, database.Database],
) -> None:
    store, reader, _ = reports
    put(store, visits_of_days(1, 2, days=range(1)))  # a Wednesday
    found = reader.by_hour_of_week(WEEK, BERLIN)
    assert found == {2 * 24 + 12: (2, 2)}


def test_the_hours_of_several_days_are_averages(web: Web, viewer: FlaskClient) -> None:
    put(web.wifi.store, visits_of_days(1, 2, days=range(14)))
    found = answer(viewer)
    hour = found["hours"][12]
    assert (hour["visits"], hour["visits_a_day"]) == (14, 2.0)
    # Of today, the hour of 12:00 to 13:00 is not over.
    assert found["week"][24 + 12] == 2.0
    assert found["week"][2 * 24 + 12] is None
    page = words(viewer.get("/wifi").text)
    assert "Average visits per hour of the day" in page
    assert "Average visits by weekday and hour" in page
    rows = table(viewer, "hours")
    assert (rows[12]["visits"], rows[12]["visits_a_day"]) == ("14", "2.0")
    assert table(viewer, "hours", period="today")[12]["visits_a_day"] == ""
    today = answer(viewer, period="today")
    assert today["hours"][12]["visits_a_day"] is None
    assert today["week"] is None


def test_hours_before_the_first_observation_do_not_count(
    web: Web, viewer: FlaskClient
) -> None:
    put(web.wifi.store, visits_of_days(1, 2, days=range(3)))
    found = answer(viewer, period="30-days")
    assert found["hours"][12]["visits_a_day"] == 2.0
    assert found["compared"] is None
    assert "nothing to compare with" in words(viewer.get("/wifi").text)


def test_a_period_is_shown_beside_the_one_before(web: Web, viewer: FlaskClient) -> None:
    put(web.wifi.store, visits_of_days(1, days=range(7), minute=-120))
    put(web.wifi.store, visits_of_days(1, 2, days=range(7, 14), minute=-120))
    put(web.wifi.store, visits_of_days(1, days=range(14, 15), minute=-120))
    # After noon a week ago: today is not there yet.
    put(web.wifi.store, visits_of_days(3, days=range(7, 8), minute=200))
    compared = answer(viewer)["compared"]
    assert compared["so_far"]["visits"] == 7
    assert compared["before"]["visits"] == 14
    assert compared["percent"] == -50.0
    page = words(viewer.get("/wifi").text)
    assert "−50%" in page
    assert "not over yet" in page
    yesterday = answer(viewer, period="yesterday")["compared"]
    assert yesterday["before"]["since"] == "2026-02-23T23:00:00.000Z"


def test_opening_hours_limit_sums_and_lists(tmp_path: Path) -> None:
    web = Web(
        tmp_path,
        clock=FakeClock(),
        site={"timezone": "Europe/Berlin"},
        scanning={"endpoints": [ENDPOINT]},
        visitors={"opening_hours": {"mon-tue": "12-13", "wed": "9-10"}},
    )
    viewer = web.log_in(Role.VIEWER)
    put(web.wifi.store, visits_of_days(1, 2, days=range(7)))
    people(web, -60 - A_DAY, -59 - A_DAY)
    people(web, -60, -59)
    asked = {"opening": "yes", "long_stays": "yes"}
    assert answer(viewer, **asked)["totals"]["visits"] == 4  # Monday and Tuesday
    assert len(answer(viewer, "/visits", **asked)["visits"]) == 4
    assert len(answer(viewer, "/observations", **asked)["observations"]) == 8
    near = answer(viewer, "/correlation", **asked)
    assert [zone["presences"] for zone in near["zones"]] == [1]
    assert "Opening hours" in viewer.get("/wifi").text


def test_lists_are_read_page_by_page(web: Web, viewer: FlaskClient) -> None:
    put(web.wifi.store, visits_of_days(*range(1, 6), days=range(2)))
    for name, many in (("visits", 10), ("observations", 20)):
        found: list[Any] = []
        after = ""
        while after is not None:
            page = answer(viewer, f"/{name}", limit=3, after=after)
            found += page[name]
            after = page["after"]
        assert len(found) == many
        assert len({tuple(sorted(row.items(), key=str)) for row in found}) == many


def test_observations_are_the_newest_first_within_a_minute(
    web: Web, viewer: FlaskClient
) -> None:
    put(web.wifi.store, [*stays(1, -5, last_s=10), *stays(2, -5, last_s=50)])
    put(web.wifi.store, stays(3, -5, last_s=30))
    found = answer(viewer, "/observations")["observations"]
    assert [row["device"][-2:] for row in found] == ["02", "03", "01"]


def test_people_and_devices_near_them_are_read(web: Web, viewer: FlaskClient) -> None:
    put(web.wifi.store, stays(1, -10, -8, rssi_dbm=-50))
    people(web, -10, -9)
    found = answer(viewer, "/correlation")
    (zone,) = found["zones"]
    assert (zone["serial"], zone["presences"], zone["accompanied"]) == (GATE, 1, 1)
    assert [row["devices"] for row in found["presences"]] == [1]


def test_a_key_of_one_camera_reads_what_is_near_that_alone(tmp_path: Path) -> None:
    key = {"name": "gate", "key": "a-key-of-the-gate-only", "scopes": ["read"]}
    web = Web(
        tmp_path,
        clock=FakeClock(),
        scanning={"endpoints": [ENDPOINT]},
        api_keys=[key | {"cameras": [GATE]}],
    )
    client = web.client("a-key-of-the-gate-only")
    for path in ("", "/visits", "/observations", "/correlation"):
        assert client.get(f"/api/v1.0/wifi{path}").status_code == 403
    assert answer(client, "/correlation", serial=GATE)["zones"] == []


@pytest.mark.parametrize("path", PAGES)
def test_the_api_needs_a_key_with_the_scope(web: Web, path: str) -> None:
    assert web.client(None).get(f"/api/v1.0{path}").status_code == 401
    assert web.client(READER).get(f"/api/v1.0{path}").status_code == 200


@pytest.mark.parametrize(
    ("path", "asked", "field"),
    [
        ("", {"period": "x"}, "period"),
        ("", {"from": "x"}, "from"),
        ("", {"limit": "1"}, "limit"),
        ("", {"opening": "yes"}, "opening"),
        ("/visits", {"limit": "501"}, "limit"),
        ("/visits", {"after": "x"}, "after"),
        ("/observations", {"after": "1.2"}, "after"),
        ("/visits", {"sort": "x"}, "sort"),
        ("/correlation", {"after": "x"}, "after"),
        ("/correlation", {"serial": "x"}, "serial"),
    ],
)
def test_what_is_asked_wrongly_is_named(
    viewer: FlaskClient, path: str, asked: dict[str, str], field: str
) -> None:
    found = viewer.get(f"/api/v1.0/wifi{path}", query_string=asked)
    assert found.status_code == 400
    assert field in found.get_json()["error"]["message"]
