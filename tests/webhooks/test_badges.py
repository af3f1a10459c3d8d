"""Access systems that send webhooks: a rule makes badge events of their messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap.badges.conditions import BadgeFilter
from mvsnap.badges.model import BadgeEvent
from tests.web.build import DOOR, GATE
from tests.webhooks.web_build import HOOK, WEBHOOKS, HookWeb, at_noon

DOORS = {
    "name": "doors",
    "match": {"kind": "access.*"},
    "badge": {"timestamp": "at", "user_id": "card.number", "reader": "door"},
}
DENIED = {"name": "denied", "match": {"kind": "access.denied"}, "cameras": [DOOR]}


def message(**given: Any) -> dict[str, Any]:
    plain = {"kind": "access.granted", "at": at_noon(-60), "card": {"number": 7}}
    return plain | {"door": "Gate"} | given


@pytest.fixture
def web(tmp_path: Path) -> HookWeb:
    badges = {"camera_of_reader": {"Gate": GATE}}
    webhooks = WEBHOOKS | {"rules": [DOORS, DENIED]}
    return HookWeb(tmp_path, webhooks=webhooks, badges=badges)


def stored(web: HookWeb) -> list[BadgeEvent]:
    return web.badges.badges(BadgeFilter(), 10)


def test_a_message_that_a_rule_reads_is_a_badge_event_and_no_alarm(
    web: HookWeb, client: FlaskClient
) -> None:
    answer = client.post(HOOK, json=message())
    assert answer.status_code == 202
    assert answer.json == {
        "status": "accepted",
        "badges": {"new": 1, "known": 0},
        "jobs": [],
        "notes": [],
    }
    (event,) = stored(web)
    assert (event.user_id, event.reader, event.serial) == ("7", "Gate", GATE)
    assert (event.source, event.details["kind"]) == ("machines", "access.granted")
    assert web.accepted == []


def test_the_same_message_again_is_known(web: HookWeb, client: FlaskClient) -> None:
    client.post(HOOK, json=message())
    again: Any = client.post(HOOK, json=message()).json
    assert again["badges"] == {"new": 0, "known": 1}
    assert len(stored(web)) == 1


def test_another_rule_may_want_a_picture_of_it_at_once(
    web: HookWeb, client: FlaskClient
) -> None:
    answer: Any = client.post(HOOK, json=message(kind="access.denied")).json
    assert answer["badges"] == {"new": 1, "known": 0}
    assert web.job.serials == (DOOR,)
    assert answer["job"]["id"] == web.job.id


def test_a_message_without_a_badge_is_refused_and_nothing_is_kept(
    web: HookWeb, client: FlaskClient
) -> None:
    answer = client.post(HOOK, json=message(kind="access.denied", card={}))
    assert answer.status_code == 400
    assert "badge.user_id: nothing" in answer.text
    assert (stored(web), web.accepted) == ([], [])


def test_a_key_reaches_readers_of_its_own_cameras_alone(tmp_path: Path) -> None:
    key = "a-key-for-the-door-alone"
    limited = {"name": "door", "key": key, "cameras": [DOOR], "scopes": ["webhook"]}
    web = HookWeb(
        tmp_path,
        api_keys=[limited],
        webhooks={"rules": [DOORS, DENIED]},
        badges={"camera_of_reader": {"Gate": GATE}},
    )
    answer = web.client(key).post("/webhook", json=message(kind="access.denied"))
    assert (answer.status_code, f"camera {GATE}" in answer.text) == (403, True)
    assert (stored(web), web.accepted) == ([], [])


def test_other_messages_are_alarms_as_before(web: HookWeb, client: FlaskClient) -> None:
    answer: Any = client.post(HOOK, json=message(kind="fire")).json
    assert "badges" not in answer
    assert web.job.serials == (DOOR,)
    assert stored(web) == []
