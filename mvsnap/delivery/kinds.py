"""Kinds of messages: the template, attachment and threading of each. Pure.

A new kind is an entry here and templates/messages/NAME.md. A message about an event
has the name of that event's kind.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from mvsnap.domain import Event
from mvsnap.errors import OfNewerRelease
from mvsnap.texts.channel_wordings import NEWER_RELEASE


class Thread(Enum):
    """How a message relates to the thread of its job in a room."""

    # Sent at once. The others reply to the first of these in a job.
    STARTS = "starts"
    # Waits for that first message; sent on its own if that was given up.
    REPLIES = "replies"
    # Waits for the picture; a room that never got the picture gets no end either.
    ENDS = "ends"


class Attachment(Enum):
    NONE = "none"
    PICTURE = "picture"
    CLIP = "clip"


class MessageKind(Struct, frozen=True):
    """name: also that of its template.

    page: the page of the gateway that shows the event; the message links to it.
    covered_by_head: in a thread of several cameras, the head says the same.
    is_part_of_job: its job is not finished before it is delivered.
    """

    name: str
    thread: Thread = Thread.STARTS
    attachment: Attachment = Attachment.NONE
    page: str | None = None
    covered_by_head: bool = False
    is_part_of_job: bool = False

    def part(self, event: Event) -> str:
        """Return the name of this event's message within its job, as stored."""
        if self.thread is Thread.STARTS:
            return event.serial
        if self.is_part_of_job:
            return f"{self.name} {event.camera_name}"
        return self.name


# Opens the thread of several cameras, or of a job without any picture.
HEAD_KIND = MessageKind("head")
# "No picture yet", or a first one of another moment: the late picture replies to it.
NOTE_KIND = MessageKind("note", attachment=Attachment.PICTURE)
# A video link that was not known yet when the picture was posted.
LINK_KIND = MessageKind("link")

# Of the site itself: it is in trouble, or no longer.
ALERT_KIND = MessageKind("alert")

# Of visitors, at fixed times.
REPORT_KIND = MessageKind("report")

# Stands for several messages about one camera.
GROUP_KIND = MessageKind("group")

# What the bot replies to somebody who wrote to it, or pressed a button.
ANSWER_KIND = MessageKind("answer")
# Follows a picture where people can press them.
BUTTONS_KIND = MessageKind("buttons")

# Asked for by somebody who set up a channel.
TEST_KIND = MessageKind("test")

_PICTURE = Attachment.PICTURE
_ALL = (
    HEAD_KIND,
    NOTE_KIND,
    LINK_KIND,
    ALERT_KIND,
    REPORT_KIND,
    GROUP_KIND,
    ANSWER_KIND,
    BUTTONS_KIND,
    TEST_KIND,
    MessageKind("snapshot", attachment=_PICTURE),
    MessageKind("alarm", attachment=_PICTURE, covered_by_head=True),
    MessageKind("crowd", attachment=_PICTURE),
    MessageKind("noise", attachment=_PICTURE),
    MessageKind("crossing", attachment=_PICTURE),
    MessageKind("mismatch", attachment=_PICTURE),
    MessageKind(
        "clip",
        Thread.REPLIES,
        Attachment.CLIP,
        page="clips",
        is_part_of_job=True,
    ),
    MessageKind("end", Thread.ENDS),
)
KINDS = {kind.name: kind for kind in _ALL}


def kind_of(event: Event, raised: Event | None = None) -> MessageKind:
    """Return the kind of the message that shows an event.

    raised: what a picture is about; a picture of a crowd is posted as the crowd.

    Raises:
        OfNewerRelease: this one has no such kind.
    """
    kind = KINDS.get((raised or event).kind)
    if kind is None:
        raise OfNewerRelease(NEWER_RELEASE())
    return kind
