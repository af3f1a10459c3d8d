"""/.well-known/security.txt: where to report a vulnerability (RFC 9116)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from mvsnap.config.model import Site
from tests.clients.fakes import FakeClock
from tests.web.build import HTML, Web

ADDRESS = "/.well-known/security.txt"


def test_it_needs_no_login_and_does_not_expire_while_it_is_served(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    site = {"security_contact": "security@plant.example"}
    web = Web(tmp_path, clock=clock, site=site)
    answer = web.client(None).get(ADDRESS, headers={"Accept": HTML})
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; charset=utf-8"
    contact, expires = answer.text.splitlines()
    assert contact == "Contact: mailto:security@plant.example"
    until = datetime.fromisoformat(expires.removeprefix("Expires: "))
    now = clock.now().astimezone(UTC)
    assert now + timedelta(days=90) < until < now + timedelta(days=365)


def test_without_a_contact_there_is_none(tmp_path: Path) -> None:
    web = Web(tmp_path)
    assert web.client(None).get(ADDRESS).status_code == 404


@pytest.mark.parametrize(
    ("given", "contact"),
    [
        ("it@plant.example", "mailto:it@plant.example"),
        (" mailto:it@plant.example ", "mailto:it@plant.example"),
        ("https://plant.example/report", "https://plant.example/report"),
        ("tel:+49-30-5550100", "tel:+49-30-5550100"),
    ],
)
def test_contacts_are_addresses(given: str, contact: str) -> None:
    assert Site.model_validate({"security_contact": given}).security_contact == contact


@pytest.mark.parametrize(
    "given",
    [
        *("", "the porter", "http://plant.example", "javascript:alert(1)", "tel:"),
        *("it@plant.example\nContact: x@y", "https://a b", "a" * 9999 + "@b"),
    ],
    ids=range(8),
)
def test_anything_else_is_a_mistake(given: str) -> None:
    with pytest.raises(ValidationError, match="expected an e-mail address"):
        Site.model_validate({"security_contact": given})
