"""What a channel is: a way to people, with one method, in a module of its own.

To add one, put a module into this package that holds

    CHANNEL = ChannelKind("pager", PagerSettings, open_pager)

Nothing else needs to know of it: `channels.py` finds it. Order, repeats, retries and
threads are seen to before and after `post`; a channel only sends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from mvsnap.delivery.message import Facts
from mvsnap.domain import MessageId

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest files that a channel takes; 0: none at all.

    A larger picture is made smaller, a larger clip is a link.
    """

    picture_bytes: int
    clip_bytes: int


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message as its channel gets it.

    room: the part of the destination that is the channel's own; "" where it was named
        by the channel's name alone.
    kind: a name of `kinds.KINDS`; facts: for channels that send more than a text.
    parent_id: what `post` returned for the first message of the thread.
    begin_sending: stores that the message is about to leave, and returns its text in
        markdown. Called last, when all is done that can fail without anything being
        sent: a crash after it makes the next try say that it may be a repeat.
    """

    room: str
    kind: str
    facts: Facts
    file: Path | None
    parent_id: MessageId | None
    begin_sending: Callable[[], str]


class Channel(Protocol):
    """Safe to share by threads. Repeats no call: `jobs.retry` alone tries again."""

    @property
    def limits(self) -> Limits: ...

    def post(self, message: OutgoingMessage) -> MessageId:
        """Send a message and return what replies name it by.

        Raises:
            UpstreamError: `retry`: the same call may work later; `unsure`: it may have
                arrived although no answer came.
        """
        ...


@dataclass(frozen=True, slots=True)
class ChannelKind(Generic[S]):
    """What the module of a channel says of itself.

    name: what destinations call it, and the section of its settings.
    settings: the model of that section; its defaults hold where there is none.
    open: returns None where the settings do not configure it.
    """

    name: str
    settings: type[S]
    open: Callable[[S], Channel | None]
