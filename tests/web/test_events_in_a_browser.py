"""The day of three people who look for what happened, at a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from mvsnap.domain import EventKind, Role
from mvsnap.simulator.server import serve
from tests.servers.processes import wait_until
from tests.servers.visitor import DESKTOP, PHONE, fits, log_in, visitor
from tests.web.build import PASSWORD, Web
from tests.web.clip_build import SETTINGS
from tests.web.event_build import EVENING, Later, Story, add, tell

if TYPE_CHECKING:
    from playwright.sync_api import Page

SMALL = (320, 640)


@dataclass(frozen=True)
class Shop:
    web: Web
    url: str
    story: Story


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    web = Web(tmp_path_factory.mktemp("shop"), clock=Later(), **SETTINGS)
    story = tell(web, EVENING)
    for name, role in (("manager", Role.VIEWER), ("builder", Role.REVIEWER)):
        web.add_user(name, role)
    with serve(web.app) as url:
        yield Shop(web, url, story)
    web.close()


def caption(page: Page) -> str:
    return page.locator("#picture-caption").inner_text()


def test_a_manager_goes_from_the_number_to_the_failure(shop: Shop) -> None:
    with visitor(DESKTOP) as page:
        log_in(page, f"{shop.url}/", "manager", PASSWORD)
        page.get_by_role("link", name="1 failure today").click()
        page.wait_for_url("**/events?*state=failed*")
        rows = page.locator(".event-row")
        assert rows.count() == 1
        page.get_by_role("link", name="Request with key button").click()
        page.wait_for_url(f"**/events/{shop.story.offline.id}")
        page.get_by_text("The camera is offline").first.wait_for()
        page.get_by_role("link", name="Events", exact=True).first.click()
        page.wait_for_url(f"{shop.url}/events")
        assert fits(page)
        page.keyboard.press("Tab")
        page.get_by_role("link", name="CSV").focus()
        seen = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(seen) == "solid"


def test_a_guard_looks_through_the_shift_with_the_keyboard(shop: Shop) -> None:
    with visitor(PHONE) as page:
        log_in(page, f"{shop.url}/events", "manager", PASSWORD)
        page.get_by_text("Shift, severity, state").click()
        page.get_by_label("Hours begin").select_option("22:00")
        page.get_by_label("Hours end").select_option("06:00")
        page.get_by_role("button", name="Show").click()
        page.get_by_text("From Mon 01 Jun 22:00:00").wait_for()
        assert page.locator(".event-row").count() == 5
        page.locator("a[data-enlarge]").first.focus()
        page.keyboard.press("Enter")
        page.get_by_role("dialog").wait_for()
        assert "1 of 2" in caption(page)
        page.keyboard.press("ArrowRight")
        assert "2 of 2" in caption(page)
        page.keyboard.press("ArrowRight")  # the last one stays
        assert "2 of 2" in caption(page)
        page.get_by_role("button", name="Previous").click()
        assert "1 of 2" in caption(page)
        page.get_by_role("button", name="Next").click()
        second = page.locator("#picture-full").get_attribute("src")
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden")
        # Back where the last picture is, not where the first one was.
        assert page.evaluate("document.activeElement.href") == second
        assert fits(page)


def test_a_machine_builder_sends_again_after_an_alarm(shop: Shop) -> None:
    with visitor(SMALL) as page:
        log_in(page, f"{shop.url}/events", "builder", PASSWORD)
        page.get_by_label("Search").fill("gripper")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Robot stopped").click()
        page.get_by_text("open valve D5").wait_for()
        assert fits(page)
        page.get_by_role("button", name="Send again").click()
        page.get_by_text("What was not sent is sent again now.").wait_for()
        again = [job.id for job in shop.web.engine.again.values()]
        assert again == [shop.story.alarm.job_id]
        page.get_by_role("link", name="Clip of Packaging robot").click()
        page.wait_for_url(f"**/clips/{shop.story.clip.id}")


def test_what_happens_now_appears_without_a_reload(shop: Shop) -> None:
    with visitor(DESKTOP) as page:
        log_in(page, f"{shop.url}/events?kind=noise", "manager", PASSWORD)
        page.get_by_text("No matches.").wait_for()
        event = add(shop.web, Later().now(), kind=EventKind.NOISE, title="Loud noise")
        page.locator(f"#event-{event.id}").wait_for()
        news = page.locator("[data-live-news]")
        wait_until(
            lambda: "Noise: Loud noise" in news.inner_text(), "it is announced", 5
        )
