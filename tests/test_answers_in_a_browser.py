"""A guard presses a button below a crowd; all of it real but Meraki and Webex."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mvsnap.domain import Serial, ZoneId
from mvsnap.simulator.meraki.counts import CountsPublisher, zone_ids
from mvsnap.simulator.mqtt.broker import Mosquitto
from tests.cli.run import mvsnap
from tests.gateway import Clouds, Gateway, clouds, write_config
from tests.servers.processes import wait_until
from tests.servers.visitor import log_in, visitor

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

GUARD, STRANGER = "guard@example.com", "stranger@example.com"
PASSWORD = "a-password-for-the-tests"


@dataclass
class Shop:
    clouds: Clouds
    gateway: Gateway
    counts: CountsPublisher

    def gather(self, *, number: int = 0) -> None:
        """Let people gather at the entrance of a camera for a moment."""
        camera = list(self.clouds.dashboard.cameras.values())[number]
        entrance: tuple[Serial, ZoneId] = camera.serial, zone_ids(camera, 1)[1]
        self.counts.crowd_now(*entrance, 5, 3)

    def crowds(self) -> list[dict[str, object]]:
        """Return the crowds that are over, newest first."""
        events = self.gateway.get("/api/v1.0/events", kind="crowd,end").json()["events"]
        found = [event for event in events if event["kind"] == "crowd"]
        return found if 2 * len(found) == len(events) else []

    def heads(self) -> int:
        return sum(not message.parent_id for message in self.clouds.webex.messages)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Mosquitto(tmp_path / "broker") as mqtt, clouds() as made:
        made.webex.people |= {GUARD: "Gil Guard", STRANGER: "Sam Stranger"}
        rule = {"people": 3, "dwell_s": 1, "dropout_s": 1, "cooldown_s": 0}
        settings = made.settings(sense={"enabled": True, "port": mqtt.port} | rule)
        settings["webex"]["commands"] = {"people": [GUARD]}
        config = write_config(tmp_path, settings)
        running = Gateway(config, roles="web,worker,sense")
        settings["site"] = {"public_url": running.url}
        write_config(tmp_path, settings)
        cameras = list(made.dashboard.cameras.values())
        running.start()
        try:
            add = ("users", "add", "anna", "--role", "admin", "--password-file", "-")
            assert mvsnap(tmp_path, *add, stdin=f"{PASSWORD}\n").code == 0
            wait_until(lambda: len(made.webex.webhooks) == 2, "webhooks")
            # What is published before, nobody hears.
            wait_until(lambda: "connected to" in running.output(), "it listens")
            with CountsPublisher("127.0.0.1", mqtt.port, cameras, seed=None) as counts:
                yield Shop(made, running, counts)
        finally:
            running.stop()


def test_a_crowd_is_snoozed_by_a_guard_and_not_by_a_stranger(shop: Shop) -> None:
    with visitor() as rooms:
        shop.gather()
        rooms.goto(shop.clouds.webex_url)
        thread = rooms.locator("article").filter(has_text="Crowd").first
        press(thread, "Sam Stranger", "Mute until tomorrow")
        thread.get_by_text("You may not do this here.").wait_for()
        press(thread, "Gil Guard", "Mute 1 h")
        thread.get_by_text("is muted until").first.wait_for()
        wait_until(lambda: len(shop.crowds()) == 1, "it is over")
        wait_until(lambda: "active mutes: 1" in shop.gateway.output(), "it is heard of")
        before = shop.heads()
        shop.gather()
        wait_until(lambda: len(shop.crowds()) == 2, "the next one is kept")
        # One that is posted, and behind which the other would have been posted by now.
        shop.gather(number=1)
        wait_until(lambda: shop.heads() > before, "another camera's")
        assert shop.heads() == before + 1
        ask(rooms, "snapshot gate north")
        taken = rooms.locator("article").filter(has_text="snapshot gate north")
        taken.get_by_text("Taking a picture of Gate North").wait_for()
        taken.locator("img").first.wait_for(state="visible")
    with visitor() as page:
        log_in(page, f"{shop.gateway.url}/settings/mutes", "anna", PASSWORD)
        assert GUARD in page.locator("main").inner_text()
        page.goto(f"{shop.gateway.url}/audit")
        row = page.locator("tr").filter(has_text=STRANGER)
        assert "refused" in row.first.inner_text()


def press(thread: Locator, person: str, title: str) -> None:
    """Press a button of the thread as somebody; the page comes anew."""
    form = thread.locator("form").filter(has=thread.page.get_by_role("button")).first
    form.get_by_label("Person").select_option(label=person)
    form.get_by_role("button", name=title).click()


def ask(rooms: Page, text: str) -> None:
    form = rooms.locator("section").first.locator(".say form")
    form.get_by_label("Person").select_option(label="Gil Guard")
    form.get_by_label("Message to the bot").fill(text)
    form.get_by_role("button").click()
