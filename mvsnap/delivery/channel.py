"""What a channel is: a way to reach people, with one method, in a module of its own.

To add one, put a module into this package that holds

    CHANNEL = ChannelKind("pager", PagerEntry, open_pager)

Nothing else has to change: `channels.py` finds it, and the settings its entries.
Ordering, deduplication, retries and threads are handled before and after `post`; a
channel only sends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from msgspec import Struct

from mvsnap.delivery.message import Facts
from mvsnap.domain import MessageId

S = TypeVar("S")


class FileLimits(Struct, frozen=True):
    """The largest files that a channel accepts; 0: none at all.

    A larger picture is scaled down; a larger clip becomes a link.
    """

    picture_bytes: int
    clip_bytes: int


class BeginSending(Protocol):
    def __call__(self, most_bytes: int = ..., /) -> str: ...


class OutgoingMessage(Struct, frozen=True):
    """A message as its channel receives it.

    room: the part of the destination after the channel's name; "" where there is none.
    kind: a name of `kinds.KINDS`; facts: for channels that send more than a text.
    parent_id: what `post` returned for the first message of the thread.
    key: the same for each attempt, and for no other message or destination.
    site: its name.
    links: returns addresses of the files that need no log-in for that long.
    may_be_repeat: whether the message may have arrived before; after `begin_sending`.
    card: an Adaptive Card with buttons; where none can be shown, the text is enough.
    begin_sending: records that the message is about to leave, and returns its text in
        markdown. Call it last, after everything that can fail without anything being
        sent: after a crash the next attempt says that it may be a repeat. What others
        wrote is shortened until the text fits the given number of bytes. What it raises
        has to reach the caller of `post`: there is nothing to be sent any more.
    """

    room: str
    kind: str
    facts: Facts
    file: Path | None
    parent_id: MessageId | None
    begin_sending: BeginSending
    key: str = ""
    site: str = ""
    links: Callable[[timedelta], Mapping[str, str]] = lambda _valid_for: {}
    may_be_repeat: Callable[[], bool] = lambda: False
    card: Mapping[str, Any] | None = None


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


@runtime_checkable
class CanBeChecked(Protocol):
    """A channel that can try its way without sending anything."""

    def check(self) -> str:
        """Return what was found, in a few words.

        Raises:
            UpstreamError: nothing could be sent now.
        """
        ...


class ChannelKind(Struct, Generic[S], frozen=True):
    """What a channel's module declares.

    name: the `kind` of its entries in `channels`.
    settings: the model of such an entry, derived from `ChannelEntry`; each is a channel
        with a name. Or that of a section of the settings with the name of the kind:
        there is one channel, and the name is its prefix in destinations.
    open: returns None where the settings do not configure it, or if they only name a
        room of the section's channel (`room`).
    """

    name: str
    settings: type[S]
    open: Callable[[S], Channel | None]
