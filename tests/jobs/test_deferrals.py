"""A job that waits long is said once for what it waits for, and counted."""

from __future__ import annotations

from mvsnap.domain import JobId
from mvsnap.jobs.deferrals import Deferrals
from mvsnap.jobs.waits import Wait, for_room
from mvsnap.texts.wording import Reason

JOB, OTHER = JobId("one"), JobId("two")


def test_a_room_that_stays_away_is_news_once_for_each_job() -> None:
    deferrals, away = Deferrals(), for_room("Gate", Reason("no answer"))
    assert [deferrals.is_news(JOB, away) for _ in range(3)] == [True, False, False]
    assert deferrals.is_news(OTHER, away)
    assert deferrals.is_news(JOB, for_room("Shop", Reason("no answer")))
    assert deferrals.end(JOB) == 4
    assert deferrals.end(JOB) == 0
    assert deferrals.is_news(JOB, away)


def test_each_wait_for_a_time_is_news() -> None:
    deferrals = Deferrals()
    assert [deferrals.is_news(JOB, Wait(s)) for s in (10, 12)] == [True, True]


def test_what_is_remembered_has_a_limit() -> None:
    deferrals, away = Deferrals(), for_room("Gate", Reason("no answer"))
    for number in range(10_001):
        deferrals.is_news(JobId(str(number)), away)
    assert deferrals.end(JobId("0")) == 0
    assert deferrals.end(JobId("1")) == 1
