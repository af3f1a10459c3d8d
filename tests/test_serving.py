"""What the start of `serve` suggests to try."""

from __future__ import annotations

from typing import Any

import pytest

from mvsnap.config.model import Settings
from mvsnap.serving.run import example

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
