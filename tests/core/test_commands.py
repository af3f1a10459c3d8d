"""Commands to the bot, as people write them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mvsnap.core.commands import BotCommand, Verb, parse
from mvsnap.core.spoken_times import TOMORROW, SpokenTime

BERLIN = ZoneInfo("Europe/Berlin")


def lasting(**given: float) -> SpokenTime:
    return SpokenTime(timedelta(**given))


@pytest.mark.parametrize(
    ("text", "verb", "name"),
    [
        ("snapshot Gate 3", Verb.SNAPSHOT, "Gate 3"),
        ("SNAPSHOT gate 3", Verb.SNAPSHOT, "gate 3"),
        ("  snapshot\n  Gate   3 ", Verb.SNAPSHOT, "Gate 3"),
        ("/snapshot Gate 3", Verb.SNAPSHOT, "Gate 3"),
        ("snapshot of the north gate, please!", Verb.SNAPSHOT, "north gate"),
        ("Please take a picture of Gate 3 now", Verb.SNAPSHOT, "Gate 3"),
        ("can you show me Gate 3?", Verb.SNAPSHOT, "Gate 3"),
        ("show gate", Verb.SNAPSHOT, "gate"),
        ("photo from “Gate 3”", Verb.SNAPSHOT, "Gate 3"),
        ("snapshot", Verb.SNAPSHOT, ""),
        ("show me the cameras", Verb.CAMERAS, ""),
        ("Cameras?", Verb.CAMERAS, ""),
        ("help", Verb.HELP, ""),
        ("", Verb.HELP, ""),
        ("?", Verb.HELP, ""),
        ("Hello!", Verb.HELP, ""),
        ("status", Verb.STATUS, ""),
        ("what is the status?", Verb.STATUS, ""),
        ("unsnooze", Verb.UNSNOOZE, ""),
        ("unsnooze Gate 3", Verb.UNSNOOZE, "Gate 3"),
        ("unmute gate", Verb.UNSNOOZE, "gate"),
        ("snapshot Tür Süd", Verb.SNAPSHOT, "Tür Süd"),
        ("ｓｎａｐｓｈｏｔ Gate", Verb.SNAPSHOT, "Gate"),
    ],
)
def test_a_verb_and_a_name(text: str, verb: Verb, name: str) -> None:
    found = parse(text)
    assert (found.verb, found.name) == (verb, name)


@pytest.mark.parametrize(
    "text",
    [
        "mvsnap snapshot Gate 3",
        "@mvsnap snapshot Gate 3",
        "mvsnap: snapshot Gate 3",
        "MVSNAP, snapshot Gate 3",
        "snapshot Gate 3 mvsnap",
        "Camera Bot snapshot Gate 3",
    ],
)
def test_a_mention_of_the_bot_is_no_part_of_it(text: str) -> None:
    found = parse(text, ("mvsnap", "Camera", "Camera Bot"))
    assert found == BotCommand(Verb.SNAPSHOT, "Gate 3")


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("snooze Gate 3 1h", "Gate 3", lasting(hours=1)),
        ("snooze Gate 3 for 1 hour", "Gate 3", lasting(hours=1)),
        ("snooze Gate 3 for an hour", "Gate 3", lasting(hours=1)),
        ("snooze gate half an hour", "gate", lasting(minutes=30)),
        ("snooze gate 1h30m", "gate", lasting(minutes=90)),
        ("snooze gate 1 h and 30 min", "gate", lasting(minutes=90)),
        ("snooze gate 1,5 h", "gate", lasting(minutes=90)),
        ("snooze Gate 3 10 min", "Gate 3", lasting(minutes=10)),
        ("snooze Gate 3", "Gate 3", None),
        ("snooze 10 min Gate 3", "Gate 3", lasting(minutes=10)),
        ("snooze for 2 days the Gate", "Gate", lasting(days=2)),
        ("snooze Gate 3 until tomorrow", "Gate 3", TOMORROW),
        ("snooze Gate 3 till Tomorrow.", "Gate 3", TOMORROW),
        ("snooze until tomorrow Gate 3", "Gate 3", TOMORROW),
        ("mute Gate 3 1H", "Gate 3", lasting(hours=1)),
        ("clip Gate 3 30s", "Gate 3", lasting(seconds=30)),
        ("clip Gate 3 30 s", "Gate 3", lasting(seconds=30)),
        ("clip of the last 30 seconds of Gate 3", "Gate 3", lasting(seconds=30)),
        ("clip Gate 3 the last 30 sec", "Gate 3", lasting(seconds=30)),
        ("clip Gate 3", "Gate 3", None),
        ("clip 30s", "", lasting(seconds=30)),
        ("clip Gate 30", "Gate 30", None),
        ("clip Gate 3 0s", "Gate 3 0s", None),
    ],
)
def test_a_time_beside_the_name(
    text: str, name: str, expected: SpokenTime | None
) -> None:
    found = parse(text)
    assert (found.name, found.time) == (name, expected)


@pytest.mark.parametrize(
    ("text", "name", "days_ago"),
    [
        ("events", "", 0),
        ("events today", "", 0),
        ("events yesterday", "", 1),
        ("events of today", "", 0),
        ("events yesterday at Gate 3", "Gate 3", 1),
        ("events Gate 3 today", "Gate 3", 0),
    ],
)
def test_events_of_a_day(text: str, name: str, days_ago: int) -> None:
    assert parse(text) == BotCommand(Verb.EVENTS, name, days_ago=days_ago)


@pytest.mark.parametrize("text", ["snooze all 1h", "snooze everything for 1h"])
def test_all_cameras_have_to_be_named(text: str) -> None:
    assert parse(text) == BotCommand(Verb.SNOOZE, all=True, time=lasting(hours=1))


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("snpashot Gate", Verb.SNAPSHOT),
        ("statsu", Verb.STATUS),
        ("lunch at twelve?", None),
        ("please", None),
    ],
)
def test_what_is_no_command(text: str, near: Verb | None) -> None:
    found = parse(text)
    assert (found.verb, found.near) == (Verb.UNKNOWN, near)


@pytest.mark.parametrize(
    "text",
    [
        "1h" * 500_000,
        "snooze " + "1h " * 300_000,
        "snooze " + "9" * 1_000_000 + "h",
        "a" * 1_000_000,
        "\u0301" * 300_000,
        "? " * 500_000,
        "\0\ufffd" * 300_000,
    ],
    ids=["joined", "words", "number", "word", "marks", "signs", "controls"],
)
def test_what_is_much_too_long_takes_no_time(text: str) -> None:
    began_s = time.process_time()
    parse(text, ("mvsnap",))
    assert time.process_time() - began_s < 0.5


def test_until_tomorrow_is_the_next_morning_at_the_site() -> None:
    night = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)  # half past midnight there
    # Clocks go back that night.
    assert TOMORROW.end(night, BERLIN) == datetime(2026, 10, 26, 5, tzinfo=UTC)
    day = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert TOMORROW.end(day, BERLIN) == datetime(2026, 10, 25, 5, tzinfo=UTC)
    assert lasting(hours=1).end(day, BERLIN) == day + timedelta(hours=1)
