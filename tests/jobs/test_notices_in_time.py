"""Clocks that are set, several workers and jobs that fail, among messages that wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from mvsnap.clock import SystemClock
from mvsnap.domain import (
    Job,
    JobId,
)
from mvsnap.jobs.due_notices import DueNotices
from mvsnap.jobs.notices import JobNotices
from tests.core import build
from tests.jobs.notice_site import (
    BY_DAY,
    ESCALATES,
    MORNING,
    NIGHT,
    NOON,
    SECOND,
    Site,
    channel,
    webex,
)
from tests.jobs.notice_site import site as site

FIVE = timedelta(seconds=300)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("step", [-24 * HOUR, -HOUR, HOUR, 24 * HOUR], ids=str)
@pytest.mark.parametrize("is_restarted", [False, True])
def test_it_escalates_after_what_passed_whatever_the_clock_is_set_to(
    site: Site, step: timedelta, *, is_restarted: bool
) -> None:
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    site.trigger("1")
    site.clock.set(step)
    if is_restarted:
        site.clock.forget()
    begun_at = site.clock.at
    site.go_to(begun_at + FIVE - SECOND)
    # A process that does not know of the step goes by what the clock says.
    is_early = is_restarted and step > FIVE
    assert site.sent == [("1", "Alarms"), *([("1", "Guard")] if is_early else [])]
    site.go_to(begun_at + FIVE)
    assert site.sent == [("1", "Alarms"), ("1", "Guard")]


def test_what_a_clock_that_was_ahead_kept_back_is_sent_in_its_hours(site: Site) -> None:
    site.use(webex=webex(when=BY_DAY))
    site.clock.at = NIGHT + timedelta(days=10)
    site.trigger("1")
    site.clock.set(NOON - site.clock.at)
    site.go_to(NOON + SECOND)
    assert site.sent == [("1", "Alarms")]


def test_a_group_of_a_clock_that_was_ahead_is_posted(site: Site) -> None:
    site.use(webex=webex(group={"messages": 0, "within_s": 600}))
    site.clock.at = NOON + timedelta(days=10)
    site.trigger("1")
    site.clock.set(NOON - site.clock.at)
    site.trigger("2")
    site.go_to(NOON + SECOND)
    site.go_to(NOON + timedelta(seconds=600))
    groups = [site.notices.group(JobId(sent)) for sent, _room in site.sent]
    assert [group.messages for group in groups if group] == [1, 1]


def test_a_message_that_comes_while_the_others_are_counted_joins_the_next(
    site: Site,
) -> None:
    run = site.run

    def run_while_another_comes(job: Job) -> None:
        run(job)
        if not job.serials and "2" not in site.jobs:
            site.clock.at -= SECOND  # of a machine whose clock is a little behind
            site.trigger("2")

    site.run = run_while_another_comes  # type: ignore[method-assign]
    site.use(webex=webex(group={"messages": 0, "within_s": 600}))
    site.trigger("1")
    site.go_to(NOON + timedelta(seconds=600))
    site.go_to(NOON + timedelta(seconds=1200))
    groups = [site.notices.group(JobId(sent)) for sent, _room in site.sent]
    assert [group.messages for group in groups if group] == [1, 1]


def test_of_many_that_come_at_once_no_more_are_sent_by_themselves(site: Site) -> None:
    site.use(webex=webex(group={"messages": 2, "within_s": 600}))
    real = JobNotices(
        site.notices, site.events, site.decisions._rules, clock=SystemClock()
    )
    jobs = [build.job(id=JobId(f"{number}"), rooms=("Alarms",)) for number in range(30)]
    with ThreadPoolExecutor(10) as pool:
        admitted = list(pool.map(real.admitted, jobs))
    assert sum(bool(job.rooms) for job in admitted) == 2


def test_two_workers_send_each_once(site: Site) -> None:
    site.use(
        webex=ESCALATES | {"when": BY_DAY, "group": {"messages": 1, "within_s": 600}},
        channels=[channel("Guard")],
    )
    site.clock.at = NIGHT
    for number in range(10):
        site.trigger(f"{number}")
    rules = site.decisions._rules
    another = DueNotices(
        *(site.notices, site.decisions, rules, site, site.run, site.clock)
    )
    for minute in range(30):
        site.clock.at = MORNING + minute * timedelta(minutes=1)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(DueNotices.step, (site.due, another)))
    assert len(site.sent) == len(set(site.sent)) == 3
    assert site.sent[:2] == [("0", "Alarms"), ("0", "Guard")]
    group = site.notices.group(JobId(site.sent[2][0]))
    assert group is not None
    assert group.messages == 9


def test_a_job_that_fails_does_not_hold_up_the_others(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.use(webex=webex(when=BY_DAY))
    site.clock.at = NIGHT
    site.trigger("1")
    site.trigger("2")
    known = site.known

    def fail_for_one(job_id: JobId) -> Job | None:
        if job_id == "1":
            raise ValueError("an entry of a later release")
        return known(job_id)

    site.known = fail_for_one  # type: ignore[method-assign]
    site.go_to(MORNING)
    site.go_to(MORNING + SECOND)
    assert site.sent == [("2", "Alarms")]
    assert caplog.text.count("will be tried again") == 1
    site.known = known  # type: ignore[method-assign]
    site.go_to(MORNING + 2 * SECOND)
    assert site.sent == [("2", "Alarms"), ("1", "Alarms")]
