"""One's own account in a browser: set up an app, log in with it, end sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp

from mvsnap.domain import Role
from mvsnap.simulator.server import serve
from tests.servers.visitor import log_in, visitor
from tests.web.build import PASSWORD, Web


def code(secret: str, steps: int) -> str:
    """Return a code some steps after the current one: each is accepted once."""
    return pyotp.TOTP(secret).at(datetime.now(UTC) + steps * timedelta(seconds=30))


def give_password(page: Any, url: str) -> None:
    page.goto(f"{url}/login")
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Enter your code").wait_for()


def give_code(page: Any, text: str) -> None:
    page.get_by_label("Code").fill(text)
    page.get_by_role("button", name="Log in").click()


def log_out(page: Any) -> None:
    page.get_by_role("button", name="Log out", exact=True).click()
    page.wait_for_url("**/login")


def set_up(page: Any) -> tuple[str, list[str]]:
    """Set up an app from the account's page; return its key and recovery codes."""
    page.get_by_role("link", name="anna").click()
    page.get_by_role("link", name="Set up").click()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    picture = page.get_by_role("img", name="QR code for the app")
    picture.wait_for()
    width = "image => image.decode().then(() => image.naturalWidth)"
    assert picture.evaluate(width) > 100
    secret = page.locator("code.user-select-all").inner_text().replace(" ", "")
    page.get_by_label("Code").fill(code(secret, 0))
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    codes = page.locator(".recovery-codes code").all_inner_texts()
    assert len(codes) == 10
    return secret, codes


def test_an_app_is_set_up_and_logs_in_and_all_sessions_end(web: Web) -> None:
    web.add_user("anna", Role.VIEWER)
    with serve(web.app) as url, visitor() as page:
        log_in(page, f"{url}/clips", "anna", PASSWORD)
        secret, codes = set_up(page)
        page.get_by_role("link", name="I have saved them").click()
        log_out(page)

        give_password(page, url)
        give_code(page, "000000")
        page.get_by_text("Wrong code. It is").wait_for()
        give_code(page, code(secret, 1))
        page.wait_for_url(f"{url}/")
        log_out(page)

        give_password(page, url)
        give_code(page, codes[0])
        page.get_by_text("You used a recovery code; 9 are left.").wait_for()
        page.goto(f"{url}/account")
        assert page.get_by_text("Recovery codes left: 9").is_visible()
        assert page.get_by_text("Chrome on Linux").is_visible()
        page.get_by_role("button", name="Log out everywhere").click()
        page.wait_for_url(f"{url}/login")
        page.goto(f"{url}/account")
        page.wait_for_url(f"{url}/login?next=/account")
