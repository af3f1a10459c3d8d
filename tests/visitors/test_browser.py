"""The visitors' pages before a real Chromium: charts, a picker, a download."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mvsnap.clients.meraki.zones import CountedZone, ZoneKind
from mvsnap.core.days import day_span
from mvsnap.domain import FULL_FRAME, Camera, Role, Serial
from mvsnap.simulator.server import serve
from mvsnap.visitors.model import CountingCamera, DayCount
from mvsnap.visitors.rules import HourCount, last_hours
from tests.clients.fakes import FakeClock
from tests.servers.visitor import DESKTOP, PHONE, fits, log_in, visitor
from tests.web.build import GATE as GATE_TEXT
from tests.web.build import PASSWORD, Web

if TYPE_CHECKING:
    from playwright.sync_api import Page

GATE = Serial(GATE_TEXT)
DAY = timedelta(days=1)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A gateway whose only camera has counts of 14 hours and 7 days."""
    from zoneinfo import ZoneInfo

    # A noon that stands: no hour and no day ends in the middle of a test.
    web = Web(tmp_path, clock=FakeClock(), site={"timezone": "Europe/Berlin"})
    clock, now = ZoneInfo("Europe/Berlin"), web.clock.now()
    web.add_user("anna", Role.VIEWER)
    web.site.keep_cameras([Camera(GATE, "Gate north", "MV12", "N_1")], now)
    zone = CountedZone(GATE, FULL_FRAME, ZoneKind.ZONE, "Full Frame")
    web.visitors.keep_camera(CountingCamera(GATE, True, now))
    web.visitors.keep_zones(GATE, [zone])
    spans = last_hours(now, clock, 14)
    hours = [HourCount(span[0], number, 0.5) for number, span in enumerate(spans)]
    whole = (spans[0][0], spans[-1][1])
    web.visitors.keep_hours(GATE, FULL_FRAME, whole, hours, now)
    today = now.astimezone(clock).date()
    for back in range(7):
        begin, end = day_span((today - back * DAY).isoformat(), clock)
        numbers = (100 + back, 1.0, (end - begin).total_seconds(), True)
        web.visitors.keep_days([DayCount(GATE, FULL_FRAME, begin, *numbers)])
    with serve(web.app) as origin:
        yield origin
    web.close()


def shown_bars(page: Page) -> int:
    """Return how many bars have a size on the screen."""
    boxes = [bar.bounding_box() for bar in page.locator(".bar rect").all()]
    return sum(bool(box and box["width"] > 1 and box["height"] > 1) for box in boxes)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_charts_are_seen_and_nothing_is_cut_off(
    url: str, size: tuple[int, int]
) -> None:
    refused: list[str] = []
    with visitor(size) as page:
        page.on("console", lambda message: refused.append(message.text))
        log_in(page, f"{url}/visitors", "anna", PASSWORD)
        assert shown_bars(page) == 7
        page.get_by_role("link", name="Hours of Gate north, Full Frame").click()
        page.wait_for_url(f"**/visitors/{GATE}/0")
        assert shown_bars(page) == 13  # nobody came in the first of 14 hours
        assert fits(page)
    # The browser says here what the policy of the page forbids.
    assert refused == []


def test_a_touched_bar_says_its_number_and_all_are_a_table(url: str) -> None:
    with visitor(PHONE) as page:
        log_in(page, f"{url}/visitors", "anna", PASSWORD)
        page.locator(".chart-narrow .bar rect").last.click()
        said = page.locator("[data-chart-value]").inner_text()
        assert said.endswith(": 100 entrances so far")
        page.get_by_text("Numbers").click()
        numbers = page.get_by_role("table", name="Entrances per day")
        assert numbers.get_by_role("row").count() == 8
        assert numbers.get_by_role("cell", name="106").is_visible()
        assert fits(page)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_report_fits_the_window(url: str, size: tuple[int, int]) -> None:
    with visitor(size) as page:
        log_in(page, f"{url}/visitors", "anna", PASSWORD)
        week = page.get_by_role("table", name="Average entrances by weekday and hour")
        assert week.is_visible()
        page.get_by_role("link", name="Report", exact=True).click()
        page.wait_for_url("**/visitors/report")
        assert fits(page)
        page.get_by_role("link", name="Day", exact=True).click()
        page.wait_for_url("**every=day**")


def test_a_colour_of_the_stylesheet_reaches_the_bars(url: str) -> None:
    with visitor() as page:
        log_in(page, f"{url}/visitors", "anna", PASSWORD)
        light = page.locator(".chart-wide .bar rect").first
        colour = "element => getComputedStyle(element).fill"
        before = light.evaluate(colour)
        page.emulate_media(color_scheme="dark")
        page.wait_for_selector("[data-bs-theme=dark]")
        assert light.evaluate(colour) != before
        assert before == "rgb(0, 114, 178)"


def test_a_period_is_picked(url: str) -> None:
    with visitor() as page:
        log_in(page, f"{url}/visitors", "anna", PASSWORD)
        assert page.locator(".visitor-number").first.inner_text() == "721"
        page.get_by_label("Period ending that day").select_option("1 day")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**days=1**")
        assert page.locator(".visitor-number").first.inner_text() == "100"
        assert page.get_by_role("heading", name="Entrances per hour").is_visible()


def test_the_table_is_downloaded(url: str, tmp_path: Path) -> None:
    with visitor() as page:
        log_in(page, f"{url}/visitors", "anna", PASSWORD)
        with page.expect_download() as waiting:
            page.get_by_role("link", name="CSV").click()
        saved = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(saved)
    assert saved.name == "mvsnap-visitors.csv"
    assert ",Gate north,Q2SM-0000-0001,Full Frame,0,zone,721," in saved.read_text()


def test_a_heading_sorts(url: str) -> None:
    with visitor() as page:
        log_in(page, f"{url}/visitors", "anna", PASSWORD)
        page.get_by_role("link", name="Entrances").click()
        page.wait_for_url("**sort=entrances**")
        heading = page.get_by_role("columnheader", name="Entrances")
        assert heading.get_attribute("aria-sort") == "descending"
