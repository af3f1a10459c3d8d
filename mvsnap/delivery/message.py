"""Message: one message of a job to one room, before its text is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from mvsnap.core.report_text import ReportText
from mvsnap.core.troubles import Trouble
from mvsnap.delivery.kinds import MessageKind
from mvsnap.domain import Event, Job, MessageId
from mvsnap.store.notices.groups import NoticeGroup


class Facts(Struct, frozen=True):
    """What a message is about; its template has access to all of it.

    job: the job that the message is stored under.
    event: the picture, the clip or the end; None where there is none (yet).
    raised: the crowd or alarm that the pictures and clips are about.
    camera, error: of a message without an event.
    troubles: of the site, as they are now. report: about visitors.
    group: the messages of which this one gives the number.
    lines: what the bot replies, the first one in bold; words of anybody.
    is_same: the video was sent to the room before. is_gone: it was deleted meanwhile.
    """

    job: Job
    event: Event | None = None
    raised: Event | None = None
    camera: str = ""
    error: str | None = None
    is_same: bool = False
    is_gone: bool = False
    troubles: tuple[Trouble, ...] = ()
    report: ReportText | None = None
    group: NoticeGroup | None = None
    lines: tuple[str, ...] = ()


class Message(Struct, frozen=True):
    """One message of a job to one room.

    part: its name within the job, as stored (`core.message_parts`).
    room: the destination as configured; `Channels` finds its channel.
    file: the picture or clip to attach; lacking: why it is not, in words.
    parent_id: the first message of the thread it replies in.
    card: an Adaptive Card, for a message without a file; other channels than Webex post
        the text alone.
    """

    kind: MessageKind
    part: str
    room: str
    facts: Facts
    file: Path | None = None
    parent_id: MessageId | None = None
    lacking: str = ""
    card: Mapping[str, Any] | None = None

    @property
    def job(self) -> Job:
        return self.facts.job
