"""A message of every kind, as the tables of texts have them.

python -m tests.texts.messages_of writes them: see what has changed before you commit.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from mvsnap import texts
from mvsnap.core.report_text import ReportText
from mvsnap.core.troubles import Trouble
from mvsnap.delivery.kinds import KINDS
from mvsnap.delivery.message import Facts, Message
from mvsnap.delivery.templates import MessageTemplates
from mvsnap.domain import CameraName, EventId
from mvsnap.texts import wordings
from mvsnap.values import replace
from tests.core import build
from tests.core.build import DOOR, GATE, NOON
from tests.delivery.test_kinds import DETAILS, FIVE, about, trouble

LATE = NOON + timedelta(minutes=30)
FULL, BARE = "full", "bare"


def table() -> str:
    """Return the texts of all kinds in the language that is in use."""
    said = [
        f"[{kind}, {way}]\n{message(kind, way)}\n"
        for kind in KINDS
        for way in (FULL, BARE)
    ]
    return "\n".join(said)


def message(kind: str, way: str) -> str:
    """Return the text of a message: with all that it may say, or as little."""
    is_full = way == FULL
    details = {**DETAILS, "missing_s": 2.0, "stayed": 2}
    if not is_full:
        details = {**DETAILS, "note": "", "person": "", "size_mb": 0}
    if kind == "clip" and is_full:
        details["note"] = wordings.STARTS_LATE(late_s=12)
    event, raised = about(KINDS[kind])
    if event is not None and event.details:
        event = replace(event, details=details)
    if event is not None:
        event = replace(event, id=EventId("1"))
    if raised is not None:
        raised = replace(raised, details=details | {"count": 3 if is_full else 1})
    if event is not None and not event.details:
        shown = NOON + timedelta(seconds=40 if is_full else 0)
        words = None if is_full else wordings.CAMERA_OFFLINE()
        event = replace(event, occurred_at=shown, error=words, snapshot_path="a.jpg")
    job = build.job(*((GATE, DOOR) if is_full else (GATE,)), times=5 if is_full else 1)
    job = replace(job, rooms=("Alarms",))
    if is_full:
        job = replace(job, clips=(CameraName("Gate"),))
    facts = Facts(
        *(job, event, raised),
        camera="Gate",
        error="offline",
        troubles=(trouble("Gate"),) if is_full else (_over(),),
        group=FIVE if is_full else replace(FIVE, messages=1),
        report=ReportText("Visitors", ("1 visit",), "/visitors/report"),
        lines=("Everything works", "1 visit"),
    )
    made = MessageTemplates(
        *("UTC", "", "", "https://gateway.example" if is_full else None),
        seen_link=lambda _message: "https://gateway.example/seen" if is_full else None,
        is_escalated=lambda _message: is_full,
    )
    sent = Message(KINDS[kind], GATE, "Alarms", facts, lacking="x" if is_full else "")
    return made.text(sent, LATE if is_full else NOON, repeat=is_full)


def _over() -> Trouble:
    return replace(trouble("Gate"), ended_at=NOON + timedelta(minutes=3))


def file_of(locale: str) -> Path:
    return Path(__file__).parent / f"messages.{locale}.txt"


if __name__ == "__main__":
    for language in texts.LOCALES:
        texts.use(language)
        file_of(language).write_text(table(), encoding="utf-8")
