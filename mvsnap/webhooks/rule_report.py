"""Why a rule matches a message, or does not. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from msgspec import Struct

from mvsnap.core.http_body import kind_of
from mvsnap.webhooks.alarm import clean
from mvsnap.webhooks.rules import Wanted, matches, values_at

_MOST_FOUND = 3
_LONGEST = 80


class RuleCondition(Struct, frozen=True):
    """What a rule wants at a path of the message, and what is there, as texts."""

    path: str
    wanted: str
    found: str
    is_met: bool


class RuleReport(Struct, frozen=True):
    """A rule with its conditions; without any it matches every message."""

    name: str
    conditions: tuple[RuleCondition, ...]

    @property
    def matches(self) -> bool:
        return all(condition.is_met for condition in self.conditions)


def rule_report(
    name: str, match: Mapping[str, Wanted], payload: Mapping[str, Any]
) -> RuleReport:
    return RuleReport(
        name,
        tuple(
            RuleCondition(
                path,
                _wanted(wanted),
                _found(payload, path),
                matches({path: wanted}, payload),
            )
            for path, wanted in match.items()
        ),
    )


def _wanted(wanted: Wanted) -> str:
    if isinstance(wanted, tuple):
        return " or ".join(_text(one) for one in wanted) or "nothing"
    return _text(wanted)


def _found(payload: Mapping[str, Any], path: str) -> str:
    found = list(islice(values_at(payload, path), _MOST_FOUND))
    return ", ".join(map(_text, found)) or "nothing"


def _text(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return kind_of(value)
    return clean(value, _LONGEST)
