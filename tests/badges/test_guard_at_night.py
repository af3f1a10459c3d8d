"""The guard at 23:00: a shift over midnight, one slip undone, the report."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from mvsnap.badges.conditions import BadgeFilter
from mvsnap.badges.directory import Cardholder
from mvsnap.badges.directory_store import PhotoRequest
from mvsnap.badges.model import BadgeId, Judgement, Verdict
from mvsnap.domain import Role
from mvsnap.simulator.directory import portrait_of
from mvsnap.simulator.server import serve
from mvsnap.values import replace
from tests.badges.build import badge
from tests.badges.page_build import add_people, add_picture, press
from tests.servers.processes import wait_until
from tests.servers.visitor import PHONE, fits, log_in, visitor
from tests.web.build import GATE, PASSWORD, Web

if TYPE_CHECKING:
    from playwright.sync_api import Page

BERLIN = ZoneInfo("Europe/Berlin")
SHIFT = "day=2026-03-04&hour_from=22&hour_to=6"


@pytest.fixture
def web(tmp_path: Path) -> Web:
    badges = {"camera_of_reader": {"Gate": GATE}, "mismatch_room": "Alarms"}
    made = Web(tmp_path, site={"timezone": BERLIN.key}, badges=badges)
    made.add_user("guard", Role.REVIEWER)
    begin = datetime(2026, 3, 4, 21, 50, tzinfo=BERLIN).astimezone(UTC)
    for n in range(4):  # the first one is of the shift before
        at = begin + timedelta(minutes=50 * n)
        one = replace(badge(user_id=str(n)), swiped_at=at)
        made.badges.add([one])
        add_picture(made, one)
    people = [Cardholder(str(n), f"Person {n}", "Night") for n in range(3)]
    add_people(made, *people)
    return made


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent"))


def scale(page: Page) -> str:
    return str(page.evaluate("document.getElementById('picture-full').style.transform"))


def stop_time(page: Page) -> None:
    """On the page: a slow machine has all the time to press Undo."""
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))


def test_the_guard_reviews_the_shift_and_undoes_one_slip(web: Web) -> None:
    with serve(web.app) as url, visitor() as page:
        stop_time(page)
        log_in(page, f"{url}/badges?{SHIFT}", "guard", PASSWORD)
        assert "3 badge events, 3 open" in page.locator("main").inner_text()
        page.get_by_role("link", name="Review open events").click()
        page.get_by_text("1 of 3").wait_for()
        first = page.url.partition("?")[0]
        press(page, "x")  # a slip
        page.get_by_text("2 of 3").wait_for()
        assert focused(page) == "Person 2"
        page.get_by_role("button", name="Undo (").wait_for()
        press(page, "z")
        assert page.url.partition("?")[0] == first
        page.get_by_text("Undone · 3 is open again").wait_for()
        for key in "mmx":
            press(page, key)
        page.get_by_role("heading", name="That was the last one.").wait_for()
        page.get_by_text("Nothing is open").wait_for()
        page.get_by_role("link", name="Hand-over report").click()
        page.get_by_role("heading", name="Mismatch").wait_for()
        report = page.locator("main").inner_text()
        assert "Person 1" in report
        assert "Person 2" not in report
        page.emulate_media(media="print")
        assert page.get_by_role("button", name="Print").is_hidden()
        assert page.get_by_text("Taken over by").is_visible()
    verdicts = [made.verdict for made in web.badges.badges(BadgeFilter(), 9)]
    assert verdicts == ["match", "match", "mismatch", "open"]


def test_undo_leaves_after_eight_seconds(web: Web) -> None:
    with serve(web.app) as url, visitor() as page:
        stop_time(page)
        log_in(page, f"{url}/badges?{SHIFT}", "guard", PASSWORD)
        page.get_by_role("link", name="Review open events").click()
        page.get_by_text("1 of 3").wait_for()
        press(page, "m")
        undo = page.get_by_role("button", name="Undo (")
        undo.wait_for()
        page.clock.fast_forward(4000)
        page.get_by_role("button", name=re.compile(r"Undo \([1-4] s\)")).wait_for()
        page.clock.fast_forward(4500)
        undo.wait_for(state="hidden")
        address = page.url
        page.keyboard.press("z")  # nothing to press any more
        assert page.url == address


def test_the_large_picture_is_zoomed_and_judges_nobody(web: Web) -> None:
    newest = web.badges.badges(BadgeFilter(), 1)[0]
    web.near.ask(newest, "guard", web.clock.now())
    for wanted in web.near.claim("one", web.clock.now(), 9):
        name = str(wanted.near.offset_s)
        jpeg = portrait_of(name)
        path = web.files.save_picture("badges", name, newest.swiped_at, jpeg)
        web.near.fetched(wanted.near, path)
    with serve(web.app) as url, visitor() as page:
        log_in(page, f"{url}/badges/{newest.id}", "guard", PASSWORD)
        page.keyboard.press("p")
        caption = page.locator("#picture-caption")
        caption.get_by_text("3 of 5").wait_for()
        page.keyboard.press("ArrowLeft")
        caption.get_by_text("2 s before").wait_for()
        page.keyboard.press("+")
        assert scale(page).startswith("scale(1.5)")
        page.keyboard.press("ArrowRight")
        caption.get_by_text("3 of 5").wait_for()
        assert scale(page).startswith("scale(1.5)")  # the same place, a moment later
        page.keyboard.press("0")
        page.locator(".picture-zoom").click(position={"x": 10, "y": 10})
        assert scale(page).startswith("scale(3) translate(")
        page.get_by_role("button", name="Zoom out").click()
        assert scale(page).startswith("scale(2)")
        page.keyboard.press("m")
        page.keyboard.press("Escape")
        assert web.badges.judgements(newest.id) == []


def test_the_photo_of_the_directory_is_large_beside_the_picture(web: Web) -> None:
    made = web.badges.badges(BadgeFilter(), 2)[1]
    add_people(web, Cardholder(made.user_id, "Person 2", "Night", "a.jpg"))
    path = web.files.save_photo(portrait_of(made.user_id))
    web.directory.keep_photo(PhotoRequest(made.user_id, "a.jpg"), path)
    with serve(web.app) as url, visitor() as page:
        log_in(page, f"{url}/badges/{made.id}", "guard", PASSWORD)
        page.get_by_role("link", name="in the directory. Enlarge").click()
        caption = page.locator("#picture-caption")
        caption.get_by_text("Directory · 2 of 2").wait_for()
        page.keyboard.press("+")
        assert scale(page).startswith("scale(1.5)")
        page.keyboard.press("ArrowLeft")
        caption.get_by_text("1 of 2").wait_for()
        page.keyboard.press("Escape")


def test_a_phone_has_undo_and_no_wider_page(web: Web) -> None:
    third = web.badges.badges(BadgeFilter(), 3)[-1]
    at = web.clock.now() - timedelta(hours=1)
    web.badges.judge(Judgement(third.id, Verdict.MISMATCH, "", at, "anna"))
    with serve(web.app) as url, visitor(PHONE) as page:
        stop_time(page)
        log_in(page, f"{url}/badges?{SHIFT}", "guard", PASSWORD)
        page.get_by_role("link", name="Review open events").click()
        page.get_by_role("button", name="Match", exact=False).first.click()
        undo = page.get_by_role("button", name="Undo (")
        undo.wait_for()
        assert fits(page)
        before = page.url
        undo.click()
        page.wait_for_url(lambda address: address != before)
        badge_id = BadgeId(page.url.rpartition("/")[2].partition("?")[0])
        wait_until(lambda: len(web.badges.judgements(badge_id)) == 2, "it is undone")
        page.goto(f"{url}/badges/end?{SHIFT}")
        assert fits(page)
        page.goto(f"{url}/badges/report?{SHIFT}")
        page.get_by_role("heading", name="Mismatch").wait_for()
        assert fits(page)
