from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Any

import pytest

from mvsnap.config.entry_fields import read_hours
from mvsnap.config.model import Settings
from mvsnap.config.notify import TimeSpan, hours_text
from mvsnap.config.setting_overrides import with_overrides
from mvsnap.config.webhooks import WebhookRule
from tests.config.test_load import mistakes, read

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


def when(value: Any) -> tuple[TimeSpan, ...] | None:
    return WebhookRule.model_validate({"name": "night", "when": value}).when


def span(begin: str, until: str, days: tuple[int, ...] = EVERY_DAY) -> TimeSpan:
    return TimeSpan(days, time.fromisoformat(begin), time.fromisoformat(until))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('"22:00", to: "06:00"', span("22:00", "06:00"), id="quoted"),
        pytest.param("22:00, to: 6:00", span("22:00", "06:00"), id="unquoted"),
        pytest.param("08:30, to: 17:05", span("08:30", "17:05"), id="leading zero"),
        pytest.param("0, to: 24", span("00:00", "00:00"), id="hours alone"),
        pytest.param("18:00, to: 24:00", span("18:00", "00:00"), id="up to midnight"),
    ],
)
def test_times_as_people_write_them_in_yaml(
    tmp_path: Path, text: str, expected: TimeSpan
) -> None:
    line = f"webhooks:\n  rules:\n    - {{name: a, when: {{from: {text}}}}}\n"
    assert read(tmp_path, line).webhooks.rules[0].when == (expected,)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("fri-mon", (0, 4, 5, 6)),
        ("Sat, SUN", (5, 6)),
        (["mon", "wed-thu"], (0, 2, 3)),
        ("Wednesday", (2,)),
        ("sun-sun", (6,)),
    ],
)
def test_days_as_people_write_them(days: Any, expected: tuple[int, ...]) -> None:
    assert when({"days": days}) == (span("00:00", "00:00", expected),)


def test_several_spans_are_a_list() -> None:
    both = [{"days": "sat", "from": "8:00", "to": "12:00"}, {"days": "mon-fri"}]
    assert when(both) == (
        span("08:00", "12:00", (5,)),
        span("00:00", "00:00", (0, 1, 2, 3, 4)),
    )


def test_nothing_is_always() -> None:
    assert when(None) is None
    assert hours_text(None) == ""


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"days": "mon-sun"}, "mon-sun"),
        ({"days": ["fri", "mon-wed"]}, "mon-wed, fri"),
        ({"days": "sat, sun", "from": 22, "to": 6}, "sat, sun 22:00-06:00"),
        (
            [{"days": "mon", "from": 18, "to": 24}, {"days": "sun"}],
            "mon 18:00-00:00\nsun",
        ),
    ],
)
def test_hours_are_written_as_people_do_and_read_again(given: Any, text: str) -> None:
    assert hours_text(when(given)) == hours_text(given) == text
    assert when([read_hours(line) for line in text.splitlines()]) == when(given)


@pytest.mark.parametrize("line", ["mon - fri 8:00 - 18:00", "mon–fri 8:00–18:00"])
def test_hours_are_read_as_phones_write_them(line: str) -> None:
    assert hours_text(read_hours(line)) == "mon-fri 08:00-18:00"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("mon-fri", "expected {days: mon-fri"),
        ({}, "expected {days: mon-fri"),
        ([], "expected 1 to 20 entries"),
        ([{"days": "mon"}] * 21, "expected 1 to 20 entries"),
        ({"day": "mon"}, "day: no such setting; expected days, from and to"),
        ({"from": "22:00"}, "from and to: expected both"),
        ({"from": "25:00", "to": "06:00"}, "from: expected a time like"),
        ({"from": "22:61", "to": "06:00"}, "from: expected a time like"),
        ({"from": 30, "to": "06:00"}, "from: expected a time like"),
        ({"from": "22:00", "to": True}, "to: expected a time like"),
        ({"from": "22:00", "to": "٠٦:٠٠"}, "to: expected a time like"),
        ({"from": "22:00", "to": "6" * 5000}, "to: expected a time like"),
        ({"days": "someday"}, "days: 'someday', expected mon, tue"),
        ({"days": "mon-"}, "days: '', expected mon, tue"),
        ({"days": []}, "days: expected days like mon-fri"),
        ({"days": 1}, "days: expected days like mon-fri"),
        ({"days": "mon," * 1000}, "days: expected days like mon-fri"),
    ],
)
def test_a_mistake_names_what_came_and_what_was_expected(
    tmp_path: Path, value: Any, expected: str
) -> None:
    (found,) = mistakes(
        tmp_path, {"webhooks": {"rules": [{"name": "night", "when": value}]}}
    )
    assert found.startswith(f"webhooks.rules.0.when: {expected}"), found
    assert len(found) < 200


def test_every_channel_and_rule_has_hours(tmp_path: Path) -> None:
    night = {"from": "22:00", "to": "06:00"}
    url = {"name": "A", "kind": "apprise", "url": "json://localhost"}
    room = {"name": "B", "kind": "webex", "room": "Night", "bot_token": "x" * 20}
    settings = read(
        tmp_path,
        {
            "webex": {"when": night},
            "channels": [url | {"when": night}, room | {"when": night}],
            "sense": {
                "when": night,
                "triggers": [{"topic": "meraki/v1/mt/#", "when": night}],
            },
            "webhooks": {"rules": [{"name": "night", "when": night}]},
        },
    )
    assert {
        settings.webex.when,
        *(channel.when for channel in settings.channels),
        settings.sense.when,
        settings.sense.triggers[0].when,
        settings.webhooks.rules[0].when,
    } == {(span("22:00", "06:00"),)}


def test_what_a_channel_keeps_back_is_late_and_what_a_rule_does_is_never() -> None:
    settings = Settings()
    assert settings.webex.outside == "later"
    assert settings.sense.outside == "never"


def test_hours_stay_when_the_page_changes_the_crowd_rule(tmp_path: Path) -> None:
    sense = read(tmp_path, {"sense": {"when": {"days": "sat"}}}).sense
    changed = with_overrides(sense, {"sense.people": 4})
    assert changed.people == 4
    assert changed.when == sense.when


@pytest.mark.parametrize(
    ("escalation", "expected"),
    [
        ({"after_s": 300}, "missing: to"),
        ({"to": "Night"}, "missing: after_s"),
        ({"after_s": 1, "to": "Night"}, "greater than or equal to 10"),
    ],
)
def test_an_escalation_is_complete(
    tmp_path: Path, escalation: Any, expected: str
) -> None:
    (found,) = mistakes(tmp_path, {"webex": {"escalation": escalation}})
    assert found.startswith("webex.escalation")
    assert expected in found


def test_whom_an_escalation_reaches_is_checked_like_every_recipient(
    tmp_path: Path,
) -> None:
    escalation = {"after_s": 300, "to": ["Night", "boss@example.com"]}
    settings = read(tmp_path, {"webex": {"escalation": escalation}})
    assert {"Night", "boss@example.com"} <= set(settings.rooms_named())
