from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from mvsnap.values import replace
from mvsnap.webhooks.alarm import AlarmSource
from mvsnap.webhooks.parse import parse
from tests.webhooks.build import ixon, sent

FORM = "application/x-www-form-urlencoded"
CREATED = datetime(2026, 3, 4, 11, 59, 24, tzinfo=UTC)


STRUCTURED = ixon(
    shortContent={
        "toTranslate": True,
        "code": "alarm-triggered",
        "alarmName": "Robot stopped",
        "agentName": "Robot 7",
        "occurredOn": "2026-03-04T11:59:24Z",
    },
    longContent={
        "code": None,
        "extraInformation": [{"type": None, "key": "Counter", "value": "30"}],
        "instructions": "Open valve D5.",
    },
    createdOn="2026-03-04T11:59:29Z",
    extraInfo=None,
)


def test_an_ixon_alarm_says_what_happened_where_and_what_to_do() -> None:
    alarm = sent(ixon())
    assert replace(alarm, dedup_key="", payload={}) == replace(
        alarm,
        source=AlarmSource.IXON,
        kind="alarm-medium",
        title="Robot stopped was triggered at 3/4/26, 11:59 AM UTC",
        texts=("Instructions: open valve D5.", "Counter1000Max30: 30", "Packers"),
        occurred_at=CREATED,
        device="Robot 7",
        device_serial="dEv1ce",
        camera=None,
        network="Packers",
        image_url=None,
        is_test=False,
        is_own_key=True,
        dedup_key="",
        payload={},
    )


def test_structured_content_of_ixon_is_understood() -> None:
    alarm = sent(STRUCTURED)
    assert (alarm.title, alarm.device) == ("Robot stopped", "Robot 7")
    assert alarm.texts == ("Open valve D5.", "Counter: 30", "Packers")
    assert alarm.occurred_at == CREATED


def form_of(message: dict[str, Any]) -> bytes:
    texts = {
        name: json.dumps(value) if isinstance(value, dict | list) else value
        for name, value in message.items()
    }
    return urlencode(texts).encode()


TEXT = json.dumps(ixon())


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(TEXT.encode(), "application/json", id="object"),
        pytest.param(TEXT.encode(), "", id="no content type"),
        pytest.param(TEXT.encode(), FORM, id="object that says it is a form"),
        pytest.param(json.dumps(TEXT).encode(), "application/json", id="JSON in JSON"),
        pytest.param(json.dumps(json.dumps(TEXT)).encode(), "", id="in JSON again"),
        pytest.param(f"[{TEXT}]".encode(), "application/json", id="list of one"),
        pytest.param(form_of(ixon()), FORM, id="form"),
        pytest.param(form_of(ixon()), "text/plain", id="form as plain text"),
        pytest.param(urlencode({"payload": TEXT}).encode(), FORM, id="payload="),
        pytest.param(b"\xef\xbb\xbf" + TEXT.encode(), "", id="BOM"),
        pytest.param(TEXT.encode("utf-16"), "", id="UTF-16"),
        pytest.param(f"\r\n {TEXT}\n".encode(), "application/json", id="blanks"),
        pytest.param(
            TEXT.encode("latin-1"), "application/json; charset=ISO-8859-1", id="latin"
        ),
    ],
)
def test_an_ixon_message_is_understood_however_it_is_packed(
    body: bytes, content_type: str
) -> None:
    plain = sent(ixon())
    (alarm,) = parse(body, content_type)
    assert replace(alarm, payload=plain.payload) == plain


PAIRS: Any = [["Counter", 30], ["Device name", "Robot 7"], ["odd"], [[], {}], 5, None]


@pytest.mark.parametrize(
    ("told", "device"),
    [
        ([], ""),
        (7, ""),
        ("none", ""),
        ("{Counter: 30}", ""),
        (PAIRS, "Robot 7"),
        (json.dumps(PAIRS), "Robot 7"),
        ([{"key": "Device name", "value": "Robot 7"}], "Robot 7"),
        (
            [{"name": "Device name", "value": "Robot 7"}, {"key": [], "value": {}}],
            "Robot 7",
        ),
        ({"Device name": "Robot 7", "Counter": [30]}, "Robot 7"),
    ],
)
def test_what_decorates_an_alarm_never_costs_it(told: Any, device: str) -> None:
    alarm = sent(ixon(extraInfo=told))
    assert alarm.title.startswith("Robot stopped was triggered")
    assert alarm.device == device
    long = {"instructions": "Open valve D5.", "extraInformation": told}
    alarm = sent(ixon(longContent=long, extraInfo=None))
    assert alarm.texts[0] == "Open valve D5."
    assert alarm.device == device


@pytest.mark.parametrize(
    ("content", "text"),
    [("{see page 5}", "{see page 5}"), ([1], "Packers"), (7, "7")],
)
def test_instructions_of_any_kind_never_cost_an_alarm(content: Any, text: str) -> None:
    assert sent(ixon(longContent=content, extraInfo=None)).texts[0] == text
