"""How a person walks through the pages: whatever goes wrong on the way is a fault."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.servers.visitor import DESKTOP, PHONE, fits, visitor

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page, Response

# The pictures of docs/a-day.md are made anew where this names a folder.
PICTURES = "MVSNAP_WALK_PICTURES"
COLOURS = 128  # of a picture; few enough for its size, and nobody sees it

on_each_screen = pytest.mark.parametrize(
    "size", [DESKTOP, PHONE], ids=["desktop", "phone"]
)


@contextmanager
def walker(size: tuple[int, int]) -> Iterator[Page]:
    """Yield a tab; nothing may be refused or missing, and its console stays quiet."""
    wrong: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            wrong.append(message.text)

    def see(answer: Response) -> None:
        if answer.status >= 400:
            wrong.append(f"{answer.status} {answer.url}")

    with visitor(size) as page:
        page.on("console", hear)
        page.on("response", see)
        yield page
    assert wrong == []


def look(page: Page, name: str = "") -> str:
    """Return what the person reads there; it has to fit and to name its zone.

    name: of the picture, without the screen; "": none.
    """
    assert fits(page), page.url
    if name and os.environ.get(PICTURES):
        _keep(page, name)
    text = page.locator("body").inner_text()
    for odd in ("undefined", "NaN", "[object"):
        assert odd not in text, f"{page.url}: {odd}"
    return text


def _keep(page: Page, name: str) -> None:
    size = page.viewport_size
    assert size is not None
    screen = "phone" if size["width"] == PHONE[0] else "desktop"
    path = Path(os.environ[PICTURES]) / f"day-{name}-{screen}.png"
    with Image.open(io.BytesIO(page.screenshot(animations="disabled"))) as seen:
        few = seen.convert("RGB").quantize(COLOURS)
        few.save(path, optimize=True)
