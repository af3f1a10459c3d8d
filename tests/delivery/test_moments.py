"""A picture that is not of the moment its message is about says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mvsnap.delivery.kinds import KINDS
from mvsnap.delivery.message import Facts, Message
from mvsnap.delivery.templates import MessageTemplates
from mvsnap.domain import EventKind, Trigger, TriggerKind
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
