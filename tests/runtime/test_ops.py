"""Readiness of sites that are set up for a part only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mvsnap.clock import SystemClock
from tests.web.build import GATE, Web
from tests.web.clip_build import SETTINGS

CLIPS_ONLY: dict[str, Any] = {"api_keys": [], "meraki": {}, "webex": {}} | SETTINGS
ENDPOINT = {
    "token": "a-token-of-the-network",
    "validator": "a validator",
    "secret": "a secret of Meraki",
}


def parts_of(web: Web) -> dict[str, str]:
    answer: Any = web.client(None).get("/readyz").get_json()
    parts: dict[str, str] = answer["parts"]
    return parts


@pytest.mark.parametrize(
    "sections",
    [
        SETTINGS,
        {"webhooks": {"meraki_shared_secret": "a secret of Meraki"}},
        {"scanning": {"endpoints": [ENDPOINT]}},
        {"sense": {"enabled": True}},
        {"schedules": [{"cron": "0 6 * * *", "cameras": [GATE]}]},
    ],
    ids=["token", "shared secret", "scanning", "sense", "schedule"],
)
def test_no_api_keys_are_no_mistake_where_something_else_comes_in(
    tmp_path: Path, sections: dict[str, Any]
) -> None:
    web = Web(tmp_path, **({"api_keys": []} | sections))
    assert parts_of(web)["api_keys"] == "ok"
    web.close()


def test_sense_switched_on_on_the_page_counts(tmp_path: Path) -> None:
    web = Web(tmp_path, api_keys=[])
    assert "nobody can call" in parts_of(web)["api_keys"]
    web.site.choose({"sense.enabled": True}, "anna", SystemClock().now(), [])
    assert parts_of(web)["api_keys"] == "ok"
    web.close()


def test_cameras_that_record_inform_and_hide_their_names(tmp_path: Path) -> None:
    web = Web(tmp_path, **CLIPS_ONLY)
    web.store.heartbeat("tests", web.store.now())
    assert parts_of(web)["recorder"] == "1 not seen yet"
    assert web.client(None).get("/readyz").status_code == 200
    web.close()


def test_a_snapshot_without_a_dashboard_is_refused_at_once(tmp_path: Path) -> None:
    web = Web(tmp_path, meraki={"cameras": [GATE]})
    answer = web.client().get("/api/v1.0/getSnapshot")
    assert answer.status_code == 400
    assert "meraki.api_key is not set" in answer.text
    assert web.accepted == []
    web.close()
