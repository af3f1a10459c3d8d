"""Alerts inside the templates of other programs, and several in one request."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mvsnap.errors import BadInput
from mvsnap.webhooks.alarm import AlarmSource, headline
from mvsnap.webhooks.parse import parse
from mvsnap.webhooks.rules import Defaults, Rule, choose
from tests.core.build import DOOR, GATE
from tests.webhooks.build import ixon, meraki, sensor, sent, snake

OCCURRED = datetime(2026, 3, 4, 11, 59, 50, tzinfo=UTC)


def wrapped(alert: dict[str, Any], how: str) -> dict[str, Any]:
    messages: dict[str, dict[str, Any]] = {
        "event": {"sourcetype": "meraki:webhook", "event": alert},
        "document": {"dataSource": "a", "database": "b", "document": alert},
        "payload": {"payload": alert, "client": "x"},
        "list": {"alerts": [alert]},
        "JSON text": {"payload": json.dumps(alert)},
        "a queue": {"Records": [{"id": "1", "body": json.dumps(alert)}]},
        "a topic": {"records": [{"value": {"event": alert}}], "partition": 0},
    }
    return messages[how]


HOW = ["event", "document", "payload", "list", "JSON text", "a queue", "a topic"]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("spelled", [dict, snake])
def test_an_alert_below_a_field_is_read_as_itself(how: str, spelled: Any) -> None:
    plain = sent(meraki())
    alarm = sent(wrapped(spelled(meraki()), how))
    assert (alarm.source, alarm.camera) == (AlarmSource.MERAKI, GATE)
    assert alarm.occurred_at == plain.occurred_at
    assert headline(alarm) == headline(plain)
    assert "a secret" not in json.dumps(alarm.payload)
    closes = sensor("door", 0, alertData={"startedAlerting": False})
    assert sent(wrapped(spelled(closes), how)).ignored is not None
    assert sent(wrapped(ixon(), how)).source is AlarmSource.IXON


def test_rules_see_a_wrapped_alert_by_both_names() -> None:
    alarm = sent(wrapped(meraki(), "event"))
    for path in ("alertTypeId", "event.alertTypeId"):
        rule = Rule("rule", {path: "motion_alert"})
        assert choose(alarm, [rule], Defaults()).matches[0].rule == "rule"


def test_several_alerts_are_each_an_alarm() -> None:
    one, two = meraki(), meraki(deviceSerial=DOOR)
    for message in ([one, two], {"alerts": [one, two]}, [{"event": one}, two]):
        alarms = parse(json.dumps(message).encode())
        assert [alarm.camera for alarm in alarms] == [GATE, DOOR]
        assert alarms[0].dedup_key == sent(one).dedup_key
        assert DOOR not in json.dumps(alarms[0].payload)
    mixed = parse(json.dumps([one, ixon(), {"title": "Jam"}]).encode())
    assert [alarm.source for alarm in mixed] == ["meraki", "ixon", "other"]


def test_more_alerts_than_a_request_may_hold_are_refused() -> None:
    alert = {"alertType": "x", "alertId": "1"}
    many = [{"alerts": [alert] * 60}] * 2
    with pytest.raises(BadInput, match="120 alerts"):
        parse(json.dumps(many).encode())


def test_more_alerts_in_a_text_are_refused_before_they_are_copied() -> None:
    alert = {"alertType": "x", "alertId": "1"}
    text = json.dumps({"alerts": [alert] * 2400})
    message = {f"n{number}": number for number in range(9000)} | {"body": text}
    with pytest.raises(BadInput, match="2400 alerts"):
        parse(json.dumps(message).encode())


@pytest.mark.parametrize(
    ("message", "title", "device", "at"),
    [
        (
            {
                "payload": {
                    "summary": "Motion detected",
                    "timestamp": "2026-03-04T11:59:50Z",
                    "source": "N_1",
                    "component": "Gate",
                },
                "dedup_key": "643451796765672448",
                "event_action": "trigger",
            },
            "Motion detected",
            "Gate",
            OCCURRED,
        ),
        (
            {"summary": "Person at the gate", "timestampMs": 1772625590000},
            "Person at the gate",
            "",
            OCCURRED,
        ),
        ({"fields": {"summary": "Jam", "project": {"key": "T"}}}, "Jam", "", None),
        ({"embeds": [{"title": "Jam", "color": 1}]}, "Jam", "", None),
        ({"markdown": "Line 3 stopped", "sentAt": "x"}, "Line 3 stopped", "", None),
        ({"title": "Jam", "data": {"title": "other"}}, "Jam", "", None),
    ],
    ids=["pager", "ms", "issue", "embeds", "markdown", "its own words first"],
)
def test_the_templates_of_other_programs_say_what_happened(
    message: dict[str, Any], title: str, device: str, at: datetime | None
) -> None:
    alarm = sent(message)
    assert (alarm.title, alarm.device, alarm.occurred_at) == (title, device, at)


def test_a_long_summary_and_a_long_time_have_their_limits() -> None:
    alarm = sent({"summary": "x" * 5000, "timestampMs": "9" * 5000})
    assert len(alarm.title) == 200
    assert len(alarm.time_text) <= 64
    assert alarm.occurred_at is None
    assert max(map(len, alarm.texts)) <= 1000


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (b"Robot stopped", "Robot stopped"),
        (b"Robot & press stopped\r\nOpen valve D5", "Robot & press stopped Open valve"),
        ("Tür offen".encode("latin-1"), "Tür offen"),
        (b'{"title": "Jam"}', "Jam"),
        (b"title=Jam", "Jam"),
    ],
)
def test_plain_words_are_an_alarm(body: bytes, title: str) -> None:
    (alarm,) = parse(
        body, "text/plain; charset=utf-8" if body.isascii() else "text/plain"
    )
    assert alarm.title.startswith(title)


@pytest.mark.parametrize(
    "said",
    ["startedAlerting: {}", "**startedAlerting**: {}\n", '"started_alerting":{}'],
)
def test_an_alert_that_a_template_wrote_as_text_may_say_that_it_ended(
    said: str,
) -> None:
    for flag, ended in (("false", True), ("False", True), ("true", False)):
        text = f"triggerData: ...\n{said.format(flag)}"
        for message in (
            {"payload": {"summary": "Sensor change detected", "custom_details": text}},
            {"embeds": [{"title": "x", "fields": [{"name": "Data", "value": text}]}]},
            {"markdown": text},
        ):
            assert (sent(message).ignored is not None) is ended
