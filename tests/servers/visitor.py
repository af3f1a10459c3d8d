"""A person at a real Chromium: types, clicks, reads; nothing is faked.

The visitors of a module share one Chromium, each with cookies and a cache of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.servers.browser import FLAGS, program

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LIMIT_MS = 60_000  # a busy machine takes its time
DESKTOP, PHONE = (1280, 800), (390, 844)
# A page that is on its way has no root, or one without its styles.
_WIDTH = """() => document.readyState === "complete"
    && document.documentElement.scrollWidth"""


_started = ExitStack()


@pytest.fixture(scope="module", autouse=True)
def closes_chromium() -> Iterator[None]:
    """With the module: while it is open, no other event loop runs in this thread."""
    yield
    _chromium.cache_clear()
    _started.close()


@contextmanager
def closed_chromium() -> Iterator[None]:
    """Outside of pytest: what is opened inside ends with it."""
    try:
        yield
    finally:
        _chromium.cache_clear()
        _started.close()


@functools.cache
def _chromium() -> Browser:
    from playwright.sync_api import sync_playwright

    playwright = _started.enter_context(sync_playwright())
    options = [*FLAGS[1:]]
    chromium = playwright.chromium.launch(executable_path=program(), args=options)
    _started.callback(chromium.close)
    return chromium


@contextmanager
def visitor(size: tuple[int, int] = DESKTOP) -> Iterator[Page]:
    """Yield an empty tab; at its end no script may have failed on any page."""
    width, height = size
    with _chromium().new_context(
        viewport={"width": width, "height": height},
        is_mobile=size == PHONE,
        has_touch=size == PHONE,
        # A menu that is still unfolding moves away from under a click.
        reduced_motion="reduce",
    ) as own:
        page = own.new_page()
        page.set_default_timeout(LIMIT_MS)
        failed: list[str] = []
        page.on("pageerror", lambda error: failed.append(str(error)))
        yield page
    assert failed == []


def log_in(page: Page, url: str, name: str, password: str) -> None:
    """Go to the page; where it asks for a login, give one."""
    page.goto(url)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(url)


def fits(page: Page) -> bool:
    """Say whether the page, once it is all there, is no wider than its window.

    Not by innerWidth: on a phone that grows with what sticks out.
    """
    page.wait_for_load_state()
    size = page.viewport_size
    assert size is not None
    # Asked again by itself where the page is left meanwhile.
    return bool(page.wait_for_function(_WIDTH).json_value() <= size["width"])
