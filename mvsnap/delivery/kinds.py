"""Kinds of messages: for each its template, what goes along, how it threads. Pure.

A new kind is an entry here and templates/messages/NAME.md. What is about an event has
the name of that event's kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mvsnap.domain import Event


class Thread(Enum):
    """How a message stands to the thread that its job has in each room."""

    # It goes out at once. The first of a job is what the others reply to.
    STARTS = "starts"
    # It waits for that first one; it goes out alone where that was given up.
    REPLIES = "replies"
    # It waits for the picture; a room that never got it needs no end.
    ENDS = "ends"


class Attachment(Enum):
    NONE = "none"
    PICTURE = "picture"
    CLIP = "clip"


@dataclass(frozen=True, slots=True)
class MessageKind:
    """name: that of its template, too.

    page: the page of the gateway that shows the event; its link goes along.
    goes_without_file: sent again without its file where that is refused for good.
    told_by_head: where several cameras make a thread, its first message has told it.
    is_part_of_job: the job that asked for it is not done before it is delivered.
    """

    name: str
    thread: Thread = Thread.STARTS
    attachment: Attachment = Attachment.NONE
    page: str | None = None
    goes_without_file: bool = False
    told_by_head: bool = False
    is_part_of_job: bool = False

    def part(self, event: Event) -> str:
        """Return how the store names the message about this event in its job."""
        if self.thread is Thread.STARTS:
            return event.serial
        if self.is_part_of_job:
            return f"{self.name} {event.camera_name}"
        return self.name


# What opens the thread of several cameras, or of a job without any picture.
HEAD_KIND = MessageKind("head")
# "No picture yet": what the late picture then replies to.
NOTE_KIND = MessageKind("note")

_PICTURE = Attachment.PICTURE
_ALL = (
    HEAD_KIND,
    NOTE_KIND,
    MessageKind("snapshot", attachment=_PICTURE),
    MessageKind("alarm", attachment=_PICTURE, told_by_head=True),
    MessageKind("crowd", attachment=_PICTURE),
    MessageKind("noise", attachment=_PICTURE),
    MessageKind("crossing", attachment=_PICTURE),
    MessageKind("mismatch", attachment=_PICTURE),
    MessageKind(
        "clip",
        Thread.REPLIES,
        Attachment.CLIP,
        page="clips",
        goes_without_file=True,
        is_part_of_job=True,
    ),
    MessageKind("end", Thread.ENDS),
)
KINDS = {kind.name: kind for kind in _ALL}


def kind_of(event: Event, raised: Event | None = None) -> MessageKind:
    """Return the kind of the message that shows an event.

    raised: what a picture is about; a picture of a crowd is told as the crowd.
    """
    return KINDS[(raised or event).kind]
