"""Visitor report: a day or a week that is over, as a page and as lines of a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.config.visitors import VisitorSection
from mvsnap.core.period_words import change_words, percent_words
from mvsnap.core.report_text import ReportText
from mvsnap.domain import Job, TriggerKind
from mvsnap.errors import BadInput
from mvsnap.texts import N_, _, formats
from mvsnap.visitors.filter import VisitorFilter, parse_day, read_filter
from mvsnap.visitors.overview import Entrance, VisitorOverview, overview
from mvsnap.visitors.parts import VisitorParts
from mvsnap.visitors.period_text import of_period, span_words
from mvsnap.visitors.zone_rows import EntranceChange, VisitorRow, visitor_rows
from mvsnap.web.places import Places


class ReportEvery(StrEnum):
    DAY = "day"
    WEEK = "week"


_DAYS = {ReportEvery.DAY: "1", ReportEvery.WEEK: "7"}
_BEFORE = {
    ReportEvery.DAY: N_("a week before"),
    ReportEvery.WEEK: N_("the week before"),
}


class VisitorReport(Struct, frozen=True):
    """day: the last one of the period; wifi: lines about what Wi-Fi heard in it."""

    every: ReportEvery
    day: date
    asked: VisitorFilter
    rows: Sequence[VisitorRow]
    found: VisitorOverview
    wifi: tuple[str, ...]

    @property
    def path(self) -> str:
        return f"/visitors/report?every={self.every}&day={self.day.isoformat()}"

    @property
    def is_empty(self) -> bool:
        totals = self.found.totals
        return totals.entrances is None and totals.people is None


def trigger_name(every: str) -> str:
    """Return what starts the jobs of these reports, as `report_of_job` knows it."""
    return f"visitor report of the {every}"


def last_day(every: ReportEvery, today: date) -> date:
    """Return yesterday, or the last Sunday that is over."""
    back = 1 if every is ReportEvery.DAY else today.isoweekday()
    return today - timedelta(days=back)


def read_every(text: str) -> ReportEvery:
    """Raises BadInput for another text; "" is a week."""
    try:
        return ReportEvery(text or ReportEvery.WEEK)
    except ValueError as exc:
        known = ", ".join(ReportEvery)
        raise BadInput(f"every: {text[:40]!r} (expected one of: {known})") from exc


def visitor_report(
    every: ReportEvery,
    given_day: str,
    visitors: VisitorParts,
    places: Places,
    settings: VisitorSection,
    zone: ZoneInfo,
    now: datetime,
) -> VisitorReport:
    """Return the report of the period that ends with a day; "": the last one.

    Raises:
        BadInput: the day is none, or in the future.
    """
    today = now.astimezone(zone).date()
    day = parse_day(given_day, today, zone) if given_day else last_day(every, today)
    given = {"day": day.isoformat(), "days": _DAYS[every], "sort": "entrances"}
    asked = read_filter(given | {"order": "desc"}, now, zone)
    rows = visitor_rows(visitors.store, places, asked)
    found = overview(visitors.store, rows, asked, settings.entrances, zone, now)
    heard = visitors.wifi((asked.since, asked.until), _(_BEFORE[every]), now)
    return VisitorReport(every, day, asked, rows, found, heard)


def report_of_job(job: Job) -> ReportEvery | None:
    """Return which report this job sends, None for another job."""
    if job.trigger.kind is not TriggerKind.SCHEDULE:
        return None
    return next((e for e in ReportEvery if trigger_name(e) == job.trigger.by), None)


def report_text(report: VisitorReport, zone: ZoneInfo) -> ReportText:
    title = _("Visitors, %(period)s") % {"period": of_period(report.asked, zone)}
    heard = (f"Wi-Fi: {line}" for line in report.wifi)
    return ReportText(title, (*_lines(report, zone), *heard), report.path)


def _lines(report: VisitorReport, zone: ZoneInfo) -> Iterator[str]:
    totals, before = report.found.totals, _(_BEFORE[report.every])
    if report.is_empty:
        yield _("Nobody was counted in this period.")
        return
    if totals.entrances is not None:
        entrances = _("%(number)s entrances") % {
            "number": formats.number(totals.entrances)
        }
        yield f"{entrances}{_compared(totals.compared, before)}"
    if totals.a_day is not None:
        number = formats.number(totals.a_day)
        yield _("%(number)s a day on average") % {"number": number}
    if totals.busiest is not None:
        is_week = report.every is ReportEvery.WEEK
        busiest = _("Busiest day: %(when)s") if is_week else _("Busiest hour: %(when)s")
        yield busiest % {"when": span_words(totals.busiest, zone)}
    if totals.people is not None:
        number = formats.number(totals.people)
        yield _("Peak: %(number)s people seen at once by one camera") % {
            "number": number
        }
    yield from map(_entrance, report.found.named)


def _entrance(one: Entrance) -> str:
    many = "–" if one.entrances is None else formats.number(one.entrances)
    change = f", {percent_words(one.change)}" if one.change is not None else ""
    return f"{one.name}: {many}{change}"


def _compared(change: EntranceChange | None, before: str) -> str:
    if change is None:
        return ""
    return change_words(change.percent, change.before, before)
