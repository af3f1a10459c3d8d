"""The settings of the IXON Cloud say what is missing."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from mvsnap.config.ixon import IxonSection as Settings

TOKEN = "very-secret-service-token"
COMPLETE = {
    "application_id": "a1B2c3D4e5F6",
    "company_id": "1111-2222-3333-4444-5555",
    "token": TOKEN,
    "agent_server_id": "hTtPcAm00001",
    "stream_path": "live.mjpg",
}


def test_complete_settings_are_accepted_and_hide_their_secrets() -> None:
    settings = Settings.model_validate(COMPLETE)
    assert settings.url == "https://portal.ixon.cloud/api"
    assert settings.stream_path == "/live.mjpg"
    assert settings.configured
    assert TOKEN not in repr(settings)
    old = Settings.model_validate({**COMPLETE, "api_version": "1", "company_id": "x"})
    assert (old.api_version, old.url) == (1, "https://api.ixon.net")


@pytest.mark.parametrize(
    "given", [{}, {"base_url": "http://127.0.0.1:8081/api", "api_version": 2}]
)
def test_without_keys_ixon_is_not_configured(given: dict[str, Any]) -> None:
    assert not Settings.model_validate(given).configured


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"token": None}, "missing: token, or email", id="no login"),
        pytest.param(
            {"token": None, "email": "a@b.example"},
            "missing: password (email is set)",
            id="no password",
        ),
        pytest.param(
            {"token": None, "password": "x"}, "missing: email", id="no e-mail"
        ),
        pytest.param(
            {"application_id": None, "company_id": None},
            "missing: application_id (request it from support@ixon.cloud); company_id",
            id="two at once",
        ),
        pytest.param({"email": "a@b.example"}, "cannot be combined", id="both logins"),
        pytest.param({"email": "a:b@c.example"}, "e-mail address", id="a colon"),
        pytest.param({"application_id": "short"}, "12 letters", id="application"),
        pytest.param({"company_id": "1111"}, "1111-2222-3333", id="company"),
        pytest.param({"api_version": 3}, "less than or equal to 2", id="version"),
        pytest.param({"token": " "}, "not be empty", id="a blank token"),
        pytest.param({"stream_path": "http://x/"}, "a path like", id="a whole URL"),
        pytest.param({"otp": "123456"}, "expires in seconds", id="a one-time password"),
    ],
)
def test_settings_say_what_is_missing(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({**COMPLETE, **change})
    assert words in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_every_setting_is_described() -> None:
    assert list(Settings.model_fields) == [
        "base_url",
        "api_version",
        "application_id",
        "token",
        "email",
        "password",
        "company_id",
        "agent_server_id",
        "stream_path",
        "access_type",
    ]
    assert all(field.description for field in Settings.model_fields.values())
