"""Pages of alarms: the message of one, and what one would do."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap.domain import EventId, EventKind, Role
from mvsnap.store.events import EventFilter
from mvsnap.store.events.alarm_messages import message_of_alarm
from tests.core import build
from tests.web.build import DOOR, GATE, Web, send, words
from tests.webhooks.build import ixon
from tests.webhooks.web_build import (
    HALL,
    HOOK,
    TOKEN,
    WEBHOOKS,
    HookWeb,
    accepted,
    alert,
)

TEST = "/alarms/test"
RULES = [
    {"name": "robots", "match": {"extraInfo.Device name": "Robot *"}, "room": "Line 7"},
    {"name": "presses", "match": {"extraInfo.Device name": "Press *"}},
    {"name": "noise", "match": {"systemLabel": "info"}, "actions": ["ignore"]},
]
CAMERAS = {"cameras": {"Robot cell": {"url": "rtsp://192.0.2.10/"}}}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[HookWeb]:
    made = HookWeb(tmp_path, webhooks=WEBHOOKS | {"rules": RULES}, recorder=CAMERAS)
    yield made
    made.close()


def alarm_id(web: Web) -> EventId:
    (found,) = web.store.events(EventFilter(kinds=(EventKind.ALARM,)), 10)
    return found.id


def result_of(client: FlaskClient, message: Any, sender: str = "machines") -> str:
    text = message if isinstance(message, str) else json.dumps(message)
    answer = send(client, TEST, message=text, sender=sender)
    assert answer.status_code == 200, answer.text
    return html.unescape(words(answer.text)).partition("What would happen")[2]


# --- the message of one


def test_a_message_is_shown_as_it_came_with_its_rules(web: HookWeb) -> None:
    message = ixon(apikey="a-secret-of-somebody", note="Tür <b>")
    accepted(web.client(None).post(HOOK, json=message))
    viewer = web.log_in(Role.VIEWER)
    page = viewer.get(f"/alarms/{alarm_id(web)}").text
    shown = html.unescape(words(page))
    assert "sent by machines" in shown
    assert "Rules that matched robots Message as it came" in shown
    assert '"note": "Tür <b>"' in html.unescape(page)
    assert "<b>" not in page
    assert "a-secret-of-somebody" not in page
    assert "Test it again" not in shown
    raw = viewer.get(f"/alarms/{alarm_id(web)}/message.json")
    assert (raw.mimetype, raw.get_json()["note"]) == ("application/json", "Tür <b>")
    for address in ("/clips/x", f"/events/{alarm_id(web)}"):
        link = f'href="/alarms/{alarm_id(web)}"'
        assert (link in viewer.get(address).text) is (address != "/clips/x")


def test_the_link_to_a_picture_is_not_stored(web: HookWeb) -> None:
    accepted(web.client(None).post(HOOK, json=alert()))
    found = message_of_alarm(web.store, alarm_id(web))
    assert found is not None
    assert "spn.meraki.com" not in found.text
    assert "sharedSecret" not in found.text
    assert json.loads(found.text)["alertData"]["imageUrl"] == "(link to a picture)"


def in_a_text(message: dict[str, Any]) -> dict[str, Any]:
    """Wrap a message of Meraki as JSON in a text of two other fields."""
    return {"title": "Motion", "first": json.dumps(message), "b": [json.dumps(message)]}


@pytest.mark.parametrize("pack", [dict, in_a_text], ids=["text in data", "in texts"])
def test_no_secret_and_no_link_is_stored_wherever_they_are(
    web: HookWeb, pack: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    message = alert()
    message["alertData"]["imageUrl"] += "\n"
    message["note"] = f"see {message['alertData']['imageUrl']}"
    message["alertData"] = json.dumps(message["alertData"])
    accepted(web.client(None).post(HOOK, json=pack(message)))
    found = message_of_alarm(web.store, alarm_id(web))
    assert found is not None
    assert "sharedSecret" not in found.text
    assert "(link to a picture)" in found.text
    assert "spn.meraki.com" not in found.text


def test_json_without_either_stays_as_it_came(web: HookWeb) -> None:
    odd = {"title": "x", "a": '{ "b" : [1.0] }', "c": "[not JSON", "d": "{" * 50}
    accepted(web.client(None).post(HOOK, json=odd))
    found = message_of_alarm(web.store, alarm_id(web))
    assert found is not None
    assert json.loads(found.text) == odd


def test_an_alarm_without_a_stored_message_says_so(web: HookWeb) -> None:
    old = build.event(kind=EventKind.ALARM)
    web.store.add_event(old)
    viewer = web.log_in(Role.VIEWER)
    text = html.unescape(words(viewer.get(f"/alarms/{old.id}").text))
    assert "Not known any more" in text
    assert "before mvsnap kept messages" in text
    assert viewer.get(f"/alarms/{old.id}/message.json").status_code == 404


def test_only_alarms_have_messages(web: HookWeb, reviewer: FlaskClient) -> None:
    picture = build.event()
    web.store.add_event(picture)
    for event_id in (picture.id, "unknown", "a%00b"):
        assert reviewer.get(f"/alarms/{event_id}").status_code == 404
        assert reviewer.get(f"{TEST}?event={event_id}").status_code == 404


# --- what one would do


def test_a_test_shows_jobs_and_rules_and_does_nothing(
    web: HookWeb, reviewer: FlaskClient
) -> None:
    shown = result_of(reviewer, ixon())
    assert "By rule “robots” Text" in shown
    assert f"Pictures of {DOOR} Clips of none Recipients Line 7" in shown
    assert "matches robots ✓ extraInfo.Device name : wanted Robot *, found Robot 7" in (
        shown
    )
    assert "does not match presses ✗ extraInfo.Device name" in shown
    assert "Severity warning" in shown
    assert web.accepted == []
    assert web.store.events(EventFilter(), 10) == []


def test_a_test_goes_by_the_settings_of_its_sender(reviewer: FlaskClient) -> None:
    message = {"title": "Stopped", "machine": "Lathe"}
    assert f"Pictures of {DOOR}" in result_of(reviewer, message)
    shown = result_of(reviewer, message, "others")
    assert (
        f"By default Text Stopped · Lathe Pictures of {GATE} Clips of Robot cell"
        in (shown)
    )
    assert "Recipients Alarms" in shown
    assert f"Pictures of {GATE}" in result_of(reviewer, message, "")


def test_a_rule_named_as_its_sender_is_a_rule(tmp_path: Path) -> None:
    rule = {"name": "machines", "match": {"alarm": "17"}, "room": "Line 7"}
    web = HookWeb(tmp_path, webhooks=WEBHOOKS | {"rules": [rule]})
    reviewer = web.log_in(Role.REVIEWER)
    assert "By rule “machines” Text" in result_of(reviewer, {"alarm": 17})
    assert "By default Text" in result_of(reviewer, {"alarm": 18})
    web.close()


def test_cameras_of_other_organizations_have_their_recipients(tmp_path: Path) -> None:
    north = {"name": "North", "api_key": "k", "organization_id": "2", "room": "Fjord"}
    web = HookWeb(
        tmp_path,
        webhooks={"tokens": [{"name": "all", "token": TOKEN, "cameras": [GATE, DOOR]}]},
        organizations=[north | {"cameras": [DOOR]}],
    )
    shown = result_of(web.log_in(Role.REVIEWER), {"title": "x"}, "all")
    assert f"Recipients Alarms: {GATE} Fjord: {DOOR} Shows" in shown
    web.close()


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (ixon(systemLabel="info"), "Ignored: rule 'noise'"),
        ([ixon(), ixon(systemLabel="info")], "Alarm 2 of 2"),
        ("text=Oil+low&device=Press", "Text Oil low · Press"),
    ],
)
def test_every_kind_of_message_can_be_tested(
    reviewer: FlaskClient, message: Any, said: str
) -> None:
    assert said in result_of(reviewer, message)


def test_limits_of_a_key_are_shown_as_the_sender_would_see_them(
    tmp_path: Path,
) -> None:
    key = {"name": "one camera", "key": "a-key-for-one-camera-only"}
    limited = key | {"scopes": ["webhook"], "cameras": [HALL], "rooms": ["*"]}
    web = HookWeb(tmp_path, api_keys=[limited])
    shown = result_of(web.log_in(Role.REVIEWER), {"title": "x"}, "one camera")
    assert f"Refused: This key may not use camera {GATE}" in shown
    web.close()


@pytest.mark.parametrize(
    ("message", "sender", "said"),
    [
        ("", "", "body: empty"),
        ("{", "", "body: not JSON"),
        ("{}", "nobody", "sender: 'nobody'"),
        ("x" * 50_000, "", "message: 50000 characters"),
    ],
)
def test_a_message_that_would_be_refused_says_why(
    reviewer: FlaskClient, message: str, sender: str, said: str
) -> None:
    answer = send(reviewer, TEST, message=message, sender=sender)
    assert answer.status_code == 400
    assert said in html.unescape(words(answer.text))


def test_a_stored_message_is_tested_again(web: HookWeb, reviewer: FlaskClient) -> None:
    accepted(web.client(None).post(HOOK, json=ixon()))
    link = f"{TEST}?event={alarm_id(web)}"
    assert f'href="{link}"' in reviewer.get(f"/alarms/{alarm_id(web)}").text
    page = reviewer.get(link).text
    assert '<option value="machines" selected>' in page
    text = html.unescape(
        re.findall(r"<textarea[^>]*>\n?(.*?)</textarea>", page, re.S)[0]
    )
    assert json.loads(text) == ixon()
    assert "This message was received before" in result_of(reviewer, text)


def test_viewers_test_nothing(web: HookWeb) -> None:
    viewer = web.log_in(Role.VIEWER)
    assert viewer.get(TEST).status_code == 403
    assert send(viewer, TEST, message="{}", sender="").status_code == 403
    assert TEST not in viewer.get("/clips").text
    assert TEST in web.log_in(Role.REVIEWER).get("/clips").text
