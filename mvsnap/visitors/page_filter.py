"""Visitor filter: which days, which camera, in what order, and input errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mvsnap.core.days import HoursOfDay, day_span
from mvsnap.domain import Serial
from mvsnap.errors import BadInput
from mvsnap.visitors.rules import Span, last_days
from mvsnap.web.pages.filters import Filter, one_of, typed

PERIODS = {"1": "1 day", "7": "7 days", "28": "28 days"}
SORTS = ("camera", "zone", "entrances", "average", "people")
ORDERS = ("asc", "desc")
_PERIOD = "7"
_NAMES = ("day", "days", "hour_from", "hour_to", "serial", "sort", "order")


@dataclass(frozen=True, slots=True)
class VisitorFilter(Filter):
    """last: the last day of the period; days: how many; hours: None for all."""

    last: date
    days: int
    spans: tuple[Span, ...]
    hours: HoursOfDay | None
    serial: Serial | None
    sort: str
    descending: bool

    @property
    def since(self) -> datetime:
        return self.spans[0][0]

    @property
    def until(self) -> datetime:
        return self.spans[-1][1]

    @property
    def query(self) -> dict[str, Any]:
        """The parameters without invalid ones, for an address."""
        return {n: text for n, text in self.entered.items() if n not in self.mistakes}

    def sorted_by(self, sort: str) -> dict[str, Any]:
        """Return the parameters of the same table, sorted by this column.

        Sorting by the same column again reverses it; numbers start with the highest.
        """
        starts_down = sort not in ("camera", "zone")
        down = not self.descending if sort == self.sort else starts_down
        return self.query | {"sort": sort, "order": "desc" if down else "asc"}


def read_filter(
    given: Mapping[str, str], now: datetime, zone: ZoneInfo
) -> VisitorFilter:
    """Return the filter; an invalid value is left out."""
    texts = typed(given, _NAMES)
    today = now.astimezone(zone).date()
    last = texts.parsed("day", lambda text: parse_day(text, today, zone)) or today
    days = int(texts.parsed("days", lambda text: one_of(text, PERIODS)) or _PERIOD)
    order = texts.parsed("order", lambda text: one_of(text, ORDERS))
    return VisitorFilter(
        texts.entered,
        texts.mistakes,
        last=last,
        days=days,
        spans=tuple(last_days(last, zone, days)),
        hours=texts.hours(zone),
        serial=texts.serial(),
        sort=texts.parsed("sort", lambda text: one_of(text, SORTS)) or SORTS[0],
        descending=order == "desc",
    )


def parse_day(text: str, today: date, zone: ZoneInfo) -> date:
    """Return the day.

    Raises:
        BadInput: not a date, in the future, or before cameras counted.
    """
    day_span(text, zone)
    day = date.fromisoformat(text.strip())
    if not date(2000, 1, 1) <= day <= today + timedelta(days=1):
        raise BadInput(
            f"day: no counts for {text[:40]!r} (expected a past day)",
            code="bad_time",
        )
    return day
