"""A person at a real Chromium: types, clicks, reads; nothing is faked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.servers.browser import FLAGS, program

if TYPE_CHECKING:
    from playwright.sync_api import Page

LIMIT_MS = 20_000
DESKTOP, PHONE = (1280, 800), (390, 844)


@contextmanager
def visitor(size: tuple[int, int] = DESKTOP) -> Iterator[Page]:
    """Yield an empty tab; at its end no script may have failed on any page."""
    from playwright.sync_api import sync_playwright

    width, height = size
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=program(), args=[*FLAGS[1:]]
        )
        page = chromium.new_page(
            viewport={"width": width, "height": height},
            is_mobile=size == PHONE,
            has_touch=size == PHONE,
        )
        page.set_default_timeout(LIMIT_MS)
        failed: list[str] = []
        page.on("pageerror", lambda error: failed.append(str(error)))
        yield page
        chromium.close()
        assert failed == []


def log_in(page: Page, url: str, name: str, password: str) -> None:
    """Go to the page; where it asks for a login, give one."""
    page.goto(url)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(url)
