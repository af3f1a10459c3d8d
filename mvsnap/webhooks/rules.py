"""Rules of webhooks: which cameras an alarm is about, and which room gets it. Pure.

Every matching rule acts, each with a job of its own: rules are written by different
people for different rooms, and with "first match only" a general rule would silently
take the picture from the rule below it. If none matches, the defaults apply. A rule
that ignores is an exception to all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from glob import escape
from typing import Any

from msgspec import Struct

from mvsnap.spelling import fold
from mvsnap.webhooks.alarm import Alarm

Scalar = bool | int | float | str
Wanted = Scalar | tuple[Scalar, ...]
RoomNames = str | tuple[str, ...] | None

# The action of a rule or of the defaults that does nothing.
IGNORE = "ignore"


class Rule(Struct, frozen=True):
    """match: dotted path in the message to the expected value, or to a list of them."""

    name: str
    match: Mapping[str, Wanted]
    cameras: tuple[str, ...] = ()
    room: RoomNames = None
    title: str = ""
    actions: tuple[str, ...] = ()


class Defaults(Struct, frozen=True):
    """What applies where a rule says nothing: the settings of the token.

    cameras: each is a Meraki serial or the name of a recorder camera.
    ignores: an alarm that matches no rule is ignored.
    """

    cameras: tuple[str, ...] = ()
    room: RoomNames = None
    actions: tuple[str, ...] = ("snapshot",)
    ignores: bool = False


class RuleMatch(Struct, frozen=True):
    """The outcome for one alarm; `rule` is "" if none matched.

    cameras: empty if none are named anywhere.
    """

    cameras: tuple[str, ...]
    room: RoomNames
    title: str
    actions: tuple[str, ...]
    rule: str = ""


class Choice(Struct, frozen=True):
    """What to do, one entry for each rule that acts; `ignored`: why there is none.

    matched: the names of all rules that match, also of those that do not act.
    """

    matches: tuple[RuleMatch, ...] = ()
    ignored: str = ""
    matched: tuple[str, ...] = ()


def choose(
    alarm: Alarm, rules: Iterable[Rule], defaults: Defaults, *, is_badge: bool = False
) -> Choice:
    """Return what to do about an alarm.

    is_badge: it is a badge event, so without a matching rule there is nothing to do.

    The cameras are those of the rule, else the Meraki camera that alerted, else those
    of the token. An alarm that needs no picture is ignored, unless a rule names the
    field that says so.
    """
    matching = [rule for rule in rules if matches(rule.match, alarm.payload)]
    matched = tuple(rule.name for rule in matching)
    ignoring = next((rule for rule in matching if IGNORE in rule.actions), None)
    if ignoring is not None:
        return Choice(ignored=f"rule {ignoring.name!r}", matched=matched)
    if alarm.ignored is not None:
        matching = [rule for rule in matching if _names(rule, alarm.ignored.field)]
        if not matching:
            return Choice(ignored=alarm.ignored.because, matched=matched)
    if not matching and not is_badge:
        if defaults.ignores:
            return Choice(ignored="no rule matches")
        matching = [Rule("", {})]
    acting = tuple(_match(alarm, rule, defaults) for rule in matching)
    return Choice(acting, matched=matched)


def matches(match: Mapping[str, Wanted], payload: Mapping[str, Any]) -> bool:
    """Return whether the message has everything that a rule needs; {} matches all."""
    return all(
        any(_says(found, wanted) for found in values_at(payload, path))
        for path, wanted in match.items()
    )


def values_at(payload: Mapping[str, Any], path: str) -> Iterator[Any]:
    """Yield the values at a dotted path of a message; numbers in it index lists."""
    return _at(payload, path.split("."))


def _match(alarm: Alarm, rule: Rule, defaults: Defaults) -> RuleMatch:
    alerted = (alarm.camera,) if alarm.camera else ()
    return RuleMatch(
        cameras=rule.cameras or alerted or defaults.cameras,
        # An empty list is an answer, too: nobody.
        room=defaults.room if rule.room in (None, "") else rule.room,
        title=rule.title,
        actions=rule.actions or defaults.actions,
        rule=rule.name,
    )


def _names(rule: Rule, field: str) -> bool:
    return any(fold(path.split(".")[-1]) == fold(field) for path in rule.match)


def _at(value: Any, steps: Sequence[str]) -> Iterator[Any]:
    """Yield what is at the path; a name in the path may contain dots."""
    if not steps:
        yield value
    elif isinstance(value, list):
        first, *rest = steps
        # Canonical numbers only: no sign, no space, no foreign digits.
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
        # YAML's "true" and a number may be written as texts, too.
        return isinstance(found, Scalar) and _fits(_text(found), _text(wanted))
    if isinstance(found, str):  # a form has only texts
        return _text(found) == _text(wanted)
    is_flag = isinstance(found, bool), isinstance(wanted, bool)
    return is_flag[0] is is_flag[1] and bool(found == wanted)


def _text(value: Scalar) -> str:
    return str(value).casefold().strip()


def _fits(text: str, pattern: str) -> bool:
    """Compare whole texts; each `*` stands for any text, also an empty one.

    fnmatch translates it to atomic groups, so the time is linear in the text; its other
    special characters, `?` and `[`, are taken literally.
    """
    return fnmatchcase(text, "*".join(map(escape, pattern.split("*"))))
