"""A real provider and a real browser: log in, a page, log out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mvsnap.simulator.ports import free_port
from mvsnap.simulator.server import serve
from tests.servers.oidc import CLIENT, SECRET, provider
from tests.servers.processes import wait_until
from tests.servers.visitor import visitor
from tests.web.build import Web, words

ANNA = {"preferred_username": "anna", "groups": ["staff", "guards"]}


def test_a_browser_logs_in_at_a_provider_and_out_again(tmp_path: Path) -> None:
    port = free_port()
    ours = f"http://127.0.0.1:{port}"
    with provider(ours, {"anna": ANNA, "bob": {}}) as (issuer, program):
        web = web_of(issuer, ours, tmp_path)
        with serve(web.app, port=port), visitor() as page:
            page.goto(f"{ours}/clips")
            page.get_by_role("link", name="Log in with 127.0.0.1").click()
            log_in_there(page, "anna")
            page.wait_for_url(f"{ours}/clips")
            assert "anna (reviewer)" in words(page.content())
            page.get_by_role("button", name="Log out").click()
            page.get_by_role("button", name="Yes, sign me out").click()
            page.wait_for_url(f"{ours}/login")
            assert "You have logged out." in page.content()
            # The provider does not remember her either: it asks who it is.
            page.get_by_role("link", name="Log in with 127.0.0.1").click()
            log_in_there(page, "bob")
            page.wait_for_url(f"{ours}/login/oidc/callback?**")
            assert "you have no role here" in page.content()
        assert "error" not in program.output(), program.output()
        web.close()


def test_a_log_out_at_the_provider_is_one_here(tmp_path: Path) -> None:
    port = free_port()
    ours = f"http://127.0.0.1:{port}"
    with provider(ours, {"anna": ANNA}) as (issuer, program):
        web = web_of(issuer, ours, tmp_path)
        with serve(web.app, port=port), visitor() as page:
            page.goto(f"{ours}/login/oidc")
            log_in_there(page, "anna")
            page.wait_for_url(f"{ours}/")
            page.goto(f"{issuer}/session/end")
            page.get_by_role("button", name="Yes, sign me out").click()

            def is_out() -> bool:
                page.goto(f"{ours}/")
                return "/login" in page.url

            wait_until(is_out, "the session here ends")
        assert "error" not in program.output(), program.output()
        web.close()


def web_of(issuer: str, url: str, folder: Path) -> Web:
    oidc = {
        "issuer": issuer,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "roles": {"reviewer": ["guards"]},
    }
    login = {"backend": "oidc", "oidc": oidc}
    return Web(folder, login=login, site={"public_url": url})


def log_in_there(page: Any, name: str) -> None:
    page.fill('input[name="login"]', name)
    page.fill('input[name="password"]', "any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
