"""`check`: whether the hours of rules and of those they notify ever meet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from mvsnap.cli.terminal import Check, CheckResult

if TYPE_CHECKING:
    from mvsnap.config.model import Settings
    from mvsnap.config.notify import NotifySection
    from mvsnap.config.recipients import Named
    from mvsnap.jobs.notice_rules import NoticeRules

# A rule of the settings: its name as jobs carry it and as people read it, its rooms.
Rule = tuple[str, str, tuple[str, ...]]


def checks(settings: Settings) -> list[Check]:
    """Return nothing to check where it holds always that everybody is notified."""
    from mvsnap.jobs.notice_rules import NoticeRules

    rules = NoticeRules(settings)
    hours = [shown for name, shown, _rooms in _rules(settings) if rules.of_rule(name)]
    hours += [name for name, section in _sections(settings) if section.when]
    escalates = any(one.escalation.configured for _name, one in _sections(settings))
    if not (hours or escalates):
        return []
    return [("hours", lambda: _hours(settings, rules, hours))]


def _hours(settings: Settings, rules: NoticeRules, hours: list[str]) -> CheckResult:
    """Return a warning, not a failure: somebody may want it so."""
    from mvsnap.clock import SystemClock

    found = [*_never_met(settings, rules, SystemClock().now()), *_to_nobody(settings)]
    if found:
        return CheckResult(None, "; ".join(found))
    return CheckResult(True, ", ".join(hours) or "always")


def _never_met(settings: Settings, rules: NoticeRules, now: datetime) -> Iterator[str]:
    from mvsnap.core.hour_spans import next_within

    for name, shown, rooms in _rules(settings):
        of_rule = [one.weekly for one in rules.of_rule(name)]
        for room in rooms:
            of_room = [one.weekly for one in rules.of_room(room).hours]
            if next_within([*of_rule, *of_room], now, rules.zone) is None:
                yield f"{shown} never notifies {room}: their hours never meet"


def _sections(settings: Settings) -> Iterator[tuple[str, NotifySection]]:
    yield "webex", settings.webex
    for channel in settings.channels:
        yield channel.name, channel


def _to_nobody(settings: Settings) -> Iterator[str]:
    for name, section in _sections(settings):
        after = section.escalation
        if after.configured and not settings.recipients.only(after.to):
            yield f"{name}: escalation.to is a room, but webex.bot_token is missing"


def _rules(settings: Settings) -> Iterator[Rule]:
    """Yield each rule that may have hours, with those it may notify."""
    from mvsnap.domain import Serial, ZoneId
    from mvsnap.rule_names import (
        crossing_rule,
        sense_rule,
        sensor_rule,
        token_rule,
        webhook_rule,
    )
    from mvsnap.sense.rules import SenseRules

    tokens = settings.webhooks.tokens
    for token in tokens:
        rooms = _rooms(settings, token.room)
        yield token_rule(token.name), f"webhooks.tokens {token.name}", rooms
    for rule in settings.webhooks.rules:
        each = [_rooms(settings, rule.room, token.room) for token in tokens]
        rooms = tuple(dict.fromkeys(room for of_token in each for room in of_token))
        yield webhook_rule(rule.name), f"webhooks.rules {rule.name}", rooms
    for number, trigger in enumerate(settings.sense.triggers):
        rooms = _rooms(settings, trigger.room)
        yield sensor_rule(number), f"sense.triggers {trigger.topic}", rooms
    sense = SenseRules(settings.sense, settings.recipients)
    # Those of no override, and those of each.
    yield sense_rule("", ""), "sense", _rooms(settings, settings.sense.rooms or None)
    for number, line in enumerate(settings.sense.crossings):
        name = crossing_rule(number, line.serial, line.line)
        rooms = sense.rooms(Serial(line.serial), ZoneId(line.line))
        yield name, f"sense.crossings {line.serial} {line.line}", rooms
    for one in settings.sense.overrides:
        shown = f"sense.overrides {one.serial} {one.zone}"
        named = sense.rooms(Serial(one.serial), ZoneId(one.zone))
        yield sense_rule(one.serial, one.zone), shown, named


def _rooms(settings: Settings, *named: Named) -> tuple[str, ...]:
    """Return those of every organization where the settings name none."""
    recipients = settings.recipients
    if any(given or given == () for given in named):
        return recipients.rooms(*named)
    every = (
        recipients.rooms(),
        *map(recipients.only, recipients.of_organizations.values()),
    )
    return tuple(dict.fromkeys(room for rooms in every for room in rooms))
