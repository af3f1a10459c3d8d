"""Reports of visitors that are sent by themselves: when, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mvsnap.config.model import Settings
from mvsnap.core.report_text import ReportText
from mvsnap.domain import Job
from mvsnap.jobs.schedule import CameraSchedule
from mvsnap.store.database import Database
from mvsnap.store.sense import SenseStore
from mvsnap.store.site import SiteStore
from mvsnap.visitors.parts import VisitorParts


def schedules(settings: Settings) -> Iterator[CameraSchedule]:
    if not settings.visitors.reports:
        return
    from mvsnap.visitors.report import trigger_name

    for number, report in enumerate(settings.visitors.reports, start=1):
        rooms = settings.recipients.only(report.channel)
        yield CameraSchedule(
            *(f"visitor report {number}", report.cron, (), rooms, ""),
            by=trigger_name(report.every),
        )


def report(
    settings: Settings,
    visitors: VisitorParts,
    site: SiteStore,
    sense: SenseStore,
    job: Job,
) -> ReportText | None:
    """Return what the job reports, None for another job.

    It is made when it is sent, about the time at which it was due: a repetition says
    the same, with counts that arrived meanwhile.
    """
    if not settings.visitors.reports:
        return None
    # Imported only where they are sent: they share the code of the pages.
    from mvsnap.visitors.report import report_of_job, report_text, visitor_report
    from mvsnap.web.places import known_places

    every = report_of_job(job)
    if every is None:
        return None
    zone, places = settings.site.zone, known_places(site, sense)
    given = (visitors, places, settings.visitors, zone, job.accepted_at)
    return report_text(visitor_report(every, "", *given), zone)


def wifi_lines(
    settings: Settings,
    db: Database,
    span: tuple[datetime, datetime],
    before: str,
    now: datetime,
) -> tuple[str, ...]:
    """Return what Wi-Fi heard in the period of a report; see `VisitorParts.wifi`."""
    from mvsnap.wifi.period_report import period_lines
    from mvsnap.wifi.reports import WifiReports

    reports = WifiReports(db, long_stay_s=settings.scanning.long_stay_s)
    return period_lines(reports, settings.site.zone, span, before, now)
