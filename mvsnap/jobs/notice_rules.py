"""Who is notified when, as the settings say it: of each destination, of each rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.config.model import Settings
from mvsnap.config.notify import NotifySection, TimeSpan
from mvsnap.config.recipients import Recipients
from mvsnap.core.hour_spans import HourSpan, WeeklyHours
from mvsnap.core.notices import Grouping, Hours
from mvsnap.domain import Serial, ZoneId
from mvsnap.rule_names import (
    crossing_of,
    sensor_rule,
    token_rule,
    webhook_rule,
    zone_of,
)
from mvsnap.sense.rules import SenseRules
from mvsnap.spelling import folded


class Escalation(Struct, frozen=True):
    after: timedelta
    rooms: tuple[str, ...]


class RoomRules(Struct, frozen=True):
    """What holds for one destination."""

    hours: tuple[Hours, ...] = ()
    grouping: Grouping | None = None
    escalation: Escalation | None = None

    @property
    def say_something(self) -> bool:
        return bool(self.hours or self.grouping or self.escalation)


class NoticeRules:
    """The hours of a rule that is no longer in the settings do not hold any more."""

    def __init__(
        self, settings: Settings, now: Callable[[], Settings] | None = None
    ) -> None:
        """now: the settings that hold now; another object where they changed."""
        self._now = now or (lambda: settings)
        self._rules = _Rules(settings)
        self.zone: ZoneInfo = settings.site.zone

    def _current(self) -> _Rules:
        if (settings := self._now()) is not self._rules.settings:
            self._rules = _Rules(settings)
        return self._rules

    def of_room(self, room: str) -> RoomRules:
        """Return those of a channel; of any other destination those of Webex."""
        rules = self._current()
        return rules.by_channel.get(folded(room), rules.others)

    def of_rule(self, name: str) -> tuple[Hours, ...]:
        """name: as in `rule_names`; "": none."""
        rules = self._current()
        if (zone := zone_of(name)) is not None:
            serial, zone_id = zone
            return _hours(*rules.sense.hours(Serial(serial), ZoneId(zone_id)))
        if (crossing := crossing_of(name)) is not None:
            number, serial, line_id = crossing
            found = rules.sense.hours_of_crossing(
                number, Serial(serial), ZoneId(line_id)
            )
            return _hours(*found)
        return rules.by_rule.get(name, ())

    @property
    def escalate(self) -> bool:
        """Return whether any destination has others behind it."""
        return any(one.escalation for one in self._current().every)

    @property
    def counted_within(self) -> timedelta:
        """Return the longest time in which messages of a camera are counted."""
        every = self._current().every
        times = [one.grouping.within for one in every if one.grouping]
        return max(times, default=timedelta())


class _Rules:
    """The rules of the settings as they are once."""

    def __init__(self, settings: Settings) -> None:
        self.settings, recipients = settings, settings.recipients
        self.others = _rules(settings.webex, recipients)
        self.by_channel = {
            folded(channel.name): _rules(channel, recipients)
            for channel in settings.channels
        }
        self.by_rule = dict(_hours_of_rules(settings))
        self.sense = SenseRules(settings.sense, recipients)
        self.every = (self.others, *self.by_channel.values())


def _rules(section: NotifySection, recipients: Recipients) -> RoomRules:
    group, escalation = section.group, section.escalation
    grouping, to = None, None
    if group.messages is not None:
        grouping = Grouping(group.messages, timedelta(seconds=group.within_s))
    if escalation.after_s is not None:
        rooms = recipients.only(escalation.to)
        to = Escalation(timedelta(seconds=escalation.after_s), rooms) if rooms else None
    return RoomRules(_hours(section.when, section.outside), grouping, to)


def _hours_of_rules(settings: Settings) -> Iterable[tuple[str, tuple[Hours, ...]]]:
    for number, trigger in enumerate(settings.sense.triggers):
        yield sensor_rule(number), _hours(trigger.when, trigger.outside)
    for token in settings.webhooks.tokens:
        yield token_rule(token.name), _hours(token.when, token.outside)
    for rule in settings.webhooks.rules:
        yield webhook_rule(rule.name), _hours(rule.when, rule.outside)


def _hours(when: tuple[TimeSpan, ...] | None, outside: str) -> tuple[Hours, ...]:
    if when is None:
        return ()
    spans = (HourSpan(frozenset(s.days), s.begin, s.until) for s in when)
    return (Hours(WeeklyHours(tuple(spans)), is_kept=outside == "later"),)
