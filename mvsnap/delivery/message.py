"""Message: one message of a job to one room, before it has its text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mvsnap.delivery.kinds import MessageKind
from mvsnap.domain import Event, Job, MessageId


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message tells of; its template sees all of it.

    job: whose message it is; the store notes it there.
    event: the picture, the clip, the end; None where there is none (yet).
    raised: the crowd or alarm that the pictures and clips are about.
    camera, error: of a message without an event.
    is_same: the video was sent to the room before. is_gone: it was deleted meanwhile.
    """

    job: Job
    event: Event | None = None
    raised: Event | None = None
    camera: str = ""
    error: str | None = None
    is_same: bool = False
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a job to one room.

    part: how the store names it in its job (`core.message_parts`).
    room: as it was named; whose channel it is, `Channels` knows.
    file: a picture or a clip that goes along.
    parent_id: the first message of the thread it replies in.
    """

    kind: MessageKind
    part: str
    room: str
    facts: Facts
    file: Path | None = None
    parent_id: MessageId | None = None

    @property
    def job(self) -> Job:
        return self.facts.job
