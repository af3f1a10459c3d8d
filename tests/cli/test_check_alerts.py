"""What `check` says of alerts and of the heartbeat, and which settings it takes."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Response
from pydantic import ValidationError

from mvsnap.cli.check import _checked, _reports
from mvsnap.config.model import Settings
from tests.clients.fakes import answering

SECRET = "d7a1-secret-of-the-watcher"


def said(**sections: Any) -> list[tuple[str, bool | None, str]]:
    checks = _reports(Settings.model_validate(sections))
    found = [(name, _checked(check)) for name, check in checks]
    return [(name, line.ok, line.text) for name, line in found]


def test_nothing_without_alerts() -> None:
    assert said() == []


def test_the_watcher_is_asked_once() -> None:
    asked: list[str] = []

    def answer(_method: str, path: str) -> Response:
        asked.append(path)
        return Response("OK", 200 if len(asked) == 1 else 404)

    with answering(answer) as origin:
        (good,) = said(heartbeat_url=f"{origin}/{SECRET}")
        (bad,) = said(heartbeat_url=f"{origin}/{SECRET}")
    assert good[:2] == ("heartbeat", True)
    assert bad == ("heartbeat", False, "heartbeat: it answered 404")
    assert asked == [f"/{SECRET}"] * 2


def test_a_channel_without_webex_is_a_mistake() -> None:
    ((name, ok, text),) = said(alerts={"channel": "Ops"})
    assert (name, ok) == ("alerts", False)
    assert "webex.bot_token" in text


def test_a_channel_is_one_or_a_list() -> None:
    for given in ("Ops", ["Ops"]):
        made = Settings.model_validate({"alerts": {"channel": given}})
        assert made.alerts.channel == ("Ops",)
        assert "Ops" in made.rooms_named()


@pytest.mark.parametrize("url", [f"ftp://a/{SECRET}", f"http://a/{SECRET} b"])
def test_a_bad_address_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"heartbeat_url": url})
    messages = [one["msg"] for one in caught.value.errors()]
    assert "address" in messages[0]
    assert SECRET not in messages[0]


def test_the_address_is_one_of_the_secrets() -> None:
    made = Settings.model_validate({"heartbeat_url": f"https://a/{SECRET}"})
    assert f"https://a/{SECRET}" in made.secrets()
    assert SECRET not in repr(made)
