"""The Wi-Fi pages in a real browser: charts, period, sorting, downloads, a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mvsnap.domain import Presence, Role, Serial, ZoneId
from mvsnap.simulator.server import serve
from mvsnap.store.sense import Findings
from mvsnap.wifi.model import Radio
from mvsnap.wifi.visits import MINUTE_S, Observation
from tests.servers.visitor import DESKTOP, PHONE, fits, log_in, visitor
from tests.web.build import GATE, PASSWORD, Web
from tests.wifi.build import RULE

PAGES = ("/wifi", "/wifi/visits", "/wifi/observations", "/wifi/correlation")


def yesterday() -> datetime:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=1)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    endpoint = {"token": "a-token-of-the-shop", "validator": "v", "secret": "s" * 8}
    web = Web(tmp_path, scanning={"endpoints": [endpoint]})
    web.add_user("anna", Role.VIEWER)
    now = datetime.now(UTC)
    noon = yesterday() + timedelta(hours=12)
    observed = [
        Observation(
            device, int(noon.timestamp()) // MINUTE_S + device % 40 + n, 0, 30, -55
        )
        for device in range(1, 81)
        for n in range(device % 7 + 1)
    ]
    web.wifi.store.add_batch("L_1", Radio.WIFI, observed, now)
    while web.wifi.store.process(RULE, now):
        pass
    seen = Presence(Serial(GATE), ZoneId("0"), noon, noon + timedelta(minutes=2), 3)
    web.sense.save(Findings(presences=[seen]), now)
    with serve(web.app) as origin:
        yield origin
    web.close()


def test_a_person_can_use_charts_a_period_and_a_download(url: str) -> None:
    with visitor(DESKTOP) as page:
        log_in(page, f"{url}/wifi", "anna", PASSWORD)
        chart = page.get_by_role("img", name="Visits per hour of the day")
        assert chart.locator("visible=true").count() == 1
        bars = chart.locator("visible=true").locator(".bar rect")
        tall = "bars => bars.some(bar => bar.getBoundingClientRect().height > 50)"
        assert bars.evaluate_all(tall)
        page.get_by_role("link", name="Yesterday").click()
        page.wait_for_url("**/wifi?period=yesterday")
        with page.expect_download() as download:
            page.get_by_label("CSV: Visits per hour of the day").click()
        assert download.value.suggested_filename == "mvsnap-wifi-hours.csv"
        assert download.value.path().read_text("utf-8").startswith("hour,visits,")


def test_a_person_chooses_days_and_sorts(url: str) -> None:
    with visitor(DESKTOP) as page:
        log_in(page, f"{url}/wifi/visits", "anna", PASSWORD)
        day = f"{yesterday():%Y-%m-%d}"
        page.get_by_label("From").fill(day)
        page.get_by_label("To", exact=True).fill(day)
        page.get_by_role("button", name="Show").click()
        page.wait_for_url(f"**/wifi/visits?from={day}*")
        page.get_by_role("link", name="Stayed").click()
        page.wait_for_url("**sort=dwell*")
        stayed = page.locator(".wifi-visits tbody tr").first.locator("td").nth(3)
        assert stayed.inner_text() == "6 min 30 s"
        page.get_by_role("link", name="Next page").click()
        page.wait_for_url("**after=*")
        assert page.locator(".wifi-visits tbody tr").count() == 30


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_page_is_wider_than_the_window(url: str, size: tuple[int, int]) -> None:
    with visitor(size) as page:
        log_in(page, f"{url}/wifi", "anna", PASSWORD)
        for path in PAGES:
            page.goto(f"{url}{path}")
            assert fits(page), path


def test_on_a_phone_numbers_are_on_the_first_screen_and_chosen_filters_show(
    url: str,
) -> None:
    with visitor(PHONE) as page:
        log_in(page, f"{url}/wifi", "anna", PASSWORD)
        numbers = page.locator(".wifi-sums").bounding_box()
        assert numbers is not None
        assert numbers["y"] < PHONE[1] / 2
        assert not page.get_by_label("Radio").is_visible()
        page.get_by_text("More filters").click()
        page.get_by_label("Radio").select_option("wifi")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**radio=wifi**")
        assert page.get_by_label("Radio").input_value() == "wifi"
        assert page.get_by_label("Radio").is_visible()
