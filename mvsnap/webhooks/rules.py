"""Rules of webhooks: which cameras an alarm is about, and which room is told. Pure.

Every rule that matches acts, each with a job of its own: rules are written by different
people for different rooms, and with "the first one only" a general rule above would
silently take the picture from the one below. Without any match the defaults act.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import escape
from typing import Any

from mvsnap.core.spelling import fold
from mvsnap.webhooks.alarm import Alarm

Scalar = bool | int | float | str
Wanted = Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """match: dotted path of the message to what it must say, or to one of several."""

    name: str
    match: Mapping[str, Wanted]
    cameras: tuple[str, ...] = ()
    room: str | None = None
    title: str = ""
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where a rule says nothing: the settings of the token.

    cameras: each is a Meraki serial or the name of a camera of the recorder.
    """

    cameras: tuple[str, ...] = ()
    room: str | None = None
    actions: tuple[str, ...] = ("snapshot",)


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """What one alarm leads to; `rule` is "" when none matched.

    cameras: none where nobody names any.
    """

    cameras: tuple[str, ...]
    room: str | None
    title: str
    actions: tuple[str, ...]
    rule: str = ""


def choose(
    alarm: Alarm, rules: Iterable[Rule], defaults: Defaults, *, is_badge: bool = False
) -> tuple[RuleMatch, ...]:
    """Return what to do, one choice for each rule that matches.

    is_badge: it is known for a badge event, so without a rule there is nothing to do.

    The cameras are those of the rule, else the Meraki camera that alerted, else those
    of the token. Nothing is
    returned for an alarm that needs no picture, unless a rule names what says so.
    """
    matching = [rule for rule in rules if matches(rule.match, alarm.payload)]
    if alarm.quiet is not None:
        matching = [rule for rule in matching if _names(rule, alarm.quiet.field)]
        if not matching:
            return ()
    if not matching and not is_badge:
        matching = [Rule("", {})]
    return tuple(_match(alarm, rule, defaults) for rule in matching)


def matches(match: Mapping[str, Wanted], payload: Mapping[str, Any]) -> bool:
    """Say whether the message says all that a rule wants; {} is every message."""
    return all(
        any(_says(found, wanted) for found in values_at(payload, path))
        for path, wanted in match.items()
    )


def values_at(payload: Mapping[str, Any], path: str) -> Iterator[Any]:
    """Yield what a message says at a dotted path; numbers in it count lists."""
    return _at(payload, path.split("."))


def _match(alarm: Alarm, rule: Rule, defaults: Defaults) -> RuleMatch:
    alerted = (alarm.camera,) if alarm.camera else ()
    return RuleMatch(
        cameras=rule.cameras or alerted or defaults.cameras,
        room=rule.room or defaults.room,
        title=rule.title,
        actions=rule.actions or defaults.actions,
        rule=rule.name,
    )


def _names(rule: Rule, field: str) -> bool:
    return any(fold(path.split(".")[-1]) == fold(field) for path in rule.match)


def _at(value: Any, steps: Sequence[str]) -> Iterator[Any]:
    """Yield what is at the path; a name in it may hold dots itself."""
    if not steps:
        yield value
    elif isinstance(value, list):
        first, *rest = steps
        # Its own spelling alone: no sign, no blank, no foreign digits.
        if first in map(str, range(len(value))):
            yield from _at(value[int(first)], rest)
    elif isinstance(value, dict):
        for end in range(len(steps), 0, -1):
            for inner in _under(value, ".".join(steps[:end])):
                yield from _at(inner, steps[end:])


def _under(value: dict[str, Any], name: str) -> list[Any]:
    if name in value:
        return [value[name]]
    wanted = fold(name)  # alertData and alert_data are the same
    return [inner for key, inner in value.items() if fold(key) == wanted]


def _says(found: Any, wanted: Wanted) -> bool:
    if isinstance(wanted, tuple):
        return any(_says(found, one) for one in wanted)
    if isinstance(wanted, str):
        # YAML's "true" and a number are written as texts, too.
        return isinstance(found, Scalar) and _fits(_text(found), _text(wanted))
    if isinstance(found, str):  # a form has only texts
        return _text(found) == _text(wanted)
    is_flag = isinstance(found, bool), isinstance(wanted, bool)
    return is_flag[0] is is_flag[1] and bool(found == wanted)


def _text(value: Scalar) -> str:
    return str(value).casefold().strip()


def _fits(text: str, pattern: str) -> bool:
    """Compare whole texts; each `*` stands for anything, also for nothing.

    fnmatch makes atomic groups of it, so the time grows with the text alone; what else
    means something there, `?` and `[`, is taken literally.
    """
    return fnmatchcase(text, "*".join(map(escape, pattern.split("*"))))
