"""What a channel is: a way to reach people, with one method, in a module of its own.

To add one, put a module into this package that holds

    CHANNEL = ChannelKind("pager", PagerSettings, open_pager)

Nothing else has to change: `channels.py` finds it. Ordering, deduplication, retries
and threads are handled before and after `post`; a channel only sends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar, runtime_checkable

from mvsnap.delivery.message import Facts
from mvsnap.domain import MessageId

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class FileLimits:
    """The largest files that a channel accepts; 0: none at all.

    A larger picture is scaled down; a larger clip becomes a link.
    """

    picture_bytes: int
    clip_bytes: int


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message as its channel receives it.

    room: the part of the destination after the channel's name; "" where there is none.
    kind: a name of `kinds.KINDS`; facts: for channels that send more than a text.
    parent_id: what `post` returned for the first message of the thread.
    begin_sending: records that the message is about to leave, and returns its text in
        markdown. Call it last, after everything that can fail without anything being
        sent: after a crash the next attempt says that it may be a repeat. What it
        raises has to reach the caller of `post`: there is nothing to be sent any more.
    """

    room: str
    kind: str
    facts: Facts
    file: Path | None
    parent_id: MessageId | None
    begin_sending: Callable[[], str]


class Channel(Protocol):
    """Thread-safe. Does not retry: only `jobs.retry` does."""

    @property
    def limits(self) -> FileLimits: ...

    def post(self, message: OutgoingMessage) -> MessageId:
        """Send a message and return the id that replies refer to.

        Raises:
            UpstreamError: `retry`: the same call may work later; `unsure`: it may have
                arrived although no answer came.
        """
        ...


@runtime_checkable
class AsksForRecipients(Protocol):
    """A channel that can say beforehand whether a message would arrive."""

    def require_recipient(self, room: str) -> None:
        """Do nothing if it would.

        Raises:
            UnknownRecipient: it would not. Other UpstreamError: nobody knows.
        """
        ...


@dataclass(frozen=True, slots=True)
class ChannelKind(Generic[S]):
    """What a channel's module declares.

    name: its prefix in destinations, and the section of its settings.
    settings: the model of that section; its defaults apply where there is none.
    open: returns None where the settings do not configure it.
    """

    name: str
    settings: type[S]
    open: Callable[[S], Channel | None]
