"""Settings of who is notified when: hours of the week, grouping, escalation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time
from typing import Annotated, Any, Literal

from msgspec import Struct
from pydantic import Field, PlainSerializer, PlainValidator, model_validator

from mvsnap.config.values import Destinations, Section

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG_DAYS = tuple(
    f"{day}day" for day in ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")
)
_TIME = re.compile(r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})", re.ASCII)
_KEYS = {"days", "from", "to"}
MOST_SPANS = 20
_LONGEST_TEXT = 60
_WHOLE_DAY = 24 * 60

Outside = Literal["later", "never"]


class TimeSpan(Struct, frozen=True):
    """days: on which it begins, 0 is Monday. until: on the next day if not later."""

    days: tuple[int, ...]
    begin: time
    until: time


def read_spans(value: Any) -> tuple[TimeSpan, ...]:
    """Accept `{days, from, to}`, or a list of those."""
    entries = value if isinstance(value, list | tuple) else [value]
    if not entries or len(entries) > MOST_SPANS:
        raise ValueError(f"expected 1 to {MOST_SPANS} entries like {{days, from, to}}")
    return tuple(e if isinstance(e, TimeSpan) else _span(e) for e in entries)


def _span(entry: Any) -> TimeSpan:
    if not isinstance(entry, dict) or not entry:
        raise ValueError(
            'expected {days: mon-fri, from: "08:00", to: "18:00"}, or a list of those'
        )
    if unknown := [str(key)[:40] for key in entry if key not in _KEYS]:
        raise ValueError(f"{unknown[0]}: no such setting; expected days, from and to")
    if ("from" in entry) is not ("to" in entry):
        raise ValueError("from and to: expected both, or none for whole days")
    begin = _time("from", entry.get("from", 0))
    until = _time("to", entry.get("to", 24))
    return TimeSpan(_days(entry.get("days", "mon-sun")), begin, until)


def _days(value: Any) -> tuple[int, ...]:
    """Return days of a text like `mon-fri, sun`, or of a list of such texts."""
    texts = value if isinstance(value, list) else [value]
    parts = [part for text in texts for part in _short(text).split(",")]
    found = sorted({day for part in parts for day in _range(part.strip())})
    if not found:
        raise ValueError("days: expected days like mon-fri, or a list like [mon, sun]")
    return tuple(found)


def _short(text: Any) -> str:
    if not isinstance(text, str) or len(text) > _LONGEST_TEXT:
        raise ValueError("days: expected days like mon-fri, or a list like [mon, sun]")
    return text


def _range(text: str) -> Iterator[int]:
    first, dash, last = text.partition("-")
    begin = _day(first)
    end = _day(last) if dash else begin
    for offset in range((end - begin) % len(_DAYS) + 1):
        yield (begin + offset) % len(_DAYS)


def _day(text: str) -> int:
    name = text.strip().casefold()
    for names in (_DAYS, _LONG_DAYS):
        if name in names:
            return names.index(name)
    raise ValueError(f"days: {name[:20]!r}, expected mon, tue, wed, thu, fri, sat, sun")


def _time(name: str, value: Any) -> time:
    """Accept 8:00, 24:00, the hour alone, and what YAML makes of an unquoted 22:00."""
    minutes = _minutes(value)
    if minutes is None or not 0 <= minutes <= _WHOLE_DAY:
        shown = repr(value)[:20]
        raise ValueError(f'{name}: expected a time like "22:00", got {shown}')
    return time(minutes % _WHOLE_DAY // 60, minutes % 60)


def _minutes(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        # YAML 1.1 reads 22:00 as a number with the base 60; 22 alone is an hour.
        return value * 60 if 0 <= value <= 24 else value if value >= 60 else None
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        return None
    found = _TIME.fullmatch(value.strip())
    if found is None or int(found["minute"]) > 59:
        return None
    return int(found["hour"]) * 60 + int(found["minute"])


def _plain(spans: tuple[TimeSpan, ...] | None) -> list[dict[str, Any]] | None:
    if spans is None:
        return None
    return [
        {
            "days": [_DAYS[day] for day in span.days],
            "from": f"{span.begin:%H:%M}",
            "to": f"{span.until:%H:%M}",
        }
        for span in spans
    ]


def hours_text(value: Any) -> str:
    """Return hours as people write them, a span a line; "": always.

    value: TimeSpans, or what `when` may be in a file.
    """
    return "" if value is None else "\n".join(map(_span_text, read_spans(value)))


def _span_text(span: TimeSpan) -> str:
    times = f" {span.begin:%H:%M}-{span.until:%H:%M}"
    is_whole_day = span.begin == span.until == time()
    return f"{_days_text(span.days)}{'' if is_whole_day else times}"


def _days_text(days: tuple[int, ...]) -> str:
    """Return days like `mon-fri, sun`: three or more in a row become a range."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    texts = [
        f"{_DAYS[run[0]]}-{_DAYS[run[-1]]}"
        if len(run) > 2
        else ", ".join(_DAYS[day] for day in run)
        for run in runs
    ]
    return ", ".join(texts)


When = Annotated[
    tuple[TimeSpan, ...] | None,
    PlainValidator(
        lambda value: None if value is None else read_spans(value),
        json_schema_input_type=dict[str, Any] | list[dict[str, Any]] | None,
    ),
    PlainSerializer(_plain),
]


class GroupSection(Section):
    """Without a number each message is sent by itself."""

    messages: int | None = Field(
        None,
        ge=0,
        le=1000,
        description="more messages about one camera than this, within the time below, "
        "become one with their number; default: no limit",
    )
    within_s: float = Field(
        600, ge=10, le=86_400, description="seconds in which they are counted"
    )


class EscalationSection(Section):
    """Empty, or complete."""

    after_s: float | None = Field(
        None,
        ge=10,
        le=86_400,
        description="seconds after which others are notified if nobody has confirmed "
        "with Seen; default: never",
    )
    to: Destinations | None = Field(
        None, description="who is notified: a room, a person or a channel, or a list"
    )

    @property
    def configured(self) -> bool:
        return self.after_s is not None

    @model_validator(mode="after")
    def _complete(self) -> EscalationSection:
        if self.configured is not bool(self.to):
            missing = "to" if self.configured else "after_s"
            raise ValueError(f"missing: {missing}")
        return self


class NotifySection(Section):
    """What a channel and the section of Webex have alike."""

    when: When = Field(
        None,
        description="hours in which messages are sent, in the site's time zone, like "
        '{days: mon-fri, from: "08:00", to: "18:00"}, or a list of those; over '
        "midnight if `to` is earlier; default: always",
    )
    outside: Outside = Field(
        "later",
        description="messages outside of these hours: later, when the hours begin; or "
        "never; pictures and events are kept either way",
    )
    group: GroupSection = GroupSection()
    escalation: EscalationSection = EscalationSection()


def rule_when() -> Any:
    """Return the setting of a rule: outside of its hours it notifies nobody."""
    return Field(
        None,
        description="hours in which it notifies, like those of a channel; default: "
        "always",
    )


def rule_outside() -> Any:
    return Field(
        "never",
        description="messages outside of these hours: later, when the hours begin; or "
        "never; pictures and events are kept either way",
    )
