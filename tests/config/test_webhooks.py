from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from mvsnap.config.webhooks import Webhooks
from tests.webhooks.web_build import OTHER, SHARED, TOKEN, WEBHOOKS

BADGE = {"timestamp": "at", "user_id": "card", "reader": "door"}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"tokens": [{"name": "a", "token": "tiny-token"}]}, "at least 16 characters"),
        ({"tokens": [{"name": "a", "token": "x" * 20 + "/y"}]}, "letters, digits"),
        ({"tokens": [{"name": "a", "token": TOKEN, "actions": ["call"]}]}, "'clip'"),
        ({"tokens": [{"name": "a", "token": TOKEN, "cameras": ["x/y"]}]}, "a name"),
        ({"meraki_shared_secret": "tiny-x"}, "at least 8 characters"),
        ({"rules": [{"name": "a", "match": {"x": {"y": 1}}}]}, "rules.0.match"),
        ({"rules": [{"name": "a"}, {"name": "a"}]}, "rules: two entries"),
        (
            {"tokens": [{"name": n, "token": TOKEN} for n in "ab"]},
            "two entries have the same token",
        ),
        (
            {"tokens": [{"name": "a", "token": t} for t in (TOKEN, OTHER)]},
            "tokens: two entries have the same name",
        ),
        (
            {"rules": [{"name": "a", "badge": {"timestamp": "at"}}]},
            "missing: user_id, reader",
        ),
        (
            {"rules": [{"name": "a", "room": "x", "badge": BADGE}]},
            "badge: cannot be combined with room",
        ),
        ({"actions": ["ignore", "clip"]}, "cannot be combined with other actions"),
        (
            {"rules": [{"name": "a", "actions": ["ignore"], "title": "x"}]},
            "actions: ignore cannot be combined with title",
        ),
        ({"rule": []}, "Extra inputs"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    entry: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Webhooks.model_validate(entry)
    assert words in str(caught.value)
    assert "tiny" not in str(caught.value)


def test_the_secrets_of_the_settings_do_not_show() -> None:
    settings = Webhooks.model_validate(WEBHOOKS)
    assert {s.get_secret_value() for s in settings.secrets()} == {TOKEN, OTHER, SHARED}
    assert all(secret not in repr(settings) for secret in (TOKEN, OTHER, SHARED))
    assert Webhooks().secrets() == []
