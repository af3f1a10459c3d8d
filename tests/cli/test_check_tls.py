"""What `check` says of the server's certificate, and the examples that fit it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.cli import check_tls
from mvsnap.config.model import Settings
from mvsnap.serving.run import example
from tests.servers.certificates import make_pair


def settings(folder: Path, days: float, **sections: Any) -> Settings:
    pair = make_pair(folder, from_days=-20, to_days=days)
    tls = {"cert": pair.cert, "key": pair.key}
    return Settings.model_validate({"server": {"tls": tls}} | sections)


def said(known: Settings) -> tuple[bool | None, str]:
    ((name, check),) = check_tls.checks(known)
    found = check()
    assert name == "TLS"
    return found.ok, found.text


def test_nothing_without_tls() -> None:
    assert check_tls.checks(Settings()) == []


def test_a_good_one_says_until_when(tmp_path: Path) -> None:
    before, known = datetime.now(UTC), settings(tmp_path, 60)
    # Midnight may have passed meanwhile.
    days = [day + timedelta(days=60) for day in (before, datetime.now(UTC))]
    assert said(known) in [(True, f"valid until {day:%Y-%m-%d}") for day in days]


@pytest.mark.parametrize(
    ("days", "text"), [(-1, "the certificate has expired"), (3, "ends soon (valid")]
)
def test_the_end_is_a_warning(tmp_path: Path, days: float, text: str) -> None:
    ok, words = said(settings(tmp_path, days))
    assert ok is None
    assert text in words
    assert str(tmp_path) in words


def test_links_that_do_not_fit_are_a_warning(tmp_path: Path) -> None:
    site = {"public_url": "http://cam.example:5004"}
    ok, words = said(settings(tmp_path, 60, site=site))
    assert ok is None
    assert words.startswith("site.public_url begins with http:")


def test_the_example_request_works_with_the_certificate_of_a_name(
    tmp_path: Path,
) -> None:
    keys = [{"name": "button", "key": "a-key-of-enough-characters"}]
    meraki = {"api_key": "a-key", "cameras": ["Q2SM-0000-0001"]}
    known = settings(tmp_path, 60, api_keys=keys, meraki=meraki)
    assert example(known) == (
        "curl -k -H 'X-API-Key: ...' https://127.0.0.1:5004/api/v1.0/getSnapshot"
    )
