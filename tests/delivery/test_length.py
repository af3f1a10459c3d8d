"""Long words of others never cost a message its links and remarks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mvsnap.clients.webex.text import MAX_MARKDOWN_BYTES
from mvsnap.core.report_text import ReportText
from mvsnap.core.troubles import Trouble
from mvsnap.delivery.kinds import KINDS, Thread
from mvsnap.delivery.message import Facts, Message
from mvsnap.delivery.templates import MessageTemplates
from mvsnap.domain import CameraName, Event, EventKind
from tests.core import build
from tests.core.build import GATE, NOON
from tests.delivery.test_kinds import DETAILS, FIVE, WITHOUT_EVENT

LINK = (
    "https://n1.meraki.com/Site/n/abc/manage/nodes/new_list/1?timestamp=1772625590000"
)
TEMPLATES = MessageTemplates("UTC", "mvsnap:")
LONG = ("x_y ", "ж", "漢", "🚨", "<&lt;", "_*a")


def said(kind: str, words: str, most_bytes: int = MAX_MARKDOWN_BYTES) -> str:
    """Return the text of a message in which every word of others is very long."""
    lines = "\n".join(f"{number}{words * 1000}"[:1000] for number in range(12))
    details = DETAILS | {"text": lines, "note": words * 1000, "doubt": words * 300}
    raised = None
    event: Event | None = None
    if kind in ("alarm", "crowd", "noise", "crossing", "head"):
        about = EventKind("alarm" if kind == "head" else kind)
        raised = build.event(kind=about, details=details)
    if kind not in WITHOUT_EVENT:
        own = kind if raised is None else "snapshot"
        event = build.event(
            kind=EventKind(own), details=details, video_link=LINK, error=words * 1000
        )
    job = build.job(
        GATE,
        rooms=("Alarms",),
        prefix=(words * 500)[:500],
        clips=tuple(CameraName(f"{words * 40}{n}"[:60]) for n in range(32)),
    )
    long = Trouble(
        "1", (words * 80)[:80], "camera", (words * 200)[:200], (words * 99)[:200], NOON
    )
    facts = Facts(
        *(job, event, raised),
        camera=words * 50 if kind == "group" else "Gate",
        error=words * 1000,
        troubles=(long,) * 30,
        report=ReportText("Visitors", ((words * 99)[:200],) * 60, "/visitors/report"),
        group=FIVE if kind == "group" else None,
        lines=((words * 200)[:200],) * 50,
    )
    now = NOON + timedelta(hours=1)
    message = Message(KINDS[kind], GATE, "Alarms", facts)
    return TEMPLATES.text(message, now, repeat=True, most_bytes=most_bytes)


@pytest.mark.parametrize("words", LONG)
@pytest.mark.parametrize("kind", KINDS)
def test_long_words_leave_the_fixed_parts(kind: str, words: str) -> None:
    text = said(kind, words)
    assert len(text.encode()) <= MAX_MARKDOWN_BYTES
    assert text.endswith("_This message may be a duplicate._")
    if KINDS[kind].thread is Thread.STARTS and kind not in WITHOUT_EVENT:
        assert f"[Video of that moment]({LINK})" in text
        assert "No picture: " in text
        assert "_Delivered late: " in text
    if kind == "head":
        assert "Clip to follow: " in text


@pytest.mark.parametrize(
    "kind", ["alarm", "crowd", "snapshot", "clip", "alert", "report", "group"]
)
def test_a_channel_with_little_room_gets_the_fixed_parts(kind: str) -> None:
    text = said(kind, "漢", 750)
    assert len(text.encode()) <= 750
    assert text.endswith("_This message may be a duplicate._")
    if kind not in ("clip", "alert", "report", "group"):
        assert f"[Video of that moment]({LINK})" in text


def test_short_lines_of_an_alarm_stay_whole() -> None:
    lines = ["Open valve D5.", "ж" * 5000, "Ask Ann."]
    raised = build.event(kind=EventKind.ALARM, details={"text": "\n".join(lines)})
    facts = Facts(build.job(GATE), build.event(video_link=LINK), raised)
    message = Message(KINDS["alarm"], GATE, "Alarms", facts)
    text = MessageTemplates("UTC", "").text(message, NOON, repeat=False)
    assert "Open valve D5." in text
    assert "Ask Ann." in text
    assert "ж…" in text
    assert MAX_MARKDOWN_BYTES - 100 < len(text.encode()) <= MAX_MARKDOWN_BYTES
