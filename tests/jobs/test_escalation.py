"""A message that nobody confirms goes to the next channel."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mvsnap.core.notices import NoticeState
from mvsnap.domain import (
    EventKind,
    Job,
    JobId,
    Trigger,
    TriggerKind,
)
from tests.core import build
from tests.jobs.notice_site import (
    BY_DAY,
    BY_NIGHT,
    ESCALATES,
    MORNING,
    NIGHT,
    NOON,
    SECOND,
    Site,
    channel,
)
from tests.jobs.notice_site import site as site

HOUR = timedelta(hours=1)
FIVE = timedelta(minutes=5)


def test_if_nobody_confirms_the_next_channel_is_notified(site: Site) -> None:
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    site.trigger("1")
    site.go_to(NOON + timedelta(seconds=299))
    assert site.sent == [("1", "Alarms")]
    site.go_to(NOON + timedelta(seconds=300))
    assert site.sent == [("1", "Alarms"), ("1", "Guard")]
    site.go_to(NOON + timedelta(hours=1))
    assert len(site.sent) == 2


def test_whoever_confirms_ends_it(site: Site) -> None:
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    site.trigger("1")
    site.confirm("1")
    site.go_to(NOON + timedelta(hours=1))
    assert site.sent == [("1", "Alarms")]


def test_whoever_confirms_an_alarm_confirms_it_for_all_rules_that_match_it(
    site: Site,
) -> None:
    """Each rule has a job of its own; the alarm is stored with the first one."""
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    first = build.job(id=JobId("1"), rooms=("Alarms",), accepted_at=NOON)
    about = site.event(EventKind.ALARM, first, "alarm")
    for name, room in (("1", "Alarms"), ("2", "Office")):
        site.trigger(name, room, about=about)
    site.confirm("1")
    site.go_to(NOON + timedelta(hours=1))
    assert site.sent == [("1", "Alarms"), ("2", "Office")]


@pytest.mark.parametrize("kind", [TriggerKind.PAGE, TriggerKind.WEBEX])
def test_what_somebody_asks_for_is_sent_at_once_and_does_not_escalate(
    site: Site, kind: TriggerKind
) -> None:
    site.use(webex=ESCALATES | {"when": BY_DAY}, channels=[channel("Guard")])
    site.clock.at = NIGHT
    site.trigger("1", trigger=Trigger(kind, "ada@example.com"))
    site.go_to(NIGHT + timedelta(hours=1))
    assert site.sent == [("1", "Alarms")]


def test_it_goes_from_one_channel_to_the_next_and_not_around(site: Site) -> None:
    site.use(
        webex=ESCALATES,
        channels=[
            channel("Guard", escalation={"after_s": 60, "to": "Boss"}),
            channel("Boss", escalation={"after_s": 60, "to": ["Guard", "Alarms"]}),
        ],
    )
    site.trigger("1")
    for minute in range(1, 30):
        site.go_to(NOON + timedelta(minutes=minute))
    assert site.sent == [("1", "Alarms"), ("1", "Guard"), ("1", "Boss")]


def test_who_must_not_be_notified_now_passes_it_on_at_once(site: Site) -> None:
    guard = channel("Guard", when=BY_NIGHT, outside="never")
    site.use(
        webex=ESCALATES,
        channels=[
            guard | {"escalation": {"after_s": 900, "to": "Boss"}},
            channel("Boss"),
        ],
    )
    site.trigger("1")
    site.go_to(NOON + timedelta(seconds=300))
    site.go_to(NOON + timedelta(seconds=302))
    assert site.sent == [("1", "Alarms"), ("1", "Boss")]


def test_what_waits_for_its_hours_escalates_after_it_was_sent(site: Site) -> None:
    site.use(webex=ESCALATES | {"when": BY_DAY}, channels=[channel("Guard")])
    site.clock.at = NIGHT
    site.trigger("1")
    site.go_to(MORNING - SECOND)
    assert site.sent == []
    site.go_to(MORNING)
    site.go_to(MORNING + timedelta(seconds=299))
    assert site.sent == [("1", "Alarms")]
    site.go_to(MORNING + timedelta(seconds=300))
    assert site.sent == [("1", "Alarms"), ("1", "Guard")]


def test_an_escalation_that_waits_for_its_hours_ends_when_somebody_confirms(
    site: Site,
) -> None:
    site.use(webex=ESCALATES, channels=[channel("Guard", when=BY_NIGHT)])
    site.trigger("1")
    site.go_to(NOON + timedelta(seconds=300))
    site.confirm("1")
    site.go_to(NIGHT)
    assert site.sent == [("1", "Alarms")]
    assert site.state("1", "Guard") is NoticeState.QUIET


def test_who_was_notified_by_an_escalation_gets_the_end_too(site: Site) -> None:
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    job = site.trigger("1")
    site.go_to(NOON + timedelta(seconds=300))
    site.reply(EventKind.END, job, "2")
    assert site.sent[2:] == [("2", "Alarms"), ("2", "Guard")]


def test_a_restart_in_between_loses_no_escalation(site: Site) -> None:
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    site.trigger("1")
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    site.go_to(NOON + timedelta(hours=3))
    assert site.sent == [("1", "Alarms"), ("1", "Guard")]


def test_an_alert_of_the_site_does_not_escalate(site: Site) -> None:
    """There is no event that somebody could confirm."""
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    alerts = Trigger(TriggerKind.SCHEDULE, "alerts")
    site.run(Job(JobId("1"), alerts, (), NOON, rooms=("Alarms",)))
    site.go_to(NOON + timedelta(hours=1))
    assert site.sent == [("1", "Alarms")]


def test_after_a_start_it_does_not_go_by_a_clock_that_ntp_has_yet_to_set(
    site: Site,
) -> None:
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    site.trigger("1")
    site.clock.set(24 * HOUR)
    site.clock.forget()
    begun_at = site.clock.at
    site.go_to(begun_at)
    site.go_to(begun_at + 100 * SECOND)
    assert site.sent == [("1", "Alarms")]
    site.clock.set(-24 * HOUR)
    site.go_to(NOON + FIVE - SECOND)
    assert site.sent == [("1", "Alarms")]
    site.go_to(NOON + FIVE)
    assert site.sent == [("1", "Alarms"), ("1", "Guard")]


def test_a_start_delays_what_is_due_by_two_minutes_at_most(site: Site) -> None:
    site.use(webex=ESCALATES, channels=[channel("Guard")])
    site.trigger("1")
    site.clock.at += HOUR
    site.clock.forget()
    site.go_to(site.clock.at)
    assert site.sent == [("1", "Alarms")]
    site.go_to(site.clock.at + timedelta(minutes=2))
    assert site.sent == [("1", "Alarms"), ("1", "Guard")]
