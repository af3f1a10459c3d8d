"""Periods and changes in words, in the site's time. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

_MOMENT = timedelta(microseconds=1)


def period_words(since: datetime, until: datetime, zone: ZoneInfo) -> str:
    """Return the days between them, with the time of an end within a day."""
    end = until.astimezone(zone)
    words = days_words(since.astimezone(zone).date(), (end - _MOMENT).date())
    return words if not (end.hour or end.minute) else f"{words}, until {end:%H:%M}"


def days_words(first: date, last: date) -> str:
    """Return them as Thu 25 Jun to Wed 1 Jul 2026."""
    if first == last:
        return f"{day_words(last)} {last.year}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{day_words(first)}{year} to {day_words(last)} {last.year}"


def day_words(day: date | datetime) -> str:
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


def change_words(percent: float | None, before: int, when: str) -> str:
    """Return what follows a number of a report: `, +25% (560 the week before)`."""
    change = "" if percent is None else f", {percent_words(percent)}"
    return f"{change} ({before:,} {when})"
