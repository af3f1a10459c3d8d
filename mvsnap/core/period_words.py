"""Periods and changes in words, in the site's time. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mvsnap.texts import _, formats

_MOMENT = timedelta(microseconds=1)


def period_words(since: datetime, until: datetime, zone: ZoneInfo) -> str:
    """Return the days between them, with the time of an end within a day."""
    end = until.astimezone(zone)
    words = days_words(since.astimezone(zone).date(), (end - _MOMENT).date())
    if not (end.hour or end.minute):
        return words
    return _("%(days)s, until %(time)s") % {"days": words, "time": f"{end:%H:%M}"}


def days_words(first: date, last: date) -> str:
    """Return them as Thu 25 Jun to Wed 1 Jul 2026."""
    end = formats.spoken_day(last, with_year=True)
    if first == last:
        return end
    begin = formats.spoken_day(first, with_year=first.year != last.year)
    return _("%(begin)s to %(end)s") % {"begin": begin, "end": end}


def day_words(day: date | datetime) -> str:
    return formats.spoken_day(day, with_year=False)


def percent_words(value: float | None) -> str:
    """Return a change with its sign, such as +12%; - where nothing is known.

    What is shown as none has no direction either.
    """
    if value is None:
        return "–"
    shown = formats.percent(abs(value))
    sign = "±" if shown.startswith("0") else "+" if value > 0 else "−"
    return f"{sign}{shown}"


def change_words(percent: float | None, before: int, when: str) -> str:
    """Return what follows a number of a report: `, +25% (560 the week before)`."""
    change = "" if percent is None else f", {percent_words(percent)}"
    return f"{change} ({formats.number(before)} {when})"
