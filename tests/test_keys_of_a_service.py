"""Commands change keys, and the key of sessions, under a running service."""

from __future__ import annotations

import re
from pathlib import Path

import requests

from tests.cli.run import mvsnap
from tests.gateway import KEY, Gateway, gateway
from tests.servers.processes import wait_until

PASSWORD = "a password of a person"
SECRET = re.compile(r"mvsnap_[a-z2-7]{47}")


def status(running: Gateway, key: str) -> int:
    return (
        running.session()
        .get(f"{running.url}/api/v1.0/events", headers={"X-API-Key": key}, timeout=30)
        .status_code
    )


def logged_in(running: Gateway) -> requests.Session:
    browser = running.session()
    browser.headers["Accept"] = "text/html"
    page = browser.get(f"{running.url}/login", timeout=30)
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page.text)
    assert token
    fields = {"csrf_token": token[1], "name": "anna", "password": PASSWORD}
    browser.post(f"{running.url}/login", data=fields, timeout=30)
    assert is_in(running, browser)
    return browser


def is_in(running: Gateway, browser: requests.Session) -> bool:
    return "Log out" in browser.get(f"{running.url}/", timeout=30).text


def test_changes_by_commands_hold_without_a_restart(tmp_path: Path) -> None:
    settings = {"api_keys": [{"name": "tests", "key": KEY}]}
    with gateway(tmp_path, settings, roles="web") as running:
        first = mvsnap(tmp_path, "keys", "add", "plc", "--scope", "read").out.strip()
        assert status(running, first) == 200
        rotated = mvsnap(tmp_path, "keys", "rotate", "plc", "--overlap", "1")
        second = rotated.out.strip()
        assert (status(running, first), status(running, second)) == (200, 200)
        mvsnap(tmp_path, "keys", "remove", "plc")
        assert (status(running, first), status(running, second)) == (401, 401)
        running.session().post(f"{running.url}/webhook/{second}", data="x", timeout=30)

        added = ("users", "add", "anna", "--password-file", "-")
        assert mvsnap(tmp_path, *added, stdin=PASSWORD).code == 0
        browser = logged_in(running)
        mvsnap(tmp_path, "db", "rotate-session-key")
        wait_until(lambda: not is_in(running, browser), "the session ended", 20)
        logged_in(running)
        assert not SECRET.search(running.output())
