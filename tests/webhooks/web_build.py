"""The application with webhooks, and alarms of the clouds that fit its clock."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from mvsnap.domain import Job
from tests.clients.fakes import FakeClock
from tests.web.build import DOOR, Web
from tests.webhooks.build import meraki

TOKEN = "a-token-of-the-machines"
OTHER = "another-token-in-an-address"
SHARED = "a secret of Meraki"
LIMITED = "a-key-for-one-camera-and-room"
HALL = "Q2SM-0000-0003"
HOOK = f"/webhook/{TOKEN}"
NOON = FakeClock().now()
WEBHOOKS: dict[str, Any] = {
    "tokens": [
        {"name": "machines", "token": TOKEN, "cameras": [DOOR], "room": "Yard"},
        {"name": "others", "token": OTHER, "actions": ["clip", "snapshot"]},
    ],
    "meraki_shared_secret": SHARED,
}


class HookWeb(Web):
    """The application with settings of webhooks."""

    def __init__(
        self, folder: Path, *, webhooks: Any = WEBHOOKS, **sections: Any
    ) -> None:
        sections["webhooks"] = webhooks
        super().__init__(folder, clock=FakeClock(), **sections)

    @property
    def job(self) -> Job:
        """Return the only job."""
        (job,) = self.accepted
        return job


def at_noon(seconds: float) -> str:
    return f"{NOON + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S.%fZ}"


def alert(**given: Any) -> dict[str, Any]:
    return meraki(**{"occurredAt": at_noon(-60)} | given)


def code(answer: TestResponse) -> tuple[int, str]:
    body: Any = answer.get_json()
    assert answer.content_type == "application/json"
    return answer.status_code, body["error"]["code"]


def accepted(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.get_json()
    assert body["status"] == "accepted", body
    return body


ONE: dict[str, Any] = {"alarm": 17, "line": "3"}
