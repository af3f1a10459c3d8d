"""Webex's reports: only signed ones are stored, each once, and answered at once."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import force_setattr
from werkzeug.test import TestResponse

from mvsnap.bot.parts import AnswerParts
from mvsnap.bot.requests import BotRequests
from mvsnap.web import context
from tests.web.build import Web

SECRET = "a-secret-of-the-tests"


class Receiver:
    def __init__(self, folder: Path, **commands: Any) -> None:
        webex = {"bot_token": "a-bot-token", "commands": commands}
        self.web = Web(folder, webex=webex)
        self.requests = BotRequests(self.web.database)
        self.woken = 0
        here = self.web.app.extensions[context.EXTENSION]
        parts = AnswerParts(self.requests, lambda: SECRET, self._wake)
        # The gateway of the tests has no bot.
        force_setattr(here, "features", (*here.features, parts))

    def _wake(self) -> None:
        self.woken += 1

    def report(self, body: bytes, *, key: str = SECRET, **headers: str) -> TestResponse:
        signed = hmac.new(key.encode(), body, hashlib.sha1).hexdigest()
        given = {"X-Spark-Signature": signed, "Content-Type": "application/json"}
        client = self.web.client(None)
        return client.post("/webex", data=body, headers=given | headers)

    def taken(self) -> list[tuple[str, str]]:
        found = []
        while (one := self.requests.take(self.web.clock.now())) is not None:
            found.append((one.id, one.kind.value))
        return found


@pytest.fixture
def receiver(tmp_path: Path) -> Receiver:
    return Receiver(tmp_path, people=["guard@example.com"])


def body_of(resource: str = "messages", **data: Any) -> bytes:
    given = {"id": "Y2lzY29zcGFyazovL3VzL01FU1NBR0Uv", "personId": "P"} | data
    return json.dumps(
        {"resource": resource, "event": "created", "data": given}
    ).encode()


def test_a_signed_report_is_stored_once(receiver: Receiver) -> None:
    for _ in range(3):
        assert receiver.report(body_of()).status_code == 200
    assert receiver.report(body_of("attachmentActions", id="p" * 40)).status_code == 200
    assert receiver.woken == 2
    assert receiver.taken() == [
        ("Y2lzY29zcGFyazovL3VzL01FU1NBR0Uv", "message"),
        ("p" * 40, "press"),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Spark-Signature": ""},
        {"X-Spark-Signature": "0" * 40},
        {"X-Spark-Signature": "ä\u00ff"},
    ],
)
def test_a_report_without_the_signature_is_refused(
    receiver: Receiver, headers: dict[str, str]
) -> None:
    assert receiver.report(body_of(), **headers).status_code == 401
    assert receiver.report(body_of(), key="another").status_code == 401
    assert receiver.taken() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"data": 3}',
        b"[" * 60_000,
        body_of(id=3),
        body_of(id="../people/me"),
        body_of(id="a" * 5000),
    ],
)
def test_signed_nonsense_is_a_400(receiver: Receiver, body: bytes) -> None:
    assert receiver.report(body).status_code == 400
    assert receiver.taken() == []


def test_too_long_a_report_is_a_413(receiver: Receiver) -> None:
    assert receiver.report(b"x" * 100_000).status_code == 413


@pytest.mark.parametrize("resource", ["memberships", "rooms", "", "Messages"])
def test_other_reports_are_taken_and_forgotten(
    receiver: Receiver, resource: str
) -> None:
    assert receiver.report(body_of(resource)).status_code == 200
    assert receiver.taken() == []


def test_nothing_is_there_while_nobody_may_write(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path)
    assert receiver.report(body_of()).status_code == 404


def test_what_a_bot_has_posted_is_forgotten(receiver: Receiver) -> None:
    report = body_of(personEmail="mvsnap@webex.bot")
    assert receiver.report(report).status_code == 200
    assert receiver.taken() == []
