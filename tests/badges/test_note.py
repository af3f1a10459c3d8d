"""The note of a badge review in a real browser: not lost before it is saved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mvsnap.badges.model import BadgeId, Judgement, Verdict
from mvsnap.domain import Role
from mvsnap.simulator.server import serve
from mvsnap.values import replace
from tests.badges.build import badge
from tests.badges.page_build import press
from tests.servers.processes import wait_until
from tests.servers.visitor import log_in, visitor
from tests.web.build import PASSWORD, Web

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def web(tmp_path: Path) -> Web:
    made = Web(tmp_path)
    made.add_user("anna", Role.REVIEWER)
    now = datetime.now(UTC)
    for minutes in (1, 2):
        at = now - timedelta(minutes=minutes)
        made.badges.add([replace(badge(now=now, user_id=str(minutes)), swiped_at=at)])
    return made


def write(page: Page, text: str) -> None:
    page.keyboard.press("n")
    page.keyboard.type(text)
    page.keyboard.press("Escape")


def test_a_note_stays_until_the_verdict_is_saved(web: Web) -> None:
    with serve(web.app) as url, visitor() as page:
        log_in(page, f"{url}/badges", "anna", PASSWORD)
        page.locator(".review-when a").first.click()
        page.wait_for_url("**/badges/*")
        note = page.get_by_label("Note")
        page.get_by_text("saved with the verdict").wait_for()
        write(page, "a tall man")
        press(page, "ArrowRight")
        assert note.input_value() == ""
        press(page, "ArrowLeft")
        assert note.input_value() == "a tall man"
        press(page, "m")
        assert note.input_value() == ""
        press(page, "ArrowLeft")
        assert note.input_value() == "a tall man"
        assert page.evaluate("window.sessionStorage.length") == 0


def test_a_note_stays_when_somebody_else_reviewed_meanwhile(web: Web) -> None:
    with serve(web.app) as url, visitor() as page:
        log_in(page, f"{url}/badges", "anna", PASSWORD)
        page.locator(".review-when a").first.click()
        page.wait_for_url("**/badges/*")
        address, note = page.url, page.get_by_label("Note")
        write(page, "a tall man")
        badge_id = BadgeId(address.rpartition("/")[2])
        now = datetime.now(UTC)
        web.badges.judge(Judgement(badge_id, Verdict.MATCH, "her", now, "bob"))
        press(page, "x")
        page.get_by_text("bob set the verdict to match in the meantime").wait_for()
        assert note.input_value() == "a tall man"
        press(page, "ArrowRight")
        press(page, "ArrowLeft")
        assert note.input_value() == "a tall man"
        press(page, "x")
        press(page, "ArrowLeft")
        assert page.evaluate("window.sessionStorage.length") == 0
        (last, _), *_ = web.badges.judgements(badge_id)
        assert (last.verdict, last.note) == (Verdict.MISMATCH, "a tall man")


def test_a_picture_that_comes_takes_back_no_verdict_on_its_way(web: Web) -> None:
    with serve(web.app) as url, visitor() as page:
        log_in(page, f"{url}/badges", "anna", PASSWORD)
        page.add_init_script(
            "window.fetch = () => new Promise((come) => {"
            " window.come = () => come({ ok: true }); window.looks = true; });"
        )
        page.locator(".review-when a").first.click()
        page.wait_for_url("**/badges/*")
        wait_until(lambda: bool(page.evaluate("window.looks")), "it looks for one")
        address = page.url
        badge_id = BadgeId(address.rpartition("/")[2])
        page.evaluate(
            "document.getElementById('judge').addEventListener('submit', () =>"
            " queueMicrotask(() => window.come()))"
        )
        press(page, "m")
    assert [made.verdict for made, _ in web.badges.judgements(badge_id)] == ["match"]


def test_a_note_stays_when_the_verdict_is_refused(web: Web) -> None:
    with serve(web.app) as url, visitor() as page:
        log_in(page, f"{url}/badges", "anna", PASSWORD)
        page.locator(".review-when a").first.click()
        page.wait_for_url("**/badges/*")
        address = page.url
        write(page, "a tall man")
        page.evaluate("document.querySelector('#judge [name=csrf_token]').value = 'x'")
        press(page, "m")
        page.goto(address)
        assert page.get_by_label("Note").input_value() == "a tall man"
