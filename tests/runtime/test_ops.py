"""Readiness of sites that are set up for a part only."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mvsnap.clock import SystemClock
from mvsnap.domain import Listener
from mvsnap.runtime.clock_state import ClockSinceStart
from mvsnap.texts.broker_wordings import CONNECTED, NOT_CONNECTED
from mvsnap.texts.wordings import NO_ANSWER_AT_ALL
from tests.clients.fakes import FakeClock
from tests.core.build import event
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


def test_sense_switched_on_on_the_page_counts(tmp_path: Path) -> None:
    web = Web(tmp_path, api_keys=[])
    assert "nobody can call" in parts_of(web)["api_keys"]
    web.site.choose({"sense.enabled": True}, "anna", SystemClock().now(), [])
    assert parts_of(web)["api_keys"] == "ok"


def test_cameras_that_record_inform_and_hide_their_names(tmp_path: Path) -> None:
    web = Web(tmp_path, **CLIPS_ONLY)
    web.store.heartbeat("tests", web.store.now())
    assert parts_of(web)["recorder"] == "1 not seen yet"
    assert web.client(None).get("/readyz").status_code == 200


def test_a_snapshot_without_a_dashboard_is_refused_at_once(tmp_path: Path) -> None:
    web = Web(tmp_path, meraki={"cameras": [GATE]})
    answer = web.client().get("/api/v1.0/getSnapshot")
    assert answer.status_code == 400
    assert "meraki.api_key is not set" in answer.text
    assert web.accepted == []


def test_a_clock_that_cannot_be_right_is_not_ready(tmp_path: Path) -> None:
    clock = FakeClock()
    web = Web(tmp_path, clock=clock)
    assert parts_of(web)["clock"] == "ok"
    clock.pass_time(-60 * 365 * 86_400)
    answer = web.client(None).get("/readyz")
    assert answer.status_code == 503
    assert "wrong: it says 1966-" in answer.text


def test_an_event_of_a_clock_that_was_ahead_refuses_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    web = Web(tmp_path, clock=clock)
    web.store.heartbeat("tests", web.store.now())
    web.store.add_event(event(recorded_at=clock.now() + timedelta(days=1)))
    assert "the last event was stored at 2026-03-05" in parts_of(web)["clock"]
    assert web.client(None).get("/readyz").status_code == 200
    assert web.client().get("/api/v1.0/getSnapshot?wait_s=0").status_code == 202
    clock.pass_time(86_400)
    assert parts_of(web)["clock"] == "ok"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (59, ""),
        (90_061, "set ahead by 25 h 1 min since the start"),
        (20_000.3 * 86_400, "set ahead by 20,000 days since the start"),
        (-3600, "set back by 1 h since the start"),
    ],
)
def test_a_clock_set_since_the_start_is_reported(
    monkeypatch: pytest.MonkeyPatch, seconds: float, said: str
) -> None:
    since, now = ClockSinceStart(), time.time
    monkeypatch.setattr(time, "time", lambda: now() + seconds)
    assert said in since.jump()
    assert bool(said) == bool(since.jump())


def listener(name: str, *, connected: bool = True, refused: int = 0) -> Listener:
    state = NOT_CONNECTED(why=NO_ANSWER_AT_ALL())
    if connected:
        state = CONNECTED(place="broker:1883")
    return Listener(name, datetime.now(UTC), connected, state, 1.0, 20, refused)


def test_zones_that_nobody_watches_are_reported_and_counted(tmp_path: Path) -> None:
    web = Web(tmp_path, clock=SystemClock(), sense={"enabled": True})
    web.sense.describe_listener(listener("one", refused=3))
    web.sense.describe_listener(listener("two", refused=4))
    said = "7 zones are not watched: more than sense.max_zones"
    assert parts_of(web)["sense"] == said
    text = web.client().get("/metrics").text
    assert 'mvsnap_sense_zones{listener="one"} 20.0' in text
    assert 'mvsnap_sense_zones_refused{listener="two"} 4.0' in text


def test_a_listener_without_its_broker_is_reported_and_costs_no_readiness(
    tmp_path: Path,
) -> None:
    web = Web(tmp_path, clock=SystemClock(), sense={"enabled": True})
    web.store.heartbeat("tests", web.store.now())
    web.sense.describe_listener(listener("one"))
    assert parts_of(web)["sense"] == "ok"
    web.sense.describe_listener(listener("two", connected=False))
    said = "1 of 2 listeners not connected: not connected: no answer"
    assert parts_of(web)["sense"] == said
    assert web.client(None).get("/readyz").status_code == 200
    web.sense.describe_listener(listener("one", connected=False))
    assert web.client(None).get("/readyz").status_code == 503
