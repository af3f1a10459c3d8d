"""What the start of `serve` suggests to try, and settings that are read anew."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from mvsnap.config.model import Settings
from mvsnap.errors import BadConfig
from mvsnap.serving import reload
from mvsnap.serving.run import _Signalled, example

KEYS = {"api_keys": [{"name": "button", "key": "a-secret-of-24-characters"}]}
MERAKI = {"meraki": {"api_key": "a-dashboard-key", "cameras": ["Q2SM-0000-0001"]}}
TOKENS = {"webhooks": {"tokens": [{"name": "line", "token": "a-token-of-the-line-3"}]}}


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        (KEYS | MERAKI, "curl -H 'X-API-Key: ...' http://127.0.0.1:5004/api/"),
        (KEYS | TOKENS, "http://127.0.0.1:5004/webhook/TOKEN"),
        (KEYS, "http://127.0.0.1:5004/ in a browser"),
        (MERAKI, "http://127.0.0.1:5004/ in a browser"),
    ],
    ids=["pictures", "alarms", "a key alone", "no key"],
)
def test_what_is_suggested_works_with_the_settings(
    sections: dict[str, Any], says: str
) -> None:
    assert says in example(Settings.model_validate(sections))


class Refusing:
    """A service whose pages cannot be made with any settings."""

    def __init__(self) -> None:
        self.followed: list[Settings] = []

    def app(self, settings: Settings) -> None:
        raise BadConfig(["api_keys: no"])

    def follow(self, settings: Settings) -> None:
        self.followed.append(settings)


def test_settings_that_the_pages_refuse_are_not_half_followed() -> None:
    old, service = Settings(), Refusing()
    new = Settings.model_validate({"alerts": {"after_s": 77}, **KEYS})
    given: Any = service, SimpleNamespace(use=lambda _app: None)
    signalled = _Signalled(cast("Any", None), old, lambda: new)
    signalled.service, signalled.server = given
    signalled._reload()
    assert service.followed == []


class Following(Refusing):
    def app(self, settings: Settings) -> None:
        """Pages can be made with all of them."""


def test_the_heartbeat_and_places_of_visitors_are_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reload, "configure_logs", lambda _new, also: None)
    hall = {"name": "Hall", "zones": ["Q2SM-0000-0001"], "limit": 5}
    visitors = {"occupancy": [hall], "opening_hours": {"mon-fri": "9-20"}}
    url = "https://watcher.example/a-secret"
    new = Settings.model_validate({"heartbeat_url": url, "visitors": visitors})
    old, service = Settings(), Following()
    signalled = _Signalled(cast("Any", None), old, lambda: new)
    parts: Any = service, SimpleNamespace(use=lambda _app: None)
    signalled.service, signalled.server = parts
    signalled._reload()
    (given,) = service.followed
    assert given.heartbeat_url == new.heartbeat_url
    assert given.visitors.occupancy == new.visitors.occupancy
    assert given.visitors.opening_hours == {}
    # Only what was left is named the next time.
    signalled._reload()
    assert len(service.followed) == 1
