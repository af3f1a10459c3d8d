"""Filters of lists, with what was entered wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from flask import url_for
from msgspec import Struct

from mvsnap.core.days import HoursOfDay, day_span, parse_day, shift_span
from mvsnap.core.week_hours import OpeningHours
from mvsnap.domain import EventId, Serial, parse_serial
from mvsnap.errors import BadInput

T = TypeVar("T")
Wanted = TypeVar("Wanted")

_MAX_TEXT = 200
_MAX_ID = 64


class Filter(Struct, frozen=True):
    """entered: the texts that are not empty; mistakes: what is wrong with them."""

    entered: dict[str, str]
    mistakes: dict[str, str]

    @property
    def first_page(self) -> bool:
        return "after" not in self.entered

    def require_valid(self) -> None:
        """Raise BadInput for the first mistake."""
        for message in self.mistakes.values():
            raise BadInput(message)


class ListFilter(Filter, Generic[Wanted], frozen=True):
    """wanted: the same for the store, without invalid values."""

    wanted: Wanted

    @property
    def query(self) -> dict[str, Any]:
        """The parameters without the page, for an address."""
        return {name: text for name, text in self.entered.items() if name != "after"}


def older_url(asked: ListFilter[Any], last: str | int | None) -> str | None:
    """Return the address of the page after this row, None if there is none.

    last: its id.
    """
    return url_for(".index", **asked.query, after=last) if last else None


@dataclass(slots=True)
class Typed:
    """The texts of an address while they are parsed."""

    entered: dict[str, str]
    mistakes: dict[str, str] = field(default_factory=dict)

    def parsed(self, name: str, parse: Callable[[str], T]) -> T | None:
        """Return the value; None if there is none, or it is invalid."""
        try:
            return parse(self.entered[name]) if name in self.entered else None
        except BadInput as exc:
            is_named = exc.message.startswith(f"{name}:")
            self.mistakes[name] = exc.message if is_named else f"{name}: {exc.message}"
            return None

    def serial(self) -> Serial | None:
        """Return the camera; `entered` then has it in Meraki's own spelling."""
        found = self.parsed("serial", parse_serial)
        if found is not None:
            self.entered["serial"] = found
        return found

    def day(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """Return when the day begins and is over; None: any time."""
        found = self.parsed("day", lambda text: day_span(text, zone))
        return found or (None, None)

    def hours(self, zone: ZoneInfo) -> HoursOfDay | None:
        """Return the hours of the day, None for all of them."""
        first = self.parsed("hour_from", whole_number(0, 23)) or 0
        until = self.parsed("hour_to", whole_number(1, 24)) or 24
        if first == until:
            self.mistakes["hour_to"] = "hour_to: must differ from hour_from"
        if first == until or (first, until) == (0, 24):
            return None
        return HoursOfDay(first, until, zone)

    def period(
        self, zone: ZoneInfo, now: datetime
    ) -> tuple[datetime | None, datetime | None]:
        """Return when the day, or its shift, begins and is over; None: any time.

        Hours without a day: the last shift that has begun.
        """
        hours = self.hours(zone)
        if hours is None:
            return self.day(zone)
        day = self.parsed("day", parse_day)
        try:
            return shift_span(day, hours, now)
        except OverflowError:  # the year 1, or 9999
            self.mistakes["day"] = f"day: {day} (expected a later or an earlier one)"
            return None, None

    def hours_or_opening(
        self, zone: ZoneInfo, open_hours: frozenset[int] | None
    ) -> HoursOfDay | OpeningHours | None:
        """Return the hours of the day, or those in which the site is open.

        open_hours: of the week; None if the settings have none.
        """
        hours = self.hours(zone)
        wanted = self.parsed("opening", lambda text: one_of(text, ("yes", "no")))
        if wanted != "yes":
            return hours
        if open_hours is not None and hours is None:
            return OpeningHours(open_hours, zone)
        self.mistakes["opening"] = (
            "opening: not together with hour_from or hour_to"
            if open_hours is not None
            else "opening: the site has no opening hours (visitors.opening_hours)"
        )
        return hours


def typed(given: Mapping[str, str], names: Sequence[str]) -> Typed:
    """Return what was entered in these fields, without surrounding spaces."""
    # Not `get`: of what is missing, werkzeug makes an exception each time.
    texts = {name: given[name].strip() for name in names if name in given}
    return Typed({name: text for name, text in texts.items() if text})


def one_of(text: str, known: Collection[str]) -> str:
    if text not in known:
        expected = ", ".join(known)
        raise BadInput(f"{text[:40]!r} (expected one of: {expected})")
    return text


def whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if re.fullmatch(r"-?[0-9]{1,9}", text) and least <= int(text) <= most:
            return int(text)
        raise BadInput(f"{text[:40]!r} (expected {least} to {most})")

    return parse


def plain(text: str) -> str:
    # No id contains a NUL, and PostgreSQL refuses to search for one.
    if not text.isprintable() or len(text) > _MAX_TEXT:
        raise BadInput(
            f"{text[:40]!r} (expected up to {_MAX_TEXT} printable characters)"
        )
    return text


def event_id(text: str) -> EventId:
    if not text.isprintable() or len(text) > _MAX_ID:
        raise BadInput(f"{text[:40]!r} (expected an event id)")
    return EventId(text)
