"""Bodies and addresses as senders pack them, in the real application."""

from __future__ import annotations

import gzip
import json
import logging
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from mvsnap.core.http_body import MAX_BYTES
from tests.web.build import DOOR
from tests.webhooks.build import button_test, ixon
from tests.webhooks.web_build import (
    HALL,
    HOOK,
    ONE,
    SHARED,
    WEBHOOKS,
    HookWeb,
    accepted,
    alert,
    code,
)


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def in_two(body: bytes) -> bytes:
    return gzip.compress(body[:10]) + gzip.compress(body[10:])


def post(client: FlaskClient, address: str, body: bytes, coding: str) -> Any:
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    return client.post(address, data=body, headers=headers)


@pytest.mark.parametrize(
    ("pack", "coding"),
    [
        (gzip.compress, "gzip"),
        (gzip.compress, "X-GZIP"),
        (gzip.compress, ""),
        (in_two, "gzip"),
        (zlib.compress, "deflate"),
        (raw_deflate, "deflate"),
        (bytes, "identity"),
    ],
)
def test_a_compressed_alarm_is_read(
    web: HookWeb, client: FlaskClient, pack: Any, coding: str
) -> None:
    body = json.dumps(alert(deviceSerial=HALL)).encode()
    accepted(post(client, HOOK, pack(body), coding))
    assert web.job.serials == (HALL,)
    accepted(post(client, "/webhook", pack(body), coding))  # its secret is inside
    assert len(web.accepted) == 2


def test_a_body_of_many_parts_is_refused_before_they_are_unpacked(
    client: FlaskClient,
) -> None:
    answer = post(client, HOOK, gzip.compress(b"") * 9000, "gzip")
    assert answer.status_code == 400
    assert "more than 16 gzip parts" in answer.get_json()["error"]["message"]


@pytest.mark.parametrize(
    ("packed", "coding", "status"),
    [
        (lambda: gzip.compress(b" " * (MAX_BYTES + 1)), "gzip", 413),
        (lambda: gzip.compress(b" " * 50_000_000), "gzip", 413),
        (lambda: gzip.compress(b"{}" * 1000)[:-9], "gzip", 400),
        (lambda: gzip.compress(b"") * 9000 + b"x", "gzip", 400),
        (lambda: b"{}", "gzip", 400),
        (lambda: b"{}", "deflate", 400),
        (lambda: gzip.compress(b"{}"), "br", 415),
        (lambda: gzip.compress(b"{}"), "gzip, gzip", 415),
    ],
    ids=["large", "bomb", "cut", "many", "plain", "no deflate", "br", "twice"],
)
def test_what_cannot_be_unpacked_is_refused_with_a_reason(
    web: HookWeb,
    client: FlaskClient,
    packed: Callable[[], bytes],
    coding: str,
    status: int,
) -> None:
    body = packed()
    for address in (HOOK, "/webhook"):
        answer = post(client, address, body, coding)
        is_open = address == HOOK
        assert answer.status_code in ((status,) if is_open else (status, 401))
        assert answer.get_json()["error"]["message"]
    assert web.accepted == []


def test_a_slash_at_the_end_of_the_address_changes_nothing(
    web: HookWeb, client: FlaskClient
) -> None:
    accepted(client.post(f"{HOOK}/", json=ONE))
    accepted(client.post("/webhook/", json=alert()))
    assert len(web.accepted) == 2


def test_plain_words_are_an_alarm_and_other_words_have_a_clear_error(
    web: HookWeb, client: FlaskClient
) -> None:
    accepted(client.post(HOOK, data="Robot stopped", content_type="text/plain"))
    assert web.job.prefix == "Robot stopped"
    answer = client.post(HOOK, data="Robot stopped", content_type="application/json")
    assert code(answer) == (400, "bad_input")


def test_several_alarms_are_several_jobs_and_the_same_when_sent_again(
    web: HookWeb, client: FlaskClient
) -> None:
    message = [alert(), alert(deviceSerial=HALL), button_test()]
    body = accepted(client.post(HOOK, json=message))
    assert [job["cameras"] for job in body["jobs"]] == [["Q2SM-0000-0001"], [HALL]]
    assert body["notes"] == ["ignored: test message"]
    assert accepted(client.post(HOOK, json=message))["jobs"] == body["jobs"]
    assert len(web.accepted) == 2
    keyed = {"Idempotency-Key": "press 1"}
    body = accepted(client.post(HOOK, json=[ONE, ONE | {"line": 4}], headers=keyed))
    assert len(body["jobs"]) == 2


def test_one_bad_alarm_of_several_leaves_nothing_behind(
    web: HookWeb, client: FlaskClient
) -> None:
    answer = client.post(HOOK, json=[alert(), alert(alertTypeId={})])
    assert code(answer) == (400, "bad_input")
    assert web.accepted == []


@pytest.mark.parametrize(
    "message",
    [
        {"event": alert()},
        {"routing_key": SHARED, "payload": {"summary": "Jam"}},
        [ONE, alert()],
    ],
    ids=["below", "routing key", "in a list"],
)
def test_merakis_secret_is_found_where_templates_put_it(
    client: FlaskClient, message: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = client.post("/webhook", json=message)
    accepted(answer)
    assert SHARED not in caplog.text + answer.text


def rules(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return WEBHOOKS | {"rules": list(entries)} | more


NEWS = {"name": "news", "match": {"systemLabel": "*"}, "actions": ["ignore"]}
EVERYTHING = {"name": "everything", "room": "Yard"}


@pytest.mark.parametrize("entries", [(NEWS,), (NEWS, EVERYTHING), (EVERYTHING, NEWS)])
def test_a_rule_can_ignore_whatever_the_others_say(
    tmp_path: Path, entries: tuple[dict[str, Any], ...]
) -> None:
    web = HookWeb(tmp_path, webhooks=rules(*entries))
    answer = web.client(None).post(HOOK, json=ixon())
    assert answer.get_json() == {"status": "ignored", "reason": "rule 'news'"}
    assert web.accepted == []
    accepted(web.client(None).post(HOOK, json=alert()))


@pytest.mark.parametrize("address", [HOOK, "/webhook"])
def test_what_no_rule_matches_can_be_ignored(tmp_path: Path, address: str) -> None:
    only = {"name": "hall", "match": {"deviceSerial": HALL}}
    web = HookWeb(tmp_path, webhooks=rules(only, actions=["ignore"]))
    answer = web.client(None).post(address, json=alert())
    assert answer.get_json() == {"status": "ignored", "reason": "no rule matches"}
    accepted(web.client(None).post(address, json=alert(deviceSerial=HALL)))
    assert web.job.serials == (HALL,)


def test_a_token_can_ignore_and_another_act(tmp_path: Path) -> None:
    webhooks = rules(actions=["ignore"])
    first, second = webhooks["tokens"]
    webhooks["tokens"] = [first | {"actions": ["snapshot"]}, second]
    web = HookWeb(tmp_path, webhooks=webhooks)
    accepted(web.client(None).post(HOOK, json=ONE))
    assert web.job.serials == (DOOR,)
