"""A picture that is not of the moment its message is about says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mvsnap.clip_model import Clip
from mvsnap.core import clip_text
from mvsnap.delivery.kinds import KINDS
from mvsnap.delivery.message import Facts, Message
from mvsnap.delivery.templates import MessageTemplates
from mvsnap.domain import (
    CameraName,
    Event,
    EventId,
    EventKind,
    Job,
    JobId,
    Trigger,
    TriggerKind,
)
from mvsnap.store.notices.groups import NoticeGroup
from mvsnap.values import replace
from tests.core import build
from tests.core.build import GATE, NOON

PATH = "snapshots/a.jpg"
CLOUD = Trigger(TriggerKind.WEBHOOK, "cloud")


def text(kind: str, off_s: float, about: EventKind | None = None, **job: Any) -> str:
    raised = (
        build.event(kind=about, details={"limit": 3, "dwell_s": 60}) if about else None
    )
    at = NOON + timedelta(seconds=off_s)
    event = build.event(occurred_at=at, snapshot_path=PATH, camera_name="Gate")
    facts = Facts(build.job(GATE, **job), event, raised)
    message = Message(KINDS[kind], GATE, "Alarms", facts)
    return MessageTemplates("Europe/Berlin", "").text(message, NOON, repeat=False)


@pytest.mark.parametrize(
    ("kind", "off_s", "about", "says"),
    [
        ("alarm", 40, EventKind.ALARM, "Picture of 13:00:40, 40 s after the alarm"),
        ("alarm", -40, EventKind.ALARM, "Picture of 12:59:20, 40 s before the alarm"),
        ("crowd", 60, EventKind.CROWD, "Picture of 13:01:00, 1 min after it began"),
        ("snapshot", 20, None, "Picture of 13:00:20, 20 s after the trigger"),
        (
            "alarm",
            43_200,
            EventKind.ALARM,
            "Picture of 2026-03-05 01:00:00 CET, 12 h after the alarm",
        ),
    ],
)
def test_a_picture_of_another_moment_says_of_which(
    kind: str, off_s: float, about: EventKind | None, says: str
) -> None:
    said = text(kind, off_s, about)
    assert says in said
    assert "2026-03-04 13:00:00 CET" in said.splitlines()[0]


@pytest.mark.parametrize("off_s", [0, 1.9, -1.9])
def test_a_picture_of_the_moment_itself_says_nothing(off_s: float) -> None:
    for kind, about in (("alarm", EventKind.ALARM), ("snapshot", None)):
        assert "Picture of" not in text(kind, off_s, about)


def test_each_camera_of_a_thread_compares_with_the_alarm() -> None:
    said = text("snapshot", 0, at=NOON - timedelta(seconds=30), trigger=CLOUD)
    assert "Picture of 13:00:00, 30 s after the alarm" in said


@pytest.mark.parametrize(
    "kind", [TriggerKind.SENSE, TriggerKind.SENSOR, TriggerKind.WEBHOOK]
)
def test_what_happened_while_nobody_could_post_it_says_that_it_is_late(
    kind: TriggerKind,
) -> None:
    """A restart makes the job of a crowd; brokers and clouds keep what was said."""
    for since_s, is_late in ((7200, True), (80, False)):
        at = NOON - timedelta(seconds=since_s)
        said = text("snapshot", -since_s, at=at, trigger=Trigger(kind, "Gate"))
        assert ("Delivered late: 2026-03-04 13:00:00 CET" in said) is is_late
    asked = text("snapshot", -7200, at=NOON - timedelta(hours=2))
    assert "Delivered late" not in asked


def test_messages_of_the_hour_that_comes_twice_say_which_one_they_mean() -> None:
    twice = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)
    group = NoticeGroup(
        *(JobId("group"), "Alarms", GATE, twice, 3),
        first_at=twice,
        last_at=twice + timedelta(minutes=20),
    )
    facts = Facts(build.job(GATE), camera="Gate", group=group)
    message = Message(KINDS["group"], "group", "Alarms", facts)
    said = MessageTemplates("Europe/Berlin", "").text(message, NOON, repeat=False)
    assert "2026-10-25 02:50:00 CEST to 2026-10-25 02:10:00 CET" in said


def test_an_alarm_without_pictures_says_in_its_first_message_that_it_is_late() -> None:
    at = NOON - timedelta(hours=2)
    job = replace(build.job(at=at, trigger=CLOUD, rooms=("Alarms",)), serials=())
    said = shown("head", job)
    assert "Delivered late: 2026-03-04 13:00:00 CET" in said
    assert "Delivered late" not in shown("head", replace(job, at=None))
    with_pictures = replace(job, serials=(GATE, build.DOOR))
    assert "Delivered late" not in shown("head", with_pictures)


def test_a_clip_that_ends_before_the_trigger_does_not_reach_it() -> None:
    for before_s, says in (
        (10.0, "Clip, 6 s"),
        (4.0, "Clip, 6 s: 4 s before to 2 s after the trigger"),
        (6.0, "Clip, 6 s: 6 s before to 0 s after the trigger"),
    ):
        details = {"before_s": before_s, "after_s": 0, "length_s": 6.0}
        event = build.event(kind=EventKind.CLIP, details=details)
        said = shown("clip", build.job(GATE), event)
        assert says in map(str.strip, said.splitlines())


@pytest.mark.parametrize(
    ("begin_s", "says"),
    [
        (3, "Clip, 7 s"),
        (0, "Clip, 10 s: 0 s before to 10 s after the trigger"),
        (-5, "Clip, 15 s: 5 s before to 10 s after the trigger"),
    ],
)
def test_a_clip_that_begins_after_the_trigger_does_not_begin_with_it(
    begin_s: int, says: str
) -> None:
    clip = Clip(
        *(EventId("1"), JobId("1"), CameraName("Gate"), CLOUD, NOON, NOON),
        began_at=NOON + timedelta(seconds=begin_s),
        ended_at=NOON + timedelta(seconds=10),
        before_s=max(-begin_s, 0),
    )
    event = build.event(kind=EventKind.CLIP, details=clip_text.details(clip))
    said = shown("clip", build.job(GATE), event)
    assert says in map(str.strip, said.splitlines())


def shown(kind: str, job: Job, event: Event | None = None) -> str:
    message = Message(KINDS[kind], GATE, "Alarms", Facts(job, event))
    return MessageTemplates("Europe/Berlin", "").text(message, NOON, repeat=False)
