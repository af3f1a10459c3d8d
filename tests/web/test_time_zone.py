"""A page about one camera shows the time where the camera is; lists, the site's."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap.domain import EventId, EventKind, Serial, ZoneId
from tests.web.build import DOOR, GATE, LateIn2026, Web
from tests.web.clip_build import ROBOT, add_alarm, add_clip
from tests.web.event_build import add

AT = datetime(2026, 11, 21, 13, 3, 7, tzinfo=UTC)
SITE, TOKYO = "Sat 21 Nov 14:03:07", "Sat 21 Nov 22:03:07 JST"
ONLY_SITE = "Times: Europe/Berlin"
OWN = "Times: Asia/Tokyo, where the camera is; other pages: Europe/Berlin"
NORTH = {
    "name": "North",
    "api_key": "a-key-of-north",
    "timezone": "Asia/Tokyo",
    "cameras": [DOOR],
}
RECORDED = {
    ROBOT: {"url": "rtsp://192.0.2.10/", "meraki_serial": DOOR},
    "Lift": {"url": "rtsp://192.0.2.11/", "meraki_serial": GATE},
}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    sections: dict[str, Any] = {
        "site": {"timezone": "Europe/Berlin"},
        "organizations": [NORTH],
        "recorder": {"cameras": RECORDED},
    }
    folder: Path = tmp_path_factory.mktemp("web")
    made = Web(folder, clock=LateIn2026(), **sections)
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser(web: Web) -> FlaskClient:
    return web.log_in()


def shown(browser: FlaskClient, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200, url
    return html.unescape(re.sub(r"<[^>]+>", "", answer.text))


def of_door(web: Web) -> EventId:
    return add(web, AT, serial=Serial(DOOR), camera_name="Staff entrance").id


def test_the_page_of_an_event_says_the_time_of_its_camera(
    web: Web, browser: FlaskClient
) -> None:
    page = shown(browser, f"/events/{of_door(web)}")
    assert TOKYO in page
    assert SITE not in page
    assert OWN in page
    of_gate = shown(browser, f"/events/{add(web, AT).id}")
    assert SITE in of_gate
    assert TOKYO not in of_gate
    assert ONLY_SITE in of_gate


def test_a_part_that_is_polled_has_the_zone_of_its_page(
    web: Web, browser: FlaskClient
) -> None:
    parts = [f"/events/{of_door(web)}/live", f"/cameras/{ROBOT}/part"]
    for url in parts:
        part = shown(browser, url)
        assert SITE not in part, url
    assert TOKYO in part


def test_a_clip_and_its_file_have_the_time_of_its_camera(
    web: Web, browser: FlaskClient
) -> None:
    clip = add_clip(web, AT)
    page = shown(browser, f"/clips/{clip.id}")
    assert TOKYO in page
    assert SITE not in page
    assert OWN in page
    assert TOKYO in shown(browser, f"/events/{clip.id}")
    other = shown(browser, f"/clips/{add_clip(web, AT, camera='Lift').id}")
    assert SITE in other
    assert ONLY_SITE in other


def test_the_page_of_a_camera_has_its_time(web: Web, browser: FlaskClient) -> None:
    of_door(web)
    page = shown(browser, f"/cameras/{ROBOT}")
    assert TOKYO in page
    assert SITE not in page
    assert OWN in page
    assert ONLY_SITE in shown(browser, "/cameras/Lift")


def test_an_alarm_without_a_camera_has_the_time_of_those_it_was_answered_with(
    web: Web, browser: FlaskClient
) -> None:
    clip = add_clip(web, AT, about=EventId("3f3a2c1e-0000-4000-8000-000000000001"))
    alarm = add_alarm(web, clip)
    assert alarm.kind is EventKind.ALARM
    for url in (f"/events/{alarm.id}", f"/alarms/{alarm.id}"):
        page = shown(browser, url)
        assert TOKYO in page, url
        assert OWN in page, url
    # A camera of another zone was asked, too: then it is the site's, as in its message.
    add(web, AT, job_id=clip.job_id)
    assert SITE in shown(browser, f"/events/{alarm.id}")


def test_lists_over_several_cameras_have_the_time_of_the_site(
    web: Web, browser: FlaskClient
) -> None:
    of_door(web)
    add_clip(web, AT)
    for url in ("/events", "/clips", "/"):
        page = shown(browser, url)
        assert "JST" not in page, url
        assert ONLY_SITE in page, url
    assert SITE in shown(browser, "/events")


def test_a_list_of_one_camera_has_its_time_and_its_days(
    web: Web, browser: FlaskClient
) -> None:
    # In Berlin it is still the 28th.
    late = datetime(2026, 11, 28, 18, 0, tzinfo=UTC)
    given: dict[str, Any] = {"kind": EventKind.CROWD, "serial": Serial(DOOR)}
    event = add(web, late, zone_id=ZoneId("7"), zone_name="Hall", **given)
    add_clip(web, late)
    lists = {
        f"/events?camera={DOOR.lower()}&day=2026-11-29": "/events?day=2026-11-29",
        f"/crowd-events?serial={DOOR}&day=2026-11-29": "/crowd-events?day=2026-11-29",
        f"/clips?camera={ROBOT}&day=2026-11-29": "/clips?day=2026-11-29",
    }
    for of_one, of_all in lists.items():
        page = shown(browser, of_one)
        assert "Sun 29 Nov 03:00:00 JST" in page, of_one
        assert OWN in page, of_one
        every = shown(browser, of_all)
        assert "03:00:00" not in every, of_all
        assert ONLY_SITE in every, of_all
    table = browser.get(f"/api/v1.0/events.csv?camera={DOOR}").text
    assert "2026-11-29T03:00:00.000+09:00" in table
    assert event.id in table
    for_programs = web.client().get(f"/api/v1.0/events.csv?camera={DOOR}").text
    assert "2026-11-28T18:00:00.000Z" in for_programs
    assert ONLY_SITE in shown(browser, f"/events?camera={GATE}")
    # What is no camera is a mistake of the filter, as before.
    assert browser.get("/crowd-events?serial=Q2").status_code == 400
