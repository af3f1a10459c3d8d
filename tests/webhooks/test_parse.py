from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mvsnap.core.params import MAX_PREFIX
from mvsnap.values import replace
from mvsnap.webhooks.alarm import (
    AlarmSource,
    doubt,
    headline,
    moment_to_show,
    parse_time,
)
from tests.core.build import DOOR, NOON
from tests.webhooks.build import ixon, meraki, sensor, sent, snake

OCCURRED = datetime(2026, 3, 4, 11, 59, 50, 615483, tzinfo=UTC)
CREATED = datetime(2026, 3, 4, 11, 59, 24, tzinfo=UTC)


def test_names_in_snake_case_say_the_same() -> None:
    for message in (meraki(), sensor("door", 1.0), sensor("temperature", 18.5)):
        camel, other = sent(message), sent(snake(message))
        assert replace(other, payload=camel.payload) == camel


def test_the_secrets_of_a_message_are_not_part_of_the_alarm() -> None:
    for message in (meraki(), snake(meraki()), {"apikey": "a secret", "alarm": 1}):
        alarm = sent(message)
        assert "secret" not in json.dumps(alarm.payload).lower()
        assert "a secret" not in repr(alarm)


@pytest.mark.parametrize(
    ("message", "text", "at"),
    [
        (meraki(), "2026-03-04T11:59:50.615483Z", OCCURRED),
        (meraki(occurredAt="soon"), "1772625590.6", OCCURRED),
        (meraki(occurredAt="soon", alertData={}, sentAt=None), "soon", None),
        (meraki(occurredAt=None, alertData={}, sentAt=None), "", None),
        (ixon(), "2026-03-04T11:59:24", CREATED),
        (ixon(createdOn="yesterday"), "yesterday", None),
        ({"alarm": 1, "timestamp": 1772625564}, "1772625564", CREATED),
        ({"alarm": 1, "ts": "1772625564000"}, "1772625564000", CREATED),
        ({"alarm": 1, "ts": 123456}, "123456", None),
        ({"alarm": 1, "date": "2026-03-04"}, "2026-03-04", None),
        ({"alarm": 1, "time": "11:59"}, "11:59", None),
        ({"alarm": 1}, "", None),
    ],
    ids=[
        *("alert", "bad, but another", "bad", "none"),
        *("IXON", "IXON, bad"),
        *("s", "ms as text", "uptime", "a day", "no day", "nothing"),
    ],
)
def test_the_time_is_kept_as_it_was_sent_beside_what_it_means(
    message: dict[str, Any], text: str, at: datetime | None
) -> None:
    alarm = sent(message)
    close = timedelta(milliseconds=20)  # Meraki's other time has one digit less
    assert alarm.time_text == text
    if at is None or alarm.occurred_at is None:
        assert alarm.occurred_at is at
    else:
        assert abs(alarm.occurred_at - at) < close


@pytest.mark.parametrize(
    "value", [True, None, [], {}, "", "x", "nan", "inf", -5, 1e300, "١٧٧٢٦٢٥٥٦٤", 0]
)
def test_an_invalid_time_is_none(value: object) -> None:
    assert parse_time(value) is None


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(seconds=-60), False),
        (timedelta(seconds=3), False),
        (timedelta(seconds=10), True),
        (timedelta(days=20), True),
        (timedelta(days=2000), False),
    ],
    ids=["ahead of us", "just now", "seconds late", "a late retry", "an example"],
)
def test_only_a_past_moment_that_can_be_recorded_is_shown(
    age: timedelta, shown: bool
) -> None:
    alarm = replace(sent(meraki()), occurred_at=NOON - age)
    assert moment_to_show(alarm, NOON) == (NOON - age if shown else None)
    assert bool(doubt(alarm, NOON)) is (abs(age) > timedelta(seconds=5) and not shown)


def test_an_invalid_time_is_doubted_and_shown() -> None:
    alarm = sent(ixon(createdOn="yesterday"))
    assert "'yesterday' is implausible" in doubt(alarm, NOON)
    assert doubt(sent({"alarm": 1}), NOON) == ""


def test_any_json_is_called_as_most_machines_call_it() -> None:
    alarm = sent(
        {"type": "stop", "title": "Line 3", "message": "Jam\nat  feeder", "device": "P"}
    )
    assert (alarm.source, alarm.kind) == (AlarmSource.OTHER, "stop")
    assert headline(alarm) == "Line 3 · P · Jam at feeder"
    assert headline(alarm, "Rule") == "Rule · P · Jam at feeder"


def test_a_headline_fits_in_front_of_a_message_whatever_was_sent() -> None:
    line = headline(sent(ixon(shortContent="\0\ud800 long " * 500)))
    assert len(line) <= MAX_PREFIX
    assert line.isprintable()
    assert line.endswith("…")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (meraki(), meraki(sentAt="2026-03-04T12:09:58Z"), True),
        (meraki(), snake(meraki()), True),
        (meraki(), meraki(alertId="643451796765672449"), False),
        (meraki(), meraki(occurredAt="2026-03-04T12:00:00Z"), False),
        (meraki(alertId=None), meraki(alertId=None, sentAt="x"), True),
        (meraki(alertId=None), meraki(alertId=None, deviceSerial=DOOR), False),
        (meraki(alertId="00"), meraki(alertId="00", sentAt="x"), False),
        (ixon(), ixon(userName="Bob", longContent="other"), True),
        (ixon(), ixon(createdOn="2026-03-04T11:59:25"), False),
        (ixon(), ixon(companyId="x"), False),
        (ixon(), ixon(extraInfo={"Device ID": "other"}), False),
        (ixon(), ixon(extraInfo={"Device name": "Robot 8"}), False),
        (ixon(), ixon(systemLabel="alarm-high"), False),
        (ixon(), ixon(shortContent="Robot started"), False),
        (ixon(publicId="a"), ixon(publicId="a", createdOn="x"), True),
        ({"alarm": 1, "x": 2}, {"x": 2, "alarm": 1}, True),
        ({"alarm": 1, "apikey": "k"}, {"alarm": 1}, True),
        ({"alarm": 1}, {"alarm": 2}, False),
    ],
)
def test_the_key_is_the_same_exactly_when_the_alarm_is(
    one: dict[str, Any], other: dict[str, Any], same: bool
) -> None:
    assert (sent(one).dedup_key == sent(other).dedup_key) is same


@pytest.mark.parametrize(
    ("message", "own"),
    [
        (meraki(), True),
        (meraki(alertId=None, occurredAt=None), True),
        (meraki(alertId=None, occurredAt=None, alertData={}), False),
        (meraki(alertId="", alertData={}), True),
        (ixon(), True),
        (ixon(createdOn=None), False),
        ({"alarm": 1}, False),
        ({"alarm": 1, "id": "plc-7"}, False),
        ({"alarm": 1, "date": "2026-03-04"}, False),
        ({"alarm": 1, "time": "2026-03-04 11:59:24"}, True),
        ({"alarm": 1, "uuid": "2d7c"}, True),
    ],
)
def test_a_message_that_says_the_same_next_time_has_no_key_of_its_own(
    message: dict[str, Any], own: bool
) -> None:
    assert sent(message).is_own_key is own


def test_a_null_is_as_good_as_a_field_that_is_not_there() -> None:
    for build in (meraki, ixon):
        for name in build():
            without, null = build(**{name: None}), build() | {name: None}
            alarm = sent(without)
            assert replace(sent(null), payload={}, dedup_key="") == replace(
                alarm, payload={}, dedup_key=""
            )
