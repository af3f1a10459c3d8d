"""What browsers are told once they reach the pages by https, and only then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.web.build import Web

PROXY = {"trusted_proxies": ["127.0.0.1"], "forwarded": ["prefix"]}


def cookie_and_hsts(
    folder: Path, url: str = "http://localhost", **headers: str
) -> tuple[str, str | None]:
    return told(Web(folder, server=PROXY), url, **headers)


def told(web: Web, url: str, **headers: str) -> tuple[str, str | None]:
    """Open the login page: the cookie that comes with it, and the HSTS header."""
    forwarded = {f"X-Forwarded-{name.title()}": text for name, text in headers.items()}
    answer = web.browser().get(f"{url}/login", headers=forwarded)
    assert answer.status_code == 200
    web.close()
    return answer.headers["Set-Cookie"], answer.headers.get("Strict-Transport-Security")


def site(public_url: str) -> dict[str, Any]:
    return {"public_url": public_url}


def test_the_plain_address_gets_neither(tmp_path: Path) -> None:
    cookie, hsts = cookie_and_hsts(tmp_path)
    assert cookie.startswith("mvsnap=")
    assert "Secure" not in cookie
    assert hsts is None


def test_with_tls_of_its_own_the_cookie_is_the_hosts(tmp_path: Path) -> None:
    cookie, hsts = cookie_and_hsts(tmp_path, "https://localhost")
    assert cookie.startswith("__Host-mvsnap=")
    parts = {part.strip() for part in cookie.split(";")}
    assert {"Secure", "HttpOnly", "Path=/"} < parts
    assert "Domain" not in cookie
    assert hsts == "max-age=31536000"


def test_behind_a_proxy_that_says_https(tmp_path: Path) -> None:
    cookie, hsts = cookie_and_hsts(tmp_path, proto="https")
    assert cookie.startswith("__Host-mvsnap=")
    assert hsts


def test_below_a_path_the_cookie_is_for_that_path(tmp_path: Path) -> None:
    cookie, hsts = cookie_and_hsts(tmp_path, proto="https", prefix="/site-a")
    assert cookie.startswith("__Secure-mvsnap=")
    assert "Path=/site-a" in cookie
    assert "Secure" in cookie
    assert hsts


@pytest.mark.parametrize("path", ["", "/mvsnap"])
def test_a_public_url_with_https_is_enough(tmp_path: Path, path: str) -> None:
    web = Web(tmp_path, site=site(f"https://cam.example{path}"))
    cookie, hsts = told(web, "http://localhost")
    assert cookie.startswith("__Host-mvsnap=")
    assert hsts


def test_http_goes_on_where_the_public_url_is_http(tmp_path: Path) -> None:
    web = Web(tmp_path, site=site("http://cam.local:5004"))
    cookie, hsts = told(web, "http://192.0.2.7:5004")
    assert cookie.startswith("mvsnap=")
    assert "Secure" not in cookie
    assert hsts is None


def test_a_session_of_http_is_none_of_https(tmp_path: Path) -> None:
    """Whoever plants a plain cookie from a neighbouring host gets nowhere."""
    web = Web(tmp_path)
    client = web.log_in()
    assert client.get("/").status_code == 200
    assert client.get("/", base_url="https://localhost").status_code == 303


def test_answers_to_programs_have_hsts_too(tmp_path: Path) -> None:
    web = Web(tmp_path)
    answer = web.client().get("/api/v1.0/events", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"]
