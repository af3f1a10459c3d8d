from __future__ import annotations

import re
from datetime import timedelta

import pytest

from mvsnap.core.message_parts import (
    ANSWER,
    ASKED,
    END,
    buttons_part,
    clip_part,
    note_part,
    opens_thread,
)
from mvsnap.core.troubles import Trouble
from mvsnap.delivery.kinds import KINDS, MessageKind, Thread, kind_of
from mvsnap.delivery.message import Facts, Message
from mvsnap.delivery.templates import MessageTemplates
from mvsnap.domain import CameraName, Event, EventKind, JobId, Trigger, TriggerKind
from mvsnap.resources import TEMPLATES
from mvsnap.store.notices.groups import NoticeGroup
from mvsnap.values import replace
from tests.core import build
from tests.core.build import GATE, NOON

DETAILS: dict[str, str | int | float] = {
    "before_s": 10.0,
    "after_s": 20.0,
    "size_mb": 1.5,
    "people": 5,
    "limit": 3,
    "dwell_s": 60.0,
    "limit_db": -20,
    "count": 3,
    "window_s": 60.0,
    "duration_s": 184.0,
    "peak": 7,
    "unit": "people",
    "text": "Open valve D5",
    "person": "Ada",
    "user_id": "4711",
    "reader": "Gate",
    "note": "another face",
}


# An alert is about the site itself, a group about several events.
WITHOUT_EVENT = (
    "head",
    "link",
    "note",
    "alert",
    "group",
    "report",
    "test",
    "answer",
    "buttons",
)
FIVE = NoticeGroup(
    *(JobId("group"), "Alarms", GATE, NOON, 5),
    first_at=NOON - timedelta(minutes=9),
    last_at=NOON,
)


def trouble(words: str) -> Trouble:
    return Trouble("1", words, "camera", words, words, NOON)


def about(kind: MessageKind) -> tuple[Event | None, Event | None]:
    """Return the event that a message of this kind shows, and what it is about."""
    if kind.name in WITHOUT_EVENT:
        return None, None
    event = build.event(kind=EventKind(kind.name), details=DETAILS, camera_name="Gate")
    if kind.name in ("alarm", "crowd", "noise", "crossing"):
        return build.event(camera_name="Gate"), event
    return event, None


def text(kind: MessageKind, *, repeat: bool, late: bool = False) -> str:
    event, raised = about(kind)
    job = build.job(GATE, prefix="A prefix", rooms=("Alarms",))
    facts = Facts(
        *(job, event, raised),
        camera="Gate",
        error="offline",
        troubles=(trouble("Gate"),),
        group=FIVE,
    )
    message = Message(kind, GATE, "Alarms", facts)
    now = NOON + timedelta(minutes=30 if late else 0)
    return MessageTemplates("UTC", "mvsnap:").text(message, now, repeat=repeat)


def test_each_kind_has_its_template_and_each_template_its_kind() -> None:
    templates = {path.stem for path in (TEMPLATES / "messages").glob("[!_]*.md")}
    assert templates == set(KINDS)


def test_every_kind_of_event_can_be_posted() -> None:
    assert set(EventKind) <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_says_what_it_is_about_and_whether_it_may_be_a_repeat(
    kind: MessageKind,
) -> None:
    first, again = text(kind, repeat=False), text(kind, repeat=True)
    assert "A prefix" in first
    assert "may be a duplicate" not in first
    assert again.startswith(first)
    assert "may be a duplicate" in again


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_what_starts_a_thread_with_a_picture_says_when_it_is_late(
    kind: MessageKind,
) -> None:
    shows_now = kind.thread is Thread.STARTS and kind.name not in (
        "head",
        "link",
        "note",
        "buttons",
    )
    assert ("Delivered late" in text(kind, repeat=False, late=True)) is shows_now


FOREIGN = (
    "http://evil.example/a www.evil.example evil.com mailto:x@evil.com <@all> "
    "<spark-mention data-object-type='groupMention'> [x](http://evil.com) <http://evil>"
)
OURS = "https://n1.meraki.com/video?at=1"


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_no_kind_of_message_links_to_what_others_wrote(kind: MessageKind) -> None:
    details = {k: FOREIGN if isinstance(v, str) else v for k, v in DETAILS.items()}
    event, raised = about(kind)
    words = {"details": details | {"doubt": FOREIGN}, "camera_name": FOREIGN}
    event = event and replace(event, **words, error=FOREIGN, video_link=f"{OURS} (")  # type: ignore[arg-type]
    raised = raised and replace(raised, **words)  # type: ignore[arg-type]
    job = build.job(GATE, prefix=FOREIGN, clips=(CameraName(FOREIGN),))
    job = replace(job, trigger=Trigger(TriggerKind.HTTP, FOREIGN))
    facts = Facts(
        *(job, event, raised),
        camera=FOREIGN,
        error=FOREIGN,
        troubles=(trouble(FOREIGN),),
        group=FIVE,
    )
    message = Message(kind, GATE, "Alarms", facts)
    made = MessageTemplates("UTC", FOREIGN, FOREIGN, "https://gateway.example")
    shown = made.text(message, NOON, repeat=False)
    assert shown.count("evil") >= 6
    ours = re.findall(r"\]\((\S+)\)", shown)
    assert set(ours) <= {
        f"{OURS}%20%28",
        f"https://gateway.example/clips/{event and event.id}",
        "https://gateway.example/status",
        f"https://gateway.example/events?camera={GATE}",
    }
    for link in ours:
        shown = shown.replace(f"]({link})", "")
    assert not re.search(r"https?://|www\.|evil\.|mailto:|<|>|\]\(", shown), shown


def test_a_picture_is_posted_as_its_event() -> None:
    picture = build.event()
    crowd = build.event(kind=EventKind.CROWD)
    assert kind_of(picture).name == "snapshot"
    assert kind_of(picture, crowd).name == "crowd"


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        (EventKind.SNAPSHOT, GATE),
        (EventKind.MISMATCH, GATE),
        (EventKind.CLIP, clip_part(CameraName("Robot 7"))),
        (EventKind.END, END),
    ],
)
def test_parts_are_named_as_they_are_in_every_store_there_is(
    kind: EventKind, part: str
) -> None:
    event = build.event(kind=kind, camera_name="Robot 7")
    assert kind_of(event).part(event) == part


@pytest.mark.parametrize(
    ("part", "rank"),
    [
        ("", 0),
        (ASKED, 0),
        (ANSWER, None),
        (buttons_part(GATE), None),
        (note_part(GATE), 1),
        (GATE, 2),
        (END, None),
        (clip_part(CameraName("Robot 7")), None),
        (clip_part(CameraName("note")), None),
        (clip_part(CameraName("a note")), None),
    ],
)
def test_what_replies_never_opens_a_thread(part: str, rank: int | None) -> None:
    assert opens_thread(part) == rank


def test_a_group_says_how_many_about_what_and_when() -> None:
    job = build.job(GATE, trigger=Trigger(TriggerKind.SCHEDULE, "grouping"))
    facts = Facts(job, camera="Gate", group=FIVE)
    message = Message(KINDS["group"], "group", "Alarms", facts)
    made = MessageTemplates("UTC", "", public_url="https://gateway.example")
    shown = made.text(message, NOON, repeat=False)
    assert shown.splitlines() == [
        "**5 more messages** · Gate · grouping  ",
        "2026-03-04 11:51:00 UTC to 12:00:00  ",
        "[All events of this camera](https://gateway.example/events?camera="
        "Q2SM-0000-0001)",
    ]


def test_a_message_that_is_to_be_confirmed_has_the_link_for_it() -> None:
    link = "https://gateway.example/evidence/1/seen?expires=1&signature=2"
    event = build.event(camera_name="Gate")
    message = Message(KINDS["snapshot"], GATE, "Alarms", Facts(build.job(GATE), event))
    asks = MessageTemplates("UTC", "", seen_link=lambda _message: link)
    assert f"[Seen]({link})" in asks.text(message, NOON, repeat=False)
    assert "Nobody else" not in asks.text(message, NOON, repeat=False)
    passed_on = MessageTemplates("UTC", "", is_escalated=lambda _message: True)
    assert "Nobody else has confirmed" in passed_on.text(message, NOON, repeat=False)
    assert "Seen" not in MessageTemplates("UTC", "").text(message, NOON, repeat=False)
