"""An admin adds entries in the browser, and tries each before."""

from __future__ import annotations

import base64
from pathlib import Path

from mvsnap.domain import Role
from mvsnap.simulator.server import serve
from tests.servers.visitor import PHONE, log_in, visitor
from tests.web.build import GATE, PASSWORD, Web

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


def test_an_admin_adds_a_schedule_and_a_channel(tmp_path: Path) -> None:
    web = Web(tmp_path)
    web.add_user("admin", Role.ADMIN)
    with serve(web.app) as url, visitor(PHONE) as page:
        page.on("dialog", lambda dialog: dialog.accept())
        log_in(page, f"{url}/settings", Role.ADMIN, PASSWORD)
        page.get_by_text("All settings").click()
        page.get_by_role("link", name="Schedules").click()
        page.get_by_role("link", name="Add a schedule").click()
        page.get_by_label("Name").fill("Morning")
        page.get_by_label("Cameras").fill(GATE)
        page.get_by_label("Cron").fill("at seven")
        page.get_by_role("button", name="Try").click()
        page.get_by_text("Expected five cron fields").wait_for()
        page.get_by_label("Cron").fill("0 7 * * 1-5")
        page.get_by_role("button", name="Try").click()
        page.get_by_role("status").get_by_text("Morning works.").wait_for()
        assert web.entries.all() == []
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Saved Morning.").wait_for()

        page.get_by_text("All settings").click()
        page.get_by_role("link", name="Channels").click()
        page.get_by_role("link", name="Add a channel: webhook").click()
        page.get_by_label("Name").fill("Till")
        page.get_by_label("URL").fill("https://shop.example/hook")
        page.get_by_label("Secret").fill(SECRET)
        page.get_by_role("button", name="Try").click()
        page.get_by_role("status").get_by_text("Till works.").wait_for()
        # Neither is shown again, and both are saved all the same.
        assert page.get_by_label("Secret").input_value() == ""
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Saved Till.").wait_for()
        assert [entry.name for entry in web.entries.all()] == ["Till", "Morning"]
        assert web.entries.all()[0].value["secret"] == SECRET
        page.get_by_role("button", name="Remove Till").click()
        page.get_by_text("Till was removed.").wait_for()

        page.get_by_text("All settings").click()
        page.get_by_role("link", name="Recording cameras").click()
        page.get_by_role("link", name="Add a camera").click()
        page.get_by_label("Name (required)").fill("Line")
        page.get_by_label("URL").fill("rtsp://192.0.2.7/a")
        page.get_by_role("button", name="Try").click()
        picture = page.get_by_role("status").get_by_alt_text("Picture of the clip")
        picture.wait_for()
        is_drawn = "image => image.decode().then(() => image.naturalWidth > 0)"
        assert picture.evaluate(is_drawn)
        assert web.entries.all()[0].name == "Morning"
