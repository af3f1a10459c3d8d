"""Broken messages: nothing but BadInput, and every alarm can be posted."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvsnap.core.params import MAX_PREFIX, parse_prefix
from mvsnap.errors import BadInput
from mvsnap.webhooks.alarm import Alarm, headline, moment_to_show
from mvsnap.webhooks.parse import parse
from mvsnap.webhooks.rules import Defaults, Rule, choose
from tests.core.build import GATE, NOON
from tests.webhooks.build import ixon, meraki, sensor, snake

TYPES = ("", "application/json", "application/x-www-form-urlencoded", "text/plain")
RULES = [
    Rule("all", {}),
    Rule("one", {"alertData.triggerData.0.trigger.type": ("door", 1, True)}),
    Rule("two", {"shortContent": "*a*", "extraInfo.Device name": "*"}),
]
NAMES = [*meraki(), *ixon(), *snake(meraki()), "timestamp", "trigger", "triggerData"]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(st.characters(), max_size=30),
    st.sampled_from(["{}", "[]", '{"a":', '"x"', "2026-03-04T12:00:00Z", GATE, "0"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text()), inner),
    ),
    max_leaves=10,
)


def alarm_or_why_not(body: bytes, content_type: str) -> list[Alarm] | str:
    try:
        return parse(body, content_type)
    except BadInput as exc:
        return exc.message


def take(body: bytes, content_type: str = "") -> bool:
    """Use a body as the gateway does; say whether it was an alarm."""
    alarms = alarm_or_why_not(body, content_type)
    if isinstance(alarms, str):
        assert len(alarms) < 300
        assert alarms.isprintable()
        return False
    for alarm in alarms:
        use(alarm)
    return bool(alarms)


def use(alarm: Alarm) -> None:
    line = headline(alarm, "Title")
    assert len(line) <= MAX_PREFIX
    assert parse_prefix(line) == line
    moment_to_show(alarm, NOON)
    choose(alarm, RULES, Defaults())
    json.dumps(alarm.payload, allow_nan=False)


@given(st.binary(max_size=200), st.sampled_from([*TYPES, "a; charset=utf-16"]))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_an_alarm_or_refused(body: bytes, content_type: str) -> None:
    take(body, content_type)


@given(st.sampled_from([meraki, ixon]), st.sampled_from(NAMES), VALUES)
@settings(max_examples=300, deadline=None)
def test_any_value_in_any_field_is_an_alarm_or_refused(
    build: Any, name: str, value: Any
) -> None:
    take(json.dumps(build(**{name: value})).encode())


@given(VALUES, st.sampled_from(TYPES))
@settings(max_examples=200, deadline=None)
def test_any_json_is_an_alarm_or_refused(value: Any, content_type: str) -> None:
    take(json.dumps(value).encode(), content_type)


@pytest.mark.parametrize("seed", range(3))
def test_messages_with_broken_bytes_are_alarms_or_refused(seed: int) -> None:
    dice = random.Random(seed)
    whole = [json.dumps(m).encode() for m in (meraki(), ixon(), sensor("door", 1.0))]
    taken = 0
    for _ in range(1000):
        body = bytearray(dice.choice(whole))
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(body))
            body[at : at + dice.randint(0, 3)] = dice.choice(
                [b"", b'"', b"{", b"]", b"\x00", b"\xff", b"9", b"null", b"\\ud800"]
            )
        taken += take(bytes(body))
    assert 0 < taken < 1000
