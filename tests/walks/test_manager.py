"""The shop manager on Monday: last week beside the one before, a page to print."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mvsnap.clients.meraki.zones import CountedZone, ZoneKind
from mvsnap.clock import SystemClock
from mvsnap.core.days import day_span
from mvsnap.domain import FULL_FRAME, Camera, Role, Serial
from mvsnap.simulator.server import serve
from mvsnap.visitors.model import CountingCamera, DayCount
from mvsnap.visitors.rules import HourCount
from mvsnap.wifi.model import Radio
from mvsnap.wifi.visits import MINUTE_S, Observation
from tests.servers.visitor import log_in
from tests.walks.walk import look, on_each_screen, walker
from tests.web.build import GATE, PASSWORD, Web
from tests.web.page_build import SCANNING
from tests.wifi.build import RULE

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 6, 8, 8, 30, tzinfo=BERLIN).astimezone(UTC)
HOUR = timedelta(hours=1)
WEEKS, OPENS, CLOSES = 2, 9, 20


class Monday(SystemClock):
    def now(self) -> datetime:
        return MONDAY


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    web = Web(
        tmp_path_factory.mktemp("shop"),
        clock=Monday(),
        site={"name": "Harbour", "timezone": BERLIN.key},
        scanning={"endpoints": [SCANNING]},
    )
    web.add_user("mara", Role.VIEWER)
    fill_visitors(web)
    fill_wifi(web)
    with serve(web.app) as origin:
        yield origin
    web.close()


def fill_visitors(web: Web) -> None:
    """Count two weeks of opening hours; each day of the second has ten more an hour."""
    gate = Serial(GATE)
    web.site.keep_cameras([Camera(gate, "Gate north", "MV12W", "N_1")], MONDAY)
    zone = CountedZone(gate, FULL_FRAME, ZoneKind.ZONE, "Full Frame")
    web.visitors.keep_camera(CountingCamera(gate, True, MONDAY))
    web.visitors.keep_zones(gate, [zone])
    today = MONDAY.astimezone(BERLIN).date()
    for back in range(7 * WEEKS, -1, -1):
        begin, end = day_span((today - timedelta(days=back)).isoformat(), BERLIN)
        end = min(end, MONDAY.replace(minute=0))
        an_hour = 40 + (10 if back <= 7 else 0) + begin.day % 5
        hours = []
        at = begin
        while at < end:
            is_open = OPENS <= at.astimezone(BERLIN).hour < CLOSES
            hours.append(HourCount(at, an_hour if is_open else 0, 0.5))
            at += HOUR
        web.visitors.keep_hours(gate, FULL_FRAME, (begin, end), hours, MONDAY)
        sum_of_day = sum(hour.entrances for hour in hours)
        span_s = (end - begin).total_seconds()
        day = DayCount(gate, FULL_FRAME, begin, sum_of_day, 1.0, span_s, back > 0)
        web.visitors.keep_days([day])


def fill_wifi(web: Web) -> None:
    observed = []
    for back in range(1, 7 * WEEKS + 1):
        noon = MONDAY - timedelta(days=back) + 4 * HOUR
        first = int(noon.timestamp()) // MINUTE_S
        for device in range(1, 30 if back <= 7 else 20):
            observed += [
                Observation(device, first + device % 40 + n, 0, 30, -55)
                for n in range(device % 7 + 1)
            ]
    web.wifi.store.add_batch("L_1", Radio.WIFI, observed, MONDAY)
    while web.wifi.store.process(RULE, MONDAY):
        pass


@on_each_screen
def test_the_manager(url: str, size: tuple[int, int]) -> None:
    with walker(size) as page:
        log_in(page, f"{url}/visitors", "mara", PASSWORD)
        assert "not over yet" in look(page, "visitors")
        page.get_by_role("link", name="Report", exact=True).click()
        page.wait_for_url("**/visitors/report")
        text = look(page, "visitor-report")
        assert "Mon 1 Jun to Sun 7 Jun 2026" in text
        assert "+23%" in text
        assert "203 visits, +53% (133 the week before)" in text
        with page.expect_download() as saved:
            page.get_by_role("link", name="CSV").click()
        rows = saved.value.path().read_text("utf-8").splitlines()
        assert [",3982," in row for row in rows] == [False, True]
        page.evaluate("window.print = () => { window.printed = true }")
        page.get_by_role("button", name="Print").click()
        assert page.evaluate("window.printed")
        page.emulate_media(media="print")
        assert page.get_by_role("button", name="Print").is_hidden()
        assert page.get_by_role("heading", name="Visitor report").is_visible()
        page.emulate_media(media="screen")
        page.get_by_role("link", name="Earlier").click()
        page.get_by_role("heading", name="Mon 25 May to Sun 31 May 2026").wait_for()
        page.goto(f"{url}/wifi")
        page.get_by_role("link", name="7 days").click()
        page.wait_for_url("**/wifi?period=*")
        assert "(174) compared with Tue 26 May" in look(page, "wifi")
