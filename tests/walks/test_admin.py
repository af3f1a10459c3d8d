"""The admin at 3 a.m. with Webex away: what waits, since when, and "Try again now"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from mvsnap.simulator.faults import Fault
from tests.cli.run import mvsnap
from tests.gateway import Clouds, Gateway, clouds, gateway
from tests.servers.processes import wait_until
from tests.servers.visitor import log_in
from tests.walks.walk import look, on_each_screen, walker

if TYPE_CHECKING:
    from playwright.sync_api import Route

PASSWORD = "a-password-for-the-tests"


@dataclass
class Night:
    clouds: Clouds
    gateway: Gateway


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("night")
    with clouds() as made:
        site = {"name": "Harbour", "timezone": "Europe/Berlin"}
        with gateway(folder, made.settings(site=site), roles="web,worker") as running:
            add = ("users", "add", "adam", "--role", "admin", "--password-file", "-")
            assert mvsnap(folder, *add, stdin=f"{PASSWORD}\n").code == 0
            yield Night(made, running)


@on_each_screen
def test_the_admin(night: Night, size: tuple[int, int]) -> None:
    url, webex = night.gateway.url, night.clouds.webex
    before = len(webex.messages)
    webex.faults.add(Fault("503-html", "POST /v1/messages", times=-1))
    answer = night.gateway.snapshot(wait_s="0")
    assert answer.status_code == 202
    job = answer.json()["job"]["id"]

    def webex_is_back(route: Route) -> None:
        webex.faults.clear()
        route.continue_()

    with walker(size) as page:
        log_in(page, f"{url}/status", "adam", PASSWORD)
        page.get_by_text("it reports an error (503)").wait_for()
        assert "In trouble" in look(page, "status")
        page.goto(f"{url}/")
        page.get_by_text("Webex has been failing since").first.wait_for()
        look(page)
        page.goto(f"{url}/status/jobs")
        look(page, "jobs")
        page.locator(f"#job-{job} a").click()
        page.get_by_text("waiting", exact=True).first.wait_for()
        # Of the picture, of its message, and then of the job, which waits for it.
        page.get_by_text("Webex reports an error").nth(2).wait_for()
        look(page, "job")
        # Webex is back with the press: earlier, the job might be done before it.
        page.route("**/retry", webex_is_back)
        page.get_by_role("button", name="Try again now").click()
        page.get_by_text("It is tried again now.").wait_for()
        page.get_by_text("done", exact=True).wait_for()
        wait_until(lambda: len(webex.messages) > before, "it is posted")
        look(page)
        page.goto(f"{url}/status")
        page.get_by_text("Everything works.").wait_for()
        look(page)
