"""What an alarm leads to, in the real application."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mvsnap.clip_model import ClipState
from mvsnap.domain import EventKind, Trigger, TriggerKind
from mvsnap.program import program
from mvsnap.store.events import EventFilter
from tests.clients.fakes import FakeClock
from tests.web.build import DOOR, GATE, KEY
from tests.webhooks.build import button_test, ixon, sensor, snake
from tests.webhooks.web_build import (
    HALL,
    HOOK,
    NOON,
    ONE,
    OTHER,
    WEBHOOKS,
    HookWeb,
    accepted,
    alert,
    at_noon,
    code,
)


def test_an_alarm_of_ixon_is_a_job_of_its_token(web: HookWeb) -> None:
    message = ixon(createdOn=f"{NOON - timedelta(minutes=5):%Y-%m-%dT%H:%M:%S}")
    answer = web.client(None).post(HOOK, json=message)
    url = f"http://localhost/api/v1.0/jobs/{web.job.id}"
    assert accepted(answer) == {
        "status": "accepted",
        "job": {"id": web.job.id, "url": url},
        "jobs": [{"id": web.job.id, "url": url, "cameras": [DOOR], "clips": []}],
        "notes": [],
    }
    assert answer.headers["Location"] == url
    job = web.job
    assert job.trigger == Trigger(TriggerKind.WEBHOOK, "machines")
    assert job.rule == "webhooks.tokens machines"
    assert (job.serials, job.rooms) == ((DOOR,), ("Yard",))
    assert job.at == NOON - timedelta(minutes=5)
    assert job.prefix == (
        "Robot stopped was triggered at 3/4/26, 11:59 AM UTC · Robot 7 · "
        "Instructions: open valve D5."
    )
    assert job.about is not None
    event = web.store.event(job.about)
    assert event is not None
    assert (event.kind, event.occurred_at) == (EventKind.ALARM, job.at)
    assert event.recorded_at == NOON
    assert event.details["device"] == "Robot 7"
    assert "Counter1000Max30: 30" in str(event.details["text"])
    assert web.client().get(url).status_code == 200


def test_an_alarm_of_meraki_is_about_the_camera_that_raised_it(web: HookWeb) -> None:
    accepted(web.client(None).post(HOOK, json=alert(deviceSerial=HALL)))
    assert web.job.serials == (HALL,)
    assert web.job.at == NOON - timedelta(seconds=60)
    assert web.job.prefix == "Motion detected · Gate · Shop"


def test_a_sensor_shows_the_cameras_of_the_token(web: HookWeb) -> None:
    accepted(web.client(None).post(HOOK, json=sensor("door", 1.0)))
    assert web.job.serials == (DOOR,)
    assert "door open" in web.job.prefix


@pytest.mark.parametrize(
    ("occurred", "at"),
    [
        (-2.0, None),
        (-10.0, NOON - timedelta(seconds=10)),
        (3600.0, None),
        (-86_400.0 * 1000, None),
    ],
    ids=["just now", "seconds ago", "ahead of us", "years ago"],
)
def test_the_picture_is_of_the_alarms_own_time(
    web: HookWeb, occurred: float, at: datetime | None
) -> None:
    accepted(web.client(None).post(HOOK, json=alert(occurredAt=at_noon(occurred))))
    assert web.job.at == at
    assert web.job.accepted_at == NOON


def test_an_ignored_time_is_mentioned(web: HookWeb) -> None:
    message = alert(occurredAt="2018-02-11T00:00:00Z")
    (note,) = accepted(web.client(None).post(HOOK, json=message))["notes"]
    assert "'2018-02-11T00:00:00Z' is implausible" in note


@pytest.mark.parametrize(
    "how",
    [
        {"json": ONE},
        {"json": json.dumps(ONE)},
        {"data": json.dumps(ONE)},
        {"data": ONE},
        {"data": ONE, "content_type": "multipart/form-data"},
        {"data": {"payload": json.dumps(ONE)}},
    ],
    ids=["json", "JSON in JSON", "no type", "form", "multipart", "payload="],
)
def test_any_machine_sends_as_it_can(web: HookWeb, how: dict[str, Any]) -> None:
    accepted(web.client(None).post(HOOK, **how))
    assert web.job.prefix == "17"


def test_an_alarm_in_latin_1_is_decoded_as_intended(web: HookWeb) -> None:
    body = '{"title": "Tür offen", "sharedSecret": "a secret of Meraki"}'
    accepted(web.client(None).post("/webhook", data=body.encode("latin-1")))
    assert web.job.prefix == "Tür offen"


def test_a_token_without_its_own_uses_the_defaults(web: HookWeb) -> None:
    accepted(web.client(None).post(f"/webhook/{OTHER}", json=ONE))
    assert (web.job.serials, web.job.rooms) == ((GATE,), ("Alarms",))


def test_a_clip_that_nobody_can_record_becomes_a_snapshot_with_a_note(
    web: HookWeb,
) -> None:
    body = accepted(web.client(None).post(f"/webhook/{OTHER}", json=ONE))
    assert body["notes"] == [
        f"clip: {GATE} not in recorder.cameras; taking a snapshot instead"
    ]
    assert len(web.accepted) == 1


RULES = [
    {
        "name": "robot",
        "match": {"shortContent": "Robot *", "extraInfo.Device name": ["Robot 7", "8"]},
        "cameras": [GATE, HALL],
        "room": "Robots",
        "title": "The robot stopped",
        "actions": ["clip"],
    },
    {"name": "all of IXON", "match": {"companyId": "1111-*"}},
    {"name": "another", "match": {"companyId": "2222-*"}, "cameras": [HALL]},
]


def test_every_rule_that_matches_is_a_job_of_its_own(tmp_path: Path) -> None:
    web = HookWeb(tmp_path, webhooks=WEBHOOKS | {"rules": RULES})
    body = accepted(web.client(None).post(HOOK, json=ixon()))
    assert [job["cameras"] for job in body["jobs"]] == [[GATE, HALL], [DOOR]]
    assert len(body["notes"]) == 1
    assert body["job"]["id"] == body["jobs"][0]["id"]
    told = [(job.trigger.by, job.rooms) for job in web.accepted]
    assert told == [("robot", ("Robots",)), ("all of IXON", ("Yard",))]
    assert web.accepted[0].prefix.startswith("The robot stopped · Robot 7 · Instr")
    names = [f"webhooks.rules {job.trigger.by}" for job in web.accepted]
    assert [job.rule for job in web.accepted] == names
    accepted(web.client(None).post(HOOK, json=ixon()))
    assert len(web.accepted) == 2


def test_without_webex_pictures_are_only_kept(tmp_path: Path) -> None:
    web = HookWeb(tmp_path, webex={})
    accepted(web.client(None).post(HOOK, json=ONE))
    assert web.job.rooms == ()


def test_an_alarm_without_any_camera_is_refused(tmp_path: Path) -> None:
    web = HookWeb(tmp_path, meraki={})
    answer = web.client(None).post(f"/webhook/{OTHER}", json=ONE)
    assert code(answer) == (400, "bad_input")
    assert "cameras: none" in answer.text


@pytest.mark.parametrize(
    "again",
    [
        alert(),
        alert(sentAt=at_noon(600)),
        snake(alert()),
    ],
    ids=["the same", "sent later", "in another spelling"],
)
def test_a_repeated_alarm_is_the_same_job(
    web: HookWeb, client: FlaskClient, again: dict[str, Any]
) -> None:
    first = accepted(client.post(HOOK, json=alert()))
    assert isinstance(web.clock, FakeClock)
    web.clock.pass_time(4000)
    assert accepted(client.post(HOOK, json=again)) == first
    assert len(web.accepted) == 1


def test_a_machine_that_repeats_a_message_tomorrow_is_not_ignored(
    web: HookWeb, client: FlaskClient
) -> None:
    first = accepted(client.post(HOOK, json=ONE))
    assert accepted(client.post(HOOK, json=ONE)) == first
    assert isinstance(web.clock, FakeClock)
    web.clock.pass_time(60)
    assert accepted(client.post(HOOK, json=ONE)) != first
    assert len(web.accepted) == 2


def test_two_tokens_have_jobs_of_their_own(web: HookWeb, client: FlaskClient) -> None:
    accepted(client.post(HOOK, json=alert()))
    accepted(client.post(f"/webhook/{OTHER}", json=alert()))
    assert len(web.accepted) == 2


def test_a_sender_may_say_what_is_the_same(web: HookWeb, client: FlaskClient) -> None:
    for line in ("3", "4"):
        headers = {"Idempotency-Key": "press 1"}
        accepted(client.post(HOOK, json=ONE | {"line": line}, headers=headers))
    assert len(web.accepted) == 1
    answer = client.post(HOOK, json=ONE, headers={"Idempotency-Key": "x" * 256})
    assert code(answer) == (400, "bad_input")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (button_test(), "test message"),
        (alert(alertTypeId="sensor_alert_test"), "test message"),
        (
            sensor("door", 0.0, alertData={"startedAlerting": False}),
            "the alert has ended",
        ),
        (ixon(systemLabel="info"), "not an alarm: 'info'"),
    ],
    ids=["test", "test of a profile", "door closes", "IXON news"],
)
def test_what_needs_no_picture_is_answered_with_the_reason(
    web: HookWeb, client: FlaskClient, message: dict[str, Any], reason: str
) -> None:
    answer = client.post(HOOK, json=message)
    assert answer.status_code == 202
    assert answer.get_json() == {"status": "ignored", "reason": reason}
    assert web.accepted == []


def test_a_test_with_an_example_of_a_motion_takes_a_picture_each_time(
    web: HookWeb, client: FlaskClient
) -> None:
    example = {
        "alertId": "0" * 16,
        "deviceSerial": "Q234-ABCD-5678",
        "occurredAt": "2018-02-11T00:00:00.123450Z",
    }
    for seconds in (1, 2):
        accepted(client.post(HOOK, json=alert(sentAt=at_noon(seconds), **example)))
    assert [job.serials for job in web.accepted] == [(DOOR,), (DOOR,)]
    assert all(job.at is None for job in web.accepted)
    assert all(job.prefix.startswith("Test · Motion") for job in web.accepted)


def test_a_full_queue_refuses_all_of_an_alarm_or_nothing(tmp_path: Path) -> None:
    """Whoever sends it again would else have a part of it posted twice."""
    server = {"queue_size": 1}
    rules = [{"name": name, "match": {"line": "3"}} for name in ("first", "second")]
    web = HookWeb(tmp_path, server=server, webhooks=WEBHOOKS | {"rules": rules})
    client = web.client(None)
    accepted(client.post(HOOK, json=ONE))
    assert [job.trigger.by for job in web.accepted] == ["first", "second"]
    assert isinstance(web.clock, FakeClock)
    web.clock.sleep(60)  # it says neither when it was nor what is its id
    answer = client.post(HOOK, json=ONE)
    assert code(answer) == (503, "queue_full")
    assert int(answer.headers["Retry-After"]) > 0
    assert len(web.accepted) == 2
    alarms = EventFilter(kinds=(EventKind.ALARM,))
    assert len(web.store.events(alarms, 10)) == 1
    larger = web.settings.server.model_copy(update={"queue_size": 9})
    web.settings = web.settings.model_copy(update={"server": larger})
    web.app = web.fresh_app()
    accepted(web.client(None).post(HOOK, json=ONE))
    assert len(web.accepted) == 4


def test_a_repeat_of_what_was_accepted_needs_no_room(tmp_path: Path) -> None:
    web = HookWeb(tmp_path, server={"queue_size": 1}, webhooks=WEBHOOKS)
    client = web.client(None)
    assert accepted(client.post(HOOK, json=ixon())) == accepted(
        client.post(HOOK, json=ixon())
    )
    assert len(web.accepted) == 1


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "body: empty"),
        (b"\xff\x00\xfe", "body: not "),
        (b"hello", "body: neither"),
        (b'{"a": 1, "a": 2}', "a: given twice"),
        (b"[" * 50_000, "body: not JSON"),
        (b'{"alertTypeId": "x", "alertData": 5}', "alertData: a number"),
        (b'{"shortContent": [1]}', "shortContent: a list"),
    ],
)
def test_garbage_is_400_and_names_the_field(
    web: HookWeb, client: FlaskClient, body: bytes, named: str
) -> None:
    answer = client.post(HOOK, data=body)
    assert code(answer) == (400, "bad_input")
    assert named in answer.text
    assert web.accepted == []


@pytest.mark.parametrize("address", [HOOK, "/webhook"])
def test_a_body_above_the_limit_is_413(client: FlaskClient, address: str) -> None:
    large = b'{"a": "' + b"x" * 262_144 + b'"}'
    answer = client.post(address, data=large, headers={"X-API-Key": KEY})
    assert code(answer) == (413, "request_entity_too_large")


@pytest.mark.parametrize("address", [HOOK, "/webhook"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_only_post_sends_an_alarm(
    client: FlaskClient, address: str, method: str
) -> None:
    assert client.open(address, method=method).status_code == 405


def test_without_a_dashboard_an_alarm_for_a_snapshot_is_refused(tmp_path: Path) -> None:
    web = HookWeb(tmp_path, meraki={})
    answer = web.client(None).post(HOOK, json=ONE)
    assert code(answer) == (400, "bad_input")
    assert "meraki.api_key is not set" in answer.text
    assert f"run: {program()} init" in answer.text
    assert web.accepted == []


def test_without_a_dashboard_an_alarm_still_records_its_clip(tmp_path: Path) -> None:
    gate = {"url": "rtsp://192.0.2.10/", "meraki_serial": GATE}
    web = HookWeb(tmp_path, meraki={}, recorder={"cameras": {"Gate": gate}})
    told = accepted(web.client(None).post(f"/webhook/{OTHER}", json=ONE))
    assert told["notes"] == [
        f"snapshot: not taken of {GATE}, meraki.api_key is not set"
    ]
    assert (web.job.serials, web.job.clips) == ((), ("Gate",))


def test_a_clip_waits_for_its_recorder_when_the_alarm_is_answered(
    tmp_path: Path,
) -> None:
    gate = {"url": "rtsp://192.0.2.10/", "meraki_serial": GATE}
    web = HookWeb(tmp_path, recorder={"cameras": {"Gate": gate}})
    body = {"text": "Robot 7 stopped", "time": at_noon(-8)}
    for _ in range(2):
        accepted(web.client(None).post(f"/webhook/{OTHER}", json=body))
    (clip,) = web.clips.of_job(web.job.id)
    assert (clip.camera, clip.state) == ("Gate", ClipState.WAITING)
    assert (clip.at, clip.received_at) == (NOON - timedelta(seconds=8), NOON)
    assert clip.about == web.job.about


def test_the_picture_of_an_alert_needs_no_dashboard_key(tmp_path: Path) -> None:
    web = HookWeb(tmp_path, meraki={})
    told = accepted(web.client(None).post(f"/webhook/{OTHER}", json=alert()))
    assert told["jobs"][0]["cameras"] == [alert()["deviceSerial"]]


def test_a_sender_leaves_room_for_the_clips_of_others(tmp_path: Path) -> None:
    gate = {"url": "rtsp://192.0.2.10/", "meraki_serial": DOOR}
    web = HookWeb(
        tmp_path,
        recorder={"cameras": {"Gate": gate}, "queue_size": 5},
        webhooks=WEBHOOKS | {"actions": ["clip"]},
    )
    client = web.client(None)
    number = 0

    def send(hook: str) -> TestResponse:
        nonlocal number
        number += 1
        alarm = {"eventId": f"{number}", "text": "Stopped", "camera": "Gate"}
        return client.post(hook, json=alarm)

    statuses = [send(f"/webhook/{OTHER}").status_code for _ in range(6)]
    assert statuses == [202] * 4 + [429] * 2
    assert code(send(f"/webhook/{OTHER}")) == (429, "too_many_waiting")
    accepted(send(HOOK))
    assert code(send(HOOK)) == (503, "queue_full")
