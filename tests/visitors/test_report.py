"""The report of a day or a week: as a page, as lines, and sent by a job of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from mvsnap.config.visitors import ReportSection
from mvsnap.core.last_run import LastRun
from mvsnap.core.period_words import percent_words
from mvsnap.core.report_text import ReportText
from mvsnap.domain import Role
from mvsnap.runtime import visitor_reports
from mvsnap.visitors.parts import VisitorParts
from mvsnap.visitors.report import ReportEvery, last_day, report_of_job
from mvsnap.wifi.model import Radio
from mvsnap.wifi.visits import MINUTE_S, Observation
from tests.visitors.page_build import (
    GATE,
    HALL,
    NOW,
    StandingClock,
    count_day,
    know,
    words,
)
from tests.web.build import Web
from tests.wifi.build import RULE

BERLIN = ZoneInfo("Europe/Berlin")
# Sent on the Monday of that week, about the one before.
MONDAY = datetime(2026, 6, 29, 5, 0, tzinfo=UTC)


@pytest.fixture
def web(tmp_path: Path) -> Web:
    made = Web(
        tmp_path,
        clock=StandingClock(),
        site={"timezone": "Europe/Berlin", "public_url": "https://gateway.example"},
        meraki={"api_key": "a-dashboard-key"},
        channels=[
            {"name": "Shop", "kind": "webhook"}
            | {"url": "https://shop.example/in", "secret": "whsec_" + "c2VjcmV0" * 4}
        ],
        visitors={
            "entrances": [{"name": "Main", "zones": [f"{GATE}/{HALL}"]}],
            "reports": [
                {"every": "week", "channel": "Shop"},
                {"every": "day", "hour": 6, "channel": ["shop"]},
            ],
        },
    )
    know(made, (GATE, HALL, "Hall"))
    for ago in range(20):
        count_day(made, 100 if ago < 10 else 80, days_ago=ago)
    return made


def test_a_report_is_about_what_is_over() -> None:
    wednesday = date(2026, 7, 1)
    assert last_day(ReportEvery.DAY, wednesday) == date(2026, 6, 30)
    assert last_day(ReportEvery.WEEK, wednesday) == date(2026, 6, 28)
    assert last_day(ReportEvery.WEEK, date(2026, 6, 28)) == date(2026, 6, 21)


def test_each_report_is_due_at_its_hour(web: Web) -> None:
    week, day = visitor_reports.schedules(web.settings)
    assert week.last_due(NOW, BERLIN) == MONDAY
    assert day.last_due(NOW, BERLIN) == datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
    assert (week.rooms, day.rooms) == (("Shop",), ("Shop",))
    job = week.job_for(LastRun(MONDAY))
    assert report_of_job(job) is ReportEvery.WEEK
    assert (job.serials, job.rooms) == ((), ("Shop",))


def test_a_job_says_what_came_before_it_was_due(web: Web) -> None:
    week, day = visitor_reports.schedules(web.settings)
    stores = (web.settings, VisitorParts(web.visitors), web.site, web.sense)
    job = week.job_for(LastRun(MONDAY))
    assert visitor_reports.report(*stores, job) == ReportText(
        "Visitors, Mon 22 Jun to Sun 28 Jun 2026",
        (
            # Until Sunday, 21 June, there were 80 a day.
            "700 entrances, +25% (560 the week before)",
            "100 a day on average",
            "Busiest day: Mon 22 Jun",
            "Main: 700, +25%",
        ),
        "/visitors/report?every=week&day=2026-06-28",
    )
    job = day.job_for(LastRun(NOW))
    report = visitor_reports.report(*stores, job)
    assert report is not None
    assert report.lines[0] == "100 entrances, ±0% (100 a week before)"


def test_nobody_counted_is_said(tmp_path: Path, web: Web) -> None:
    (week, _) = visitor_reports.schedules(web.settings)
    long_ago = week.job_for(LastRun(datetime(2025, 6, 30, 5, 0, tzinfo=UTC)))
    stores = (web.settings, VisitorParts(web.visitors), web.site, web.sense)
    report = visitor_reports.report(*stores, long_ago)
    assert report is not None
    assert report.lines == ("Nobody was counted in this period.",)
    page = words(web.log_in(Role.VIEWER).get("/visitors/report?day=2025-06-29").text)
    assert "Nobody was counted in this period." in page
    assert "Peak people" not in page


def test_the_page_shows_the_last_week_and_leads_to_others(
    web: Web, viewer: FlaskClient
) -> None:
    page = viewer.get("/visitors/report")
    text = words(page.text)
    assert page.status_code == 200
    assert "Mon 22 Jun to Sun 28 Jun 2026" in text
    assert "700 entrances" in text
    assert "every=week&amp;day=2026-06-21" in page.text
    assert "Later" not in page.text
    day = words(viewer.get("/visitors/report?every=day").text)
    assert "Tue 30 Jun 2026" in day


def hear(web: Web, day: date, *devices: int) -> None:
    """Let each of these devices be there for three minutes of that noon."""
    noon = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
    minute = int(noon.timestamp()) // MINUTE_S
    seen = [Observation(d, minute + n, 0, 0, -60) for d in devices for n in range(4)]
    web.wifi.store.add_batch("L_1", Radio.WIFI, seen, NOW)
    while web.wifi.store.process(RULE, NOW):
        pass


def test_wifi_in_the_period_is_part_of_it(web: Web, viewer: FlaskClient) -> None:
    assert 'id="wifi"' not in viewer.get("/visitors/report").text
    hear(web, date(2026, 6, 15), 1)  # the Monday before: known then
    hear(web, date(2026, 6, 22), 1, 2)
    hear(web, date(2026, 6, 24), 3)
    hear(web, date(2026, 6, 30), 4, 5)
    week, day = visitor_reports.schedules(web.settings)
    heard = partial(visitor_reports.wifi_lines, web.settings, web.database)
    stores = (web.settings, VisitorParts(web.visitors, heard), web.site, web.sense)
    report = visitor_reports.report(*stores, week.job_for(LastRun(MONDAY)))
    assert report is not None
    assert report.lines[-2:] == (
        "Wi-Fi: 3 visits, +200% (1 the week before)",
        "Wi-Fi: 3 devices, 2 new; average stay 3 min",
    )
    page = viewer.get("/visitors/report").text
    assert "3 devices, 2 new; average stay 3 min" in page
    assert "/wifi?from=2026-06-22&amp;to=2026-06-28" in page
    report = visitor_reports.report(*stores, day.job_for(LastRun(NOW)))
    assert report is not None
    assert report.lines[-2] == "Wi-Fi: 2 visits (0 a week before)"


@pytest.mark.parametrize("asked", ["every=x", "day=x", "day=2099-01-01"])
def test_a_mistake_is_an_error_page(viewer: FlaskClient, asked: str) -> None:
    assert viewer.get(f"/visitors/report?{asked}").status_code == 400


@pytest.mark.parametrize(
    ("every", "cron"), [("day", "0 7 * * *"), ("week", "0 7 * * 1")]
)
def test_a_week_is_reported_on_monday(every: str, cron: str) -> None:
    section = ReportSection.model_validate({"every": every, "channel": "Shop"})
    assert section.cron == cron


@pytest.mark.parametrize(
    ("change", "shown"),
    [(None, "–"), (12.4, "+12%"), (-0.6, "−1%"), (0.4, "±0%"), (-0.4, "±0%")],
)
def test_what_rounds_to_nothing_has_no_direction(
    web: Web, change: float | None, shown: str
) -> None:
    assert percent_words(change) == shown
    fields = web.app.jinja_env.get_template("visitors/_fields.html")
    percent: Any = getattr(fields.make_module(), "percent")  # noqa: B009
    assert str(percent(change)) == shown
