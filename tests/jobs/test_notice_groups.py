"""Messages that become one with their number."""

from __future__ import annotations

from datetime import timedelta

from mvsnap.domain import (
    EventKind,
    JobId,
)
from mvsnap.store.events.search import EventState, find_event
from tests.core.build import GATE
from tests.jobs.notice_site import (
    BY_DAY,
    MORNING,
    NIGHT,
    NOON,
    SECOND,
    Site,
    channel,
    webex,
)
from tests.jobs.notice_site import site as site


def test_more_messages_become_one_with_their_number(site: Site) -> None:
    site.use(webex=webex(group={"messages": 2, "within_s": 600}))
    for number in range(5):
        site.clock.at = NOON + number * SECOND
        site.trigger(f"{number}")
    assert site.sent == [("0", "Alarms"), ("1", "Alarms")]
    site.go_to(NOON + timedelta(seconds=601))
    assert len(site.sent) == 2
    site.go_to(NOON + timedelta(seconds=602))
    (group_id, room) = site.sent[-1]
    group = site.notices.group(JobId(group_id))
    assert group is not None
    assert (room, group.messages, group.camera) == ("Alarms", 3, GATE)
    site.go_to(NOON + timedelta(hours=2))
    assert len(site.sent) == 3


def test_what_follows_a_grouped_message_is_not_counted(site: Site) -> None:
    site.use(webex=webex(group={"messages": 1, "within_s": 600}))
    site.trigger("1")
    site.reply(EventKind.END, site.trigger("2"), "3")
    assert site.sent == [("1", "Alarms")]
    site.go_to(NOON + timedelta(hours=1))
    group = site.notices.group(JobId(site.sent[-1][0]))
    assert group is not None
    assert group.messages == 1


def test_the_messages_of_a_night_become_few_in_the_morning(site: Site) -> None:
    site.use(webex=webex(when=BY_DAY, group={"messages": 2, "within_s": 600}))
    for number in range(9):
        site.clock.at = NIGHT + number * timedelta(minutes=20)
        site.trigger(f"{number}")
    site.go_to(MORNING)
    assert site.sent == [("0", "Alarms"), ("1", "Alarms")]
    site.go_to(MORNING + timedelta(minutes=10))
    group = site.notices.group(JobId(site.sent[-1][0]))
    assert group is not None
    assert group.messages == 7


def test_a_group_that_ends_at_night_is_posted_in_the_morning(site: Site) -> None:
    hours = {"from": "08:00", "to": "12:05"}
    site.use(
        webex=webex(when=hours, outside="never", group={"messages": 0, "within_s": 600})
    )
    site.trigger("1")
    site.go_to(NOON + timedelta(minutes=10))
    assert site.sent == []
    site.go_to(MORNING)
    (group_id, _room) = site.sent[-1]
    assert site.notices.group(JobId(group_id))


def test_every_event_is_kept_and_says_what_became_of_it(site: Site) -> None:
    site.use(
        webex=webex(group={"messages": 0, "within_s": 600}),
        channels=[channel("Office", when=BY_DAY, outside="never")],
    )
    grouped = site.event(EventKind.SNAPSHOT, site.trigger("1"), "event 1")
    site.clock.at = NIGHT
    quiet = site.event(EventKind.SNAPSHOT, site.trigger("2", "Office"), "event 2")
    states = [find_event(site.events, one) for one in (grouped, quiet)]
    assert [found.state for found in states if found] == [
        EventState.GROUPED,
        EventState.QUIET,
    ]
