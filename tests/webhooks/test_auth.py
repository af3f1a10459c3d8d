"""Who may send alarms to the real application, and what nobody gets to see."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from tests.web.build import BUTTON, GATE, KEY, KEYS
from tests.webhooks.build import ixon, snake
from tests.webhooks.web_build import (
    HALL,
    HOOK,
    LIMITED,
    ONE,
    OTHER,
    SHARED,
    TOKEN,
    HookWeb,
    accepted,
    alert,
    code,
)


@pytest.mark.parametrize(
    "token",
    [
        TOKEN[:-1],
        TOKEN + "x",
        TOKEN.upper(),
        KEY,
        SHARED,
        "%00",
        "%20",
        "ä" * 20,
        "%F0%9F%94%91",
        "x" * 5000,
    ],
    ids=[
        *("shorter", "longer", "case", "a key", "the secret", "NUL", "blank"),
        *("umlauts", "emoji", "long"),
    ],
)
def test_any_other_token_is_401_and_not_repeated(
    web: HookWeb, client: FlaskClient, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.post(f"/webhook/{token}", json=ONE)
    assert code(answer) == (401, "unauthorized")
    assert answer.get_json()["error"]["message"] == "Wrong token in the address"
    assert web.accepted == []
    assert token not in caplog.text


def test_the_token_is_in_no_log_and_no_answer(
    web: HookWeb, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [
        client.post(HOOK, json=alert()),
        client.post(HOOK, json=alert(alertId="", alertData={})),
        client.post(HOOK, data=b"garbage"),
        client.get(HOOK),
        client.post(f"{HOOK}/more"),
    ]
    assert "machines" in caplog.text
    for text in (caplog.text, *(f"{a.text}{a.headers}" for a in answers)):
        assert TOKEN not in text
        assert SHARED not in text


def test_what_a_sender_writes_breaks_no_line_of_the_log(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client.post(HOOK, json=alert(alertTypeId="a\nERROR forged\x1b[0m" + "x" * 500))
    (line,) = [r.getMessage() for r in caplog.records if "is job" in r.getMessage()]
    assert line.isprintable()
    assert len(line) < 200


@pytest.mark.parametrize(
    ("headers", "query", "message"),
    [
        ({"X-API-Key": KEY}, "", ONE),
        ({"X-API-Key": KEY}, "", alert()),
        ({"Authorization": f"Bearer {KEY}"}, "", alert()),
        ({}, f"?apikey={KEY}", alert()),
        ({}, f"?ApiKey={KEY}?", alert()),
        ({}, "", ONE | {"apikey": KEY}),
        ({}, "", {"apikey": KEY, "deep": {"alarm": 1}}),
    ],
    ids=["header", "deep", "bearer", "query", "odd query", "body", "deep body"],
)
def test_an_api_key_sends_alarms(
    web: HookWeb,
    client: FlaskClient,
    headers: dict[str, str],
    query: str,
    message: dict[str, Any],
) -> None:
    accepted(client.post(f"/webhook{query}", json=message, headers=headers))
    assert web.job.trigger.by == "all"


@pytest.mark.parametrize("build", [alert, lambda **f: snake(alert(**f))])
def test_merakis_secret_sends_alarms(
    web: HookWeb, client: FlaskClient, build: Any
) -> None:
    accepted(client.post("/webhook", json=build(deviceSerial=HALL)))
    assert web.job.trigger.by == "Meraki"
    assert web.job.serials == (HALL,)


@pytest.mark.parametrize("copied", [" {}", "{} ", "{}\n"])
def test_space_around_a_copied_secret_does_not_count(
    client: FlaskClient, copied: str
) -> None:
    message = alert(sharedSecret=copied.format(SHARED))
    accepted(client.post("/webhook", json=message))
    hook = f"/webhook/{quote(copied.format(HOOK.rpartition('/')[2]))}"
    accepted(client.post(hook, json=ONE))


def test_merakis_secret_may_come_in_a_header(web: HookWeb, client: FlaskClient) -> None:
    headers = {"Authorization": f"Bearer {SHARED}"}
    accepted(client.post("/webhook", json=alert(sharedSecret=None), headers=headers))
    assert web.job.trigger.by == "Meraki"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (alert(sharedSecret="another secret"), "Wrong API key or shared secret"),
        (alert(sharedSecret=""), "Use an API key"),
        (alert(sharedSecret=None), "Use an API key"),
        (alert(sharedSecret=[SHARED]), "Use an API key"),
        (alert(shared_secret="x"), "Use an API key"),
        (ixon(), "Use an API key"),
    ],
    ids=["wrong", "empty", "none", "a list", "two", "IXON"],
)
def test_without_the_right_secret_it_is_401(
    web: HookWeb, client: FlaskClient, message: dict[str, Any], words: str
) -> None:
    answer = client.post("/webhook", json=message)
    assert code(answer) == (401, "unauthorized")
    assert words in answer.text
    assert web.accepted == []


def test_garbage_of_a_stranger_is_401(client: FlaskClient) -> None:
    assert code(client.post("/webhook", data=b"garbage")) == (401, "unauthorized")


def test_where_no_secret_is_set_none_is_right(tmp_path: Path) -> None:
    web = HookWeb(tmp_path, webhooks={})
    for secret in ("", "None", SHARED):
        answer = web.client(None).post("/webhook", json=alert(sharedSecret=secret))
        assert code(answer) == (401, "unauthorized")
    assert code(web.client(None).post(HOOK, json=ONE)) == (401, "unauthorized")


def test_a_key_without_the_scope_is_403(web: HookWeb) -> None:
    answer = web.client(BUTTON).post("/webhook", json=ONE)
    assert code(answer) == (403, "forbidden")
    assert web.accepted == []


@pytest.mark.parametrize(
    ("limits", "serial", "status"),
    [
        ({"cameras": [GATE]}, GATE, 202),
        ({"cameras": [GATE]}, HALL, 403),
        ({"rooms": ["Alarms"]}, HALL, 202),
        ({"rooms": ["Yard"]}, HALL, 403),
    ],
    ids=["its camera", "another camera", "its room", "another room"],
)
def test_an_alarm_is_no_way_around_the_limits_of_a_key(
    tmp_path: Path, limits: dict[str, Any], serial: str, status: int
) -> None:
    entry = {"name": "limited", "key": LIMITED, "scopes": ["webhook"]} | limits
    web = HookWeb(tmp_path, api_keys=[*KEYS, entry])
    answer = web.client(LIMITED).post("/webhook", json=alert(deviceSerial=serial))
    assert answer.status_code == status
    assert len(web.accepted) == (1 if status == 202 else 0)


def guess(client: FlaskClient) -> list[int]:
    """Try wrong tokens, secrets and keys in turn; return the statuses."""
    statuses = []
    for number in range(10):
        for answer in (
            client.post(f"/webhook/wrong-token-{number}", json=ONE),
            client.post("/webhook", json=alert(sharedSecret=f"wrong {number}")),
            client.get("/api/v1.0/events", headers={"X-API-Key": f"wrong-{number}"}),
        ):
            statuses.append(answer.status_code)
    return statuses


def test_guessing_is_locked_out_whatever_is_guessed(web: HookWeb) -> None:
    known = web.client(None)
    accepted(known.post(HOOK, json=ONE))
    statuses = guess(web.client(None))
    # A minute may end in between: then twenty more are let in.
    assert statuses[:20] == [401] * 20
    if 429 not in statuses:
        statuses = guess(web.client(None))
    assert 429 in statuses
    late = known.post("/webhook/another-wrong-token", json=ONE)
    assert code(late) == (429, "too_many_requests")
    assert 1 <= int(late.headers["Retry-After"]) <= 60
    # Right ones work, also those that had not been used from there.
    accepted(known.post(HOOK, json=ONE))
    accepted(known.post(f"/webhook/{OTHER}", json=ONE))
    elsewhere = web.client(None)
    elsewhere.environ_base["REMOTE_ADDR"] = "10.0.0.2"
    accepted(elsewhere.post(f"/webhook/{OTHER}", json=ONE))


def test_a_token_beyond_its_rate_is_429(tmp_path: Path) -> None:
    web = HookWeb(tmp_path, server={"rate_per_minute": 3})
    client = web.client(None)
    answers = [client.post(HOOK, json=ONE) for _ in range(8)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert [answer.status_code for answer in answers[:3]] == [202] * 3
    assert len(late) >= 2
    assert code(late[0]) == (429, "too_many_requests")


def test_a_browser_gets_json_too(web: HookWeb) -> None:
    assert code(web.browser().post("/webhook/wrong", json=ONE)) == (401, "unauthorized")
    answer = web.browser().get(HOOK)
    assert code(answer) == (405, "method_not_allowed")
    assert "Use POST." in answer.get_json()["error"]["message"]
