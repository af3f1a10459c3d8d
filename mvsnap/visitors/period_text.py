"""Periods of visitors in words, in the site's time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from mvsnap.core.period_words import day_words, days_words, period_words
from mvsnap.texts import _
from mvsnap.visitors.filter import VisitorFilter
from mvsnap.visitors.rules import Span

_DAY = timedelta(hours=20)  # one in which clocks change has 23 hours


def of_period(asked: VisitorFilter, zone: ZoneInfo) -> str:
    """Return the days of the period: Thu 25 Jun to Wed 1 Jul 2026."""
    return days_words(asked.since.astimezone(zone).date(), asked.last)


def of_spans(spans: Sequence[Span], zone: ZoneInfo) -> str:
    """Return what lies between them, "" for none; a cut end has its time."""
    return period_words(spans[0][0], spans[-1][1], zone) if spans else ""


def span_words(span: Span, zone: ZoneInfo) -> str:
    """Return a day, or an hour: Sat 27 Jun, or 15:00 to 16:00."""
    begin, end = span[0].astimezone(zone), span[1].astimezone(zone)
    if span[1] - span[0] > _DAY:
        return day_words(begin)
    return _("%(begin)s to %(end)s") % {
        "begin": f"{begin:%H:%M}",
        "end": f"{end:%H:%M}",
    }
