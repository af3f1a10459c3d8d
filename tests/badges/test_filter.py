"""Filters of the badge events: shift, department, unknown badges, no picture."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from mvsnap.badges.directory import Cardholder
from mvsnap.badges.filter import read_filter
from mvsnap.badges.model import BadgeEvent
from mvsnap.values import replace
from tests.badges.build import badge
from tests.badges.page_build import PAGE, TABLE, add, add_people, add_picture, listed
from tests.web.build import GATE, Web, below_field

BERLIN = ZoneInfo("Europe/Berlin")
SHIFT = "hour_from=22&hour_to=6"


@pytest.fixture
def web(tmp_path: Path) -> Web:
    badges = {"camera_of_reader": {"Gate": GATE}}
    return Web(tmp_path, site={"timezone": BERLIN.key}, badges=badges)


def at(web: Web, day: int, hour: int) -> BadgeEvent:
    """Add a swipe at this hour in Berlin."""
    moment = datetime(2026, 3, day, hour, 30, tzinfo=BERLIN).astimezone(UTC)
    made = replace(badge(user_id=f"{day} {hour}"), swiped_at=moment)
    web.badges.add([made])
    return made


def test_a_shift_over_midnight_is_of_the_day_it_begins(
    web: Web, viewer: FlaskClient
) -> None:
    at(web, 4, 21)
    evening, night = at(web, 4, 23), at(web, 5, 5)
    at(web, 5, 6)
    address = f"day=2026-03-04&{SHIFT}"
    assert listed(viewer, address) == [night.id, evening.id]
    page = viewer.get(f"{PAGE}?{address}").text
    assert "<details class=" in page
    assert " open>" in page
    assert "2026" in page.partition("From")[2]
    table = viewer.get(f"{TABLE}?{address}").text
    assert len(table.splitlines()) == 3


def test_a_shift_without_a_day_is_the_last_one_that_has_begun(web: Web) -> None:
    now = datetime(2026, 3, 5, 3, tzinfo=BERLIN)
    given = {"hour_from": "22", "hour_to": "6"}
    wanted = read_filter(given, BERLIN, web.directory, now).wanted
    begin = datetime(2026, 3, 4, 22, tzinfo=BERLIN)
    assert (wanted.since, wanted.until) == (begin, begin + timedelta(hours=8))


def test_a_department_and_badges_that_are_in_no_directory(
    web: Web, viewer: FlaskClient
) -> None:
    anna, bob, stranger = (add(web, n, user_id=str(n)) for n in (1, 2, 3))
    add_people(web, Cardholder("1", "Anna", "Sales"), Cardholder("2", "Bob", "IT"))
    assert listed(viewer, "department=Sales") == [anna.id]
    assert listed(viewer, "department=IT&person=anna") == []
    assert listed(viewer, "only=unknown") == [stranger.id]
    assert listed(viewer, "only=unknown&department=IT") == []
    page = viewer.get(f"{PAGE}?department=IT").text
    assert '<option value="IT" selected>IT</option>' in page
    assert bob.id in page


def test_events_without_a_picture(web: Web, viewer: FlaskClient) -> None:
    seen, waiting = add(web, 1, user_id="1"), add(web, 2, user_id="2")
    add_picture(web, seen)
    assert listed(viewer, "only=no_picture") == [waiting.id]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("only=all", "only: 'all' (expected one of: unknown, no_picture)"),
        ("hour_from=24", "hour_from: '24' (expected 0 to 23)"),
        ("hour_from=6&hour_to=6", "hour_to: must differ from hour_from"),
        (f"{SHIFT}&day=9999-12-31", "day: "),
        (f"department={'x' * 201}", "department: 201 characters"),
    ],
)
def test_a_bad_filter_is_named(viewer: FlaskClient, query: str, said: str) -> None:
    answer = viewer.get(f"{PAGE}?{query}")
    assert answer.status_code == 400
    assert below_field(said).replace("'", "&#39;") in answer.text
