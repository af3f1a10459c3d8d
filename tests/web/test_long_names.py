"""Long names of sites and cameras leave every part of a page in its window."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

from playwright.sync_api import Locator

from mvsnap.core.mutes import new_mute
from mvsnap.domain import Camera, Role, Serial
from mvsnap.simulator.server import serve
from tests.servers.visitor import DESKTOP, fits, log_in, visitor
from tests.web.build import GATE, PASSWORD, Web

SITE = "Harbour of the United Long Name Company, northern gate 17"
CAMERA = "Donaudampfschifffahrtsgesellschaftskapitänskajüte 1"


def height(part: Locator) -> float:
    box = part.bounding_box()
    assert box is not None
    return box["height"]


def test_long_names_fit_the_smallest_phone(tmp_path: Path) -> None:
    web = Web(tmp_path, site={"name": SITE})
    now = web.clock.now()
    web.add_user("admin", Role.ADMIN)
    web.site.keep_cameras([Camera(Serial(GATE), CAMERA, "MV12W", "N_1")], now)
    web.site.mute(*new_mute(GATE, None, "60", "anna", now, UTC))
    with serve(web.app) as url, visitor((320, 700)) as page:
        page.goto(f"{url}/login")
        assert fits(page)
        log_in(page, f"{url}/settings/mutes", Role.ADMIN, PASSWORD)
        page.get_by_text(CAMERA).first.wait_for()
        assert fits(page)
        # In one line: the name, and the button of the menu.
        bar = page.get_by_role("navigation", name="Main")
        assert height(bar) < 80
        page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        assert height(bar) < 80
