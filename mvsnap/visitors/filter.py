"""Visitor filter: which days, which camera, in what order, and input errors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mvsnap.core.days import HoursOfDay, day_span
from mvsnap.core.week_hours import OpeningHours
from mvsnap.domain import Serial
from mvsnap.errors import BadInput
from mvsnap.visitors.rules import CountedSpans, Span, comparable, last_days
from mvsnap.web.filters import Filter, one_of, typed

PERIODS = {"1": "1 day", "7": "7 days", "28": "28 days"}
SORTS = ("camera", "zone", "entrances", "average", "people", "change")
ORDERS = ("asc", "desc")
_PERIOD = "7"
FIELDS = (
    *("day", "days", "opening", "hour_from", "hour_to"),
    *("serial", "sort", "order"),
)
_WEEK = 7


class VisitorFilter(Filter, frozen=True):
    """last: the last day of the period; days: how many; hours: None for all.

    so_far, before: what is over of the period, and the same of the one before it.
    """

    last: date
    days: int
    spans: tuple[Span, ...]
    hours: HoursOfDay | OpeningHours | None
    so_far: CountedSpans
    before: CountedSpans
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
    given: Mapping[str, str],
    now: datetime,
    zone: ZoneInfo,
    open_hours: frozenset[int] | None = None,
) -> VisitorFilter:
    """Return the filter; an invalid value is left out.

    open_hours: those of the week in which the site is open, None if nobody said.
    """
    texts = typed(given, FIELDS)
    today = now.astimezone(zone).date()
    last = texts.parsed("day", lambda text: parse_day(text, today, zone)) or today
    days = int(texts.parsed("days", lambda text: one_of(text, PERIODS)) or _PERIOD)
    order = texts.parsed("order", lambda text: one_of(text, ORDERS))
    spans = tuple(last_days(last, zone, days))
    hours = texts.hours_or_opening(zone, open_hours)
    # A single day is like the one of a week before, not like yesterday.
    so_far, before = comparable(spans, max(days, _WEEK), zone, now, hours)
    return VisitorFilter(
        texts.entered,
        texts.mistakes,
        last=last,
        days=days,
        spans=spans,
        hours=hours,
        so_far=so_far,
        before=before,
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
