"""What follows a message, such as its end or its clip, and goes where that went."""

from __future__ import annotations

import pytest

from mvsnap.core.notices import NoticeState
from mvsnap.domain import (
    DeliveryState,
    EventKind,
    JobId,
)
from mvsnap.rule_names import sense_rule
from tests.core import build
from tests.core.build import GATE
from tests.jobs.notice_site import (
    BY_DAY,
    BY_NIGHT,
    MORNING,
    NIGHT,
    NOON,
    Site,
    webex,
)
from tests.jobs.notice_site import site as site


@pytest.mark.parametrize("kind", [EventKind.END, EventKind.CLIP])
def test_what_follows_a_message_that_waits_waits_with_it(
    site: Site, kind: EventKind
) -> None:
    site.use(webex=webex(when=BY_DAY))
    site.clock.at = NIGHT
    site.reply(kind, site.trigger("1"), "2")
    assert site.sent == []
    site.go_to(MORNING)
    assert site.sent == [("1", "Alarms"), ("2", "Alarms")]


@pytest.mark.parametrize("kind", [EventKind.END, EventKind.CLIP])
def test_what_follows_a_message_that_is_never_sent_is_not_sent(
    site: Site, kind: EventKind
) -> None:
    site.use(sense={"when": BY_NIGHT})
    job = site.trigger("1", rule=sense_rule(GATE, "7"))
    site.go_to(NIGHT)
    site.reply(kind, job, "2")
    assert site.sent == []


@pytest.mark.parametrize("kind", [EventKind.END, EventKind.CLIP])
def test_a_reply_that_runs_first_is_decided_after_what_it_replies_to(
    site: Site, kind: EventKind
) -> None:
    site.use(webex=webex(group={"messages": 0, "within_s": 600}))
    job = build.job(id=JobId("1"), rooms=("Alarms",))
    site.reply(kind, job, "2")  # it waits until the first is sent
    assert site.notices.of_job(JobId("2")) == {}
    site.run(job)
    again = site.decisions.admitted(site.jobs[JobId("2")])
    assert again.rooms == ()
    assert site.state("2") is NoticeState.GROUPED


def test_the_end_of_a_crowd_that_was_sent_before_there_were_hours_has_them(
    site: Site,
) -> None:
    job = site.trigger("1")
    site.events.set_delivery(job.id, GATE, "Alarms", DeliveryState.SENT, NOON)
    site.use(webex=webex(when=BY_DAY))
    site.clock.at = NIGHT
    site.reply(EventKind.END, job, "2")
    assert site.sent == [("1", "Alarms")]
    assert site.state("2") is NoticeState.LATE


def test_the_end_of_a_crowd_goes_by_its_own_time_a_clip_with_its_message(
    site: Site,
) -> None:
    site.use(webex=webex(when=BY_DAY, outside="never"))
    job = site.trigger("1")
    site.go_to(NIGHT)
    site.reply(EventKind.END, job, "2")
    site.reply(EventKind.CLIP, job, "3")
    assert site.sent == [("1", "Alarms"), ("3", "Alarms")]
