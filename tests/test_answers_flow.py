"""People write to a running gateway in Webex and press its buttons."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from mvsnap.simulator.webex.cards import button_data, press
from mvsnap.simulator.webex.webex import SimMessage
from tests.gateway import ROOM, Clouds, Gateway, clouds, write_config
from tests.servers.processes import wait_until

GUARD, STRANGER = "guard@example.com", "stranger@example.com"


@dataclass
class Site:
    clouds: Clouds
    gateway: Gateway

    @property
    def messages(self) -> list[SimMessage]:
        return self.clouds.webex.messages

    def say(self, text: str) -> str:
        webex = self.clouds.webex
        return webex.say(webex.rooms[0].id, GUARD, f"mvsnap {text}", mentions_bot=True)

    def replies(self, message_id: str) -> list[SimMessage]:
        return [m for m in self.messages if m.parent_id == message_id]

    def wait_for_more(self, known: int) -> None:
        self.wait(lambda: len(self.messages) > known)

    def wait(self, condition: Callable[[], Any]) -> None:
        wait_until(lambda: bool(condition()), "an answer")


@pytest.fixture(scope="module", params=["webhooks", "websocket"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp(request.param)
    with clouds() as running:
        running.webex.people |= {STRANGER: "Sam Stranger"}
        commands = {
            "people": [GUARD],
            "rooms": [ROOM],
            "way": request.param,
            "device_url": f"{running.webex_url}/wdm/api/v1",
        }
        settings = running.settings()
        escalation = {"after_s": 86_400, "to": GUARD}
        settings["webex"] |= {"commands": commands, "escalation": escalation}
        gateway = Gateway(write_config(folder, settings))
        settings["site"] = {"public_url": gateway.url}
        write_config(folder, settings)
        gateway.start()
        webex = running.webex
        wait_until(
            lambda: len(webex.webhooks) == 2 or webex.sockets.opened > 0, "a way in"
        )
        yield Site(running, gateway)
        gateway.stop()
        webex.sockets.close()


def test_a_picture_by_words(site: Site) -> None:
    name = next(iter(site.clouds.dashboard.cameras.values())).name or ""
    began_s = time.monotonic()
    asked = site.say(f"snapshot {name.upper()}")
    site.wait(lambda: site.replies(asked))
    took_s = time.monotonic() - began_s
    assert site.replies(asked)[0].markdown.startswith(f"**Taking a picture of {name}")
    # Promised are two seconds; a busy machine gets more. A look for what was missed
    # comes after twenty.
    assert took_s < 2 + 8
    site.wait(lambda: any(m.files for m in site.replies(asked)))
    assert len(site.replies(asked)) == 2


def test_buttons_below_a_picture(site: Site) -> None:
    webex = site.clouds.webex
    assert site.gateway.snapshot().status_code == 200
    site.wait(lambda: [m for m in site.messages if m.card])
    buttons = next(m for m in site.messages if m.card)
    assert buttons.card
    before = len(site.messages)
    data = button_data(buttons.card, "Mute 1 h")
    press(webex, buttons.id, STRANGER, data)
    press(webex, buttons.id, GUARD, data)
    site.wait(lambda: len(site.messages) == before + 2)
    mutes = site.gateway.get("/api/v1.0/mutes").json()["mutes"]
    assert [mute["muted_by"] for mute in mutes] == [GUARD]


def test_seen_is_confirmed_below_a_picture(site: Site) -> None:
    known = len(site.messages)
    assert site.gateway.snapshot().status_code == 200
    site.wait(lambda: [m for m in site.messages[known:] if m.card])
    buttons = next(m for m in site.messages[known:] if m.card)
    assert buttons.card
    for words in (f"**Confirmed by {GUARD}", f"**Already confirmed by {GUARD}"):
        before = len(site.messages)
        data = button_data(buttons.card, "Seen")
        press(site.clouds.webex, buttons.id, GUARD, data)
        site.wait_for_more(before)
        assert site.messages[-1].markdown.startswith(words)
        assert site.messages[-1].parent_id == buttons.parent_id


def test_a_restart_answers_what_came_before_once(site: Site) -> None:
    asked = site.say("cameras")
    site.wait(lambda: site.replies(asked))
    site.gateway.stop()
    site.gateway.start()
    again = site.say("cameras")
    site.wait(lambda: site.replies(again))
    assert (len(site.replies(asked)), len(site.replies(again))) == (1, 1)
