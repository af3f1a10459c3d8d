"""Why a rule matches a message, or does not."""

from __future__ import annotations

from typing import Any

import pytest

from mvsnap.webhooks.rule_report import RuleCondition, rule_report

MESSAGE: dict[str, Any] = {
    "systemLabel": "alarm-high",
    "extraInfo": {"Device name": "Robot 7", "on": True, "none": None},
    "items": [{"code": 1}, {"code": 2}],
}


@pytest.mark.parametrize(
    ("path", "wanted", "said"),
    [
        ("systemLabel", "alarm-*", ("alarm-*", "alarm-high", True)),
        ("system_label", ("a", "alarm-high"), ("a or alarm-high", "alarm-high", True)),
        ("systemLabel", (), ("nothing", "alarm-high", False)),
        ("extraInfo.Device name", "Press", ("Press", "Robot 7", False)),
        ("extraInfo.on", True, ("true", "true", True)),
        ("extraInfo.none", "x", ("x", "nothing", False)),
        ("extraInfo", "x", ("x", "an object", False)),
        ("items", "x", ("x", "a list", False)),
        ("items.1.code", 2, ("2", "2", True)),
        ("nowhere.at.all", "x", ("x", "nothing", False)),
    ],
)
def test_a_condition_says_what_was_wanted_and_found(
    path: str, wanted: Any, said: tuple[str, str, bool]
) -> None:
    report = rule_report("rule", {path: wanted}, MESSAGE)
    assert report.conditions == (RuleCondition(path, *said),)
    assert report.matches is said[2]


def test_a_rule_without_conditions_matches_every_message() -> None:
    assert rule_report("all", {}, MESSAGE).matches


def test_a_long_value_is_cut() -> None:
    (found,) = rule_report("r", {"a": "b" * 999}, {"a": "c\n" * 999}).conditions
    assert len(found.wanted) == len(found.found) == 80
