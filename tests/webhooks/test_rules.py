from __future__ import annotations

import time
from typing import Any

import pytest

from mvsnap.webhooks.rules import Defaults, Rule, RuleMatch, choose, matches
from tests.core.build import DOOR, GATE, HALL
from tests.webhooks.build import button_test, ixon, meraki, sensor, sent


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({}, True),
        ({"systemLabel": "alarm-medium"}, True),
        ({"systemLabel": "ALARM-MEDIUM"}, True),
        ({"system_label": "alarm-medium"}, True),
        ({"systemLabel": "alarm"}, False),
        ({"systemLabel": ("alarm-low", "alarm-medium")}, True),
        ({"systemLabel": ()}, False),
        ({"systemLabel": "alarm-*"}, True),
        ({"shortContent": "robot stopped*UTC"}, True),
        ({"shortContent": "*stopped*triggered*"}, True),
        ({"shortContent": "*triggered*stopped*"}, False),
        ({"shortContent": "*"}, True),
        ({"nothing": "*"}, False),
        ({"extraInfo": "*"}, False),
        ({"extraInfo.Device name": "Robot 7"}, True),
        ({"extraInfo.Counter1000Max30": 30}, True),
        ({"extraInfo.Device name": "Robot 7", "systemLabel": "x"}, False),
        ({"list.0.deep": 1}, True),
        ({"list.0.deep": 1.0}, True),
        ({"list.0.deep": True}, False),
        ({"list.0.deep": "1"}, True),
        ({"list.1": True}, True),
        ({"list.1": 1}, False),
        ({"list.1": "true"}, True),
        ({"list.-1": True}, False),
        ({"list.01": True}, False),
        ({"list.9": True}, False),
        ({"list.deep": 1}, False),
        ({"dotted.name": "x"}, True),
        ({"dotted.name.more": "x"}, False),
        ({"none": "None"}, False),
        ({"": ""}, False),
    ],
    ids=str,
)
def test_a_rule_matches_what_is_at_its_paths(match: dict[str, Any], fits: bool) -> None:
    odd = {"list": [{"deep": 1}, True], "dotted.name": "x", "none": None}
    chosen = choose(sent(ixon(**odd)), [Rule("rule", match)], Defaults())
    assert (chosen.matches[0].rule == "rule") is fits


def test_every_rule_that_matches_acts_and_the_defaults_only_without_one() -> None:
    rules = [
        Rule("first", {"systemLabel": "alarm-*"}, cameras=(GATE,), room="Yard"),
        Rule("other", {"systemLabel": "info"}),
        Rule("second", {}, title="Look", actions=("clip",)),
    ]
    defaults = Defaults(cameras=(DOOR,), room="Alarms")
    assert choose(sent(ixon()), rules, defaults).matches == (
        RuleMatch((GATE,), "Yard", "", ("snapshot",), "first"),
        RuleMatch((DOOR,), "Alarms", "Look", ("clip",), "second"),
    )
    assert choose(sent(ixon()), rules[1:2], defaults).matches == (
        RuleMatch((DOOR,), "Alarms", "", ("snapshot",), ""),
    )


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [
        ("line 3 [A]", "line 3 [a]", True),
        ("line 3 a", "line 3 [a]", False),
        ("why?", "why?", True),
        ("whys", "why?", False),
        ("one\ntwo", "one*two", True),
        ("one two", "one", False),
        ("aa", "a*a*", True),
        ("a", "a*a", False),
    ],
)
def test_nothing_but_a_star_means_something(
    text: str, pattern: str, fits: bool
) -> None:
    assert matches({"text": pattern}, {"text": text}) is fits


@pytest.mark.parametrize(
    "pattern",
    ["a*" * 200 + "b", "*" * 200 + "b", ("*" + "a" * 30) * 20 + "b*", "*ab" * 20],
)
def test_no_pattern_takes_long_on_a_long_text(pattern: str) -> None:
    began_s = time.process_time()
    assert not matches({"text": pattern}, {"text": "a" * 65536})
    assert time.process_time() - began_s < 5  # backtracking would take years


@pytest.mark.parametrize(
    ("message", "rule", "token", "chosen"),
    [
        (meraki(), (HALL,), (DOOR,), (HALL,)),
        (meraki(), (), (DOOR,), (GATE,)),
        (ixon(), (), (DOOR,), (DOOR,)),
        (ixon(), (), (), ()),
    ],
    ids=["the rule's", "the one that alerted", "the token's", "nobody's"],
)
def test_the_cameras_are_those_nearest_to_the_alarm(
    message: dict[str, Any], rule: Any, token: Any, chosen: Any
) -> None:
    defaults = Defaults(cameras=token)
    found = choose(sent(message), [Rule("rule", {}, cameras=rule)], defaults)
    assert [match.cameras for match in found.matches] == [chosen]


OVER = sensor("door", 0.0, alertData={"startedAlerting": False})


@pytest.mark.parametrize(
    ("message", "match", "acts"),
    [
        (OVER, {}, False),
        (OVER, {"alertTypeId": "sensor_alert"}, False),
        (OVER, {"alertData.startedAlerting": False}, True),
        (OVER, {"alertData.startedAlerting": True}, False),
        (button_test(), {"networkName": "Shop"}, False),
        (button_test(), {"alertTypeId": "motion_alert"}, True),
        (ixon(systemLabel="info"), {"companyName": "Packers"}, False),
        (ixon(systemLabel="info"), {"systemLabel": ("info", "alarm-high")}, True),
    ],
)
def test_what_needs_no_picture_gets_one_from_a_rule_that_names_it(
    message: dict[str, Any], match: dict[str, Any], acts: bool
) -> None:
    choice = choose(sent(message), [Rule("rule", match)], Defaults())
    assert bool(choice.matches) is acts
    assert bool(choice.ignored) is not acts
