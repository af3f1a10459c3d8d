"""Periods of the visitors' pages in words, in the site's time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mvsnap.visitors.page_filter import VisitorFilter
from mvsnap.visitors.rules import Span

_MOMENT = timedelta(microseconds=1)
_DAY = timedelta(hours=20)  # one in which clocks change has 23 hours


def of_period(asked: VisitorFilter, zone: ZoneInfo) -> str:
    """Return the days of the period: Thu 25 Jun to Wed 1 Jul 2026."""
    return _days(asked.since.astimezone(zone).date(), asked.last)


def of_spans(spans: Sequence[Span], zone: ZoneInfo) -> str:
    """Return what lies between them, "" for none; a cut end has its time."""
    if not spans:
        return ""
    begin, end = spans[0][0].astimezone(zone), spans[-1][1].astimezone(zone)
    words = _days(begin.date(), (end - _MOMENT).date())
    return words if not (end.hour or end.minute) else f"{words}, until {end:%H:%M}"


def span_words(span: Span, zone: ZoneInfo) -> str:
    """Return a day, or an hour: Sat 27 Jun, or 15:00 to 16:00."""
    begin, end = span[0].astimezone(zone), span[1].astimezone(zone)
    if span[1] - span[0] > _DAY:
        return _day(begin)
    return f"{begin:%H:%M} to {end:%H:%M}"


def _days(first: date, last: date) -> str:
    if first == last:
        return f"{_day(last)} {last.year}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{_day(first)}{year} to {_day(last)} {last.year}"


def _day(day: date | datetime) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def percent_words(value: float | None) -> str:
    """Return a change with its sign, such as +12%; - where nothing is known.

    What is shown as none has no direction either.
    """
    if value is None:
        return "–"
    shown = f"{abs(value):.0f}"
    sign = "±" if shown == "0" else "+" if value > 0 else "−"
    return f"{sign}{shown}%"
