"""An admin at a real browser gives a device a key, replaces it and takes it away."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from mvsnap.domain import Role
from mvsnap.simulator.server import serve
from tests.clients.fakes import FakeClock
from tests.servers.visitor import PHONE, fits, log_in, visitor
from tests.web.build import PASSWORD, Web

KEYS = "/settings/keys"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def web(tmp_path: Path, clock: FakeClock) -> Web:
    made = Web(tmp_path, clock=clock)
    made.add_user("anna")
    return made


def status(url: str, key: str) -> int:
    session = requests.Session()
    session.trust_env = False
    answer = session.get(
        f"{url}/api/v1.0/events", headers={"X-API-Key": key}, timeout=20
    )
    return answer.status_code


def test_a_key_is_made_used_rotated_and_removed(web: Web, clock: FakeClock) -> None:
    with serve(web.app) as url, visitor() as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        log_in(page, f"{url}{KEYS}", "anna", PASSWORD)
        page.get_by_label("Name", exact=True).fill("Line 3 / PLC")
        page.get_by_label("Last day").fill("2026-12-31")
        page.get_by_label("read: ").check()
        page.get_by_role("button", name="Make").click()
        first = page.get_by_label("API key", exact=True).input_value()
        assert status(url, first) == 200
        page.get_by_role("button", name="Copy: API key").click()
        page.get_by_role("button", name="Copy: API key").get_by_text(
            "Copied"
        ).wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == first
        page.get_by_role("link", name="Done").click()
        page.get_by_text("last used Wed 04 Mar 12:00:00 from 127.0.0.1").wait_for()
        page.get_by_label("The old secret ends").select_option("in 1 hour")
        page.get_by_role("button", name="Make a new secret").click()
        second = page.get_by_label("API key", exact=True).input_value()
        page.get_by_text("The old one works until Wed 04 Mar 13:00:00.").wait_for()
        assert (status(url, first), status(url, second)) == (200, 200)
        clock.pass_time(3600)
        assert (status(url, first), status(url, second)) == (401, 200)
        page.get_by_role("link", name="Done").click()
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Remove").click()
        page.get_by_text("Removed the API key Line 3 / PLC.").wait_for()
        assert status(url, second) == 401


def test_people_and_keys_fit_a_phone(web: Web) -> None:
    web.add_user("ben@a-rather-long-name.of-a-company.example", Role.REVIEWER)
    with serve(web.app) as url, visitor(PHONE) as page:
        log_in(page, f"{url}/settings/people", "anna", PASSWORD)
        assert fits(page)
        page.get_by_label("Name", exact=True).fill("cleo")
        page.get_by_role("button", name="Add").click()
        assert len(page.get_by_label("Password", exact=True).input_value()) == 23
        assert fits(page)
        page.goto(f"{url}/settings/webhooks")
        page.get_by_label("Name", exact=True).fill("IXON Cloud of the packaging line")
        page.get_by_role("button", name="Make").click()
        page.get_by_label("Address for the sender", exact=True).wait_for()
        assert fits(page)
        page.get_by_role("link", name="Done").click()
        assert fits(page)
        page.goto(f"{url}{KEYS}")
        assert fits(page)
