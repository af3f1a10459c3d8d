from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from mvsnap.config.scanning import Scanning

ENTRY = {"token": "a" * 16, "validator": "v" * 8, "secret": "s" * 8}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"endpoints": [ENTRY | {"token": "tiny-token"}]}, "at least 16 characters"),
        ({"endpoints": [ENTRY | {"token": "x" * 20 + "/y"}]}, "letters, digits"),
        ({"endpoints": [ENTRY | {"secret": "tiny"}]}, "at least 8 characters"),
        ({"endpoints": [ENTRY | {"validator": ""}]}, "the Dashboard shows"),
        ({"endpoints": [ENTRY, ENTRY | {"secret": "other secret"}]}, "same token"),
        ({"min_rssi_dbm": 1}, "min_rssi_dbm"),
        ({"access_points": []}, "at least 1"),
        ({"access_points": ["shop entrance"]}, "0c:8d:db:12:34:56"),
        ({"visit_gap_s": 59}, "greater than or equal to 60"),
        ({"visit_gap_s": 300.5}, "visit_gap_s"),
        ({"long_stay_s": 0}, "long_stay_s"),
        ({"correlation": {"min_rssi_dbm": 5}}, "correlation.min_rssi_dbm"),
        ({"correlation": {"window_s": -1}}, "correlation.window_s"),
        ({"keep_visits_days": 6}, "less than keep_observations_days"),
        ({"endpoint": []}, "Extra inputs"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    given: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Scanning.model_validate(given)
    assert words in str(caught.value)
    assert "tiny" not in str(caught.value)


def test_the_secrets_of_the_settings_do_not_show() -> None:
    settings = Scanning.model_validate({"endpoints": [ENTRY]})
    secrets = {secret.get_secret_value() for secret in settings.secrets()}
    assert secrets == set(ENTRY.values())
    assert all(secret not in repr(settings) for secret in secrets)
    assert Scanning().secrets() == []
