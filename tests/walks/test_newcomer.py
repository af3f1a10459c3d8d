"""The newcomer after `mvsnap init`: first user, log-in, what is left, first picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from mvsnap.cli import main
from tests.cli.run import mvsnap
from tests.gateway import Clouds, Gateway, Installation, clouds, environment
from tests.servers.visitor import DESKTOP, log_in
from tests.walks.walk import look, on_each_screen, walker

PASSWORD = "a-password-for-the-tests"
# What a page says that has nothing to show yet.
EMPTY = {
    "/status/jobs": "No job waits",
    "/clips": "Add a recording camera",
    "/crowd-events": "Set sense.host to your MQTT broker",
    "/wifi": "Add an entry to scanning.endpoints",
    "/badges": "API key that has the scope badges",
}


@dataclass
class First:
    clouds: Clouds
    gateway: Gateway
    said: str


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[First]:
    folder = tmp_path_factory.mktemp("first")
    path = folder / "config" / "mvsnap.yaml"
    with clouds() as made:
        reached = {
            "MVSNAP_MERAKI__BASE_URL": f"{made.dashboard_url}/api/v1",
            "MVSNAP_WEBEX__BASE_URL": f"{made.webex_url}/v1",
        }
        answers = ("Shop", "Europe/Berlin", made.dashboard.api_key, "1", "all")
        # No other organization, then the token.
        typed = (*answers, "", made.webex.bot_token, "1", "", "", "")
        done = CliRunner().invoke(
            main,
            ["--config", str(path), "init"],
            input="".join(f"{answer}\n" for answer in typed),
            env=reached | {"COLUMNS": "80"},
        )
        assert done.exit_code == 0, done.output
        add = ("users", "add", "nora", "--role", "admin", "--password-file", "-")
        assert mvsnap(folder, *add, stdin=f"{PASSWORD}\n").code == 0
        own = Installation(env=environment(**reached))
        running = Gateway(path, roles="web,worker", of=own)
        running.start()
        try:
            yield First(made, running, done.output)
        finally:
            running.stop()


@on_each_screen
def test_the_newcomer(first: First, size: tuple[int, int]) -> None:
    url = first.gateway.url
    assert "users add YOUR-NAME" in first.said
    with walker(size) as page:
        log_in(page, f"{url}/", "nora", PASSWORD)
        if size == DESKTOP:  # on the phone there is a picture already
            page.get_by_text("No snapshots yet.").wait_for()
        look(page)
        page.goto(f"{url}/set-up")
        missing, _, there = look(page, "set-up").partition("Set up already")
        assert "Meraki cameras" in there
        # `init` leaves an empty section of it.
        assert "Crowd events" in missing
        for path, text in EMPTY.items():
            page.goto(f"{url}{path}")
            assert text in look(page)
        page.goto(f"{url}/")
        if size == DESKTOP:
            page.get_by_role("link", name="Choose a camera").click()
        else:
            page.get_by_role("button", name="Menu").click()
            page.get_by_role("link", name="Cameras", exact=True).click()
        page.get_by_role("button", name="Snapshot now of Gate North").click()
        page.wait_for_url("**/cameras/*job=*")
        page.get_by_role("img", name="Gate North").first.wait_for()
        page.get_by_text("Nora on the camera's page: done").wait_for()
        look(page, "first-picture")
        page.get_by_role("link", name="Job", exact=True).click()
        page.get_by_text("done", exact=True).wait_for()
        page.get_by_text("Site A - Alarms: ").first.wait_for()
        look(page)
        page.goto(f"{url}/")
        page.get_by_role("img", name="Snapshot of Gate North").first.wait_for()
        look(page)
