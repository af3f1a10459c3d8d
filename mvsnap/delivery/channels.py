"""Finds the channel modules of this package, and the channel of a destination."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mvsnap import delivery
from mvsnap.clients.webex.shared import WebexShared
from mvsnap.config.channels import ChannelEntry
from mvsnap.config.model import Settings
from mvsnap.delivery.channel import (
    AsksForRecipients,
    CanBeChecked,
    Channel,
    ChannelKind,
    FileLimits,
)
from mvsnap.delivery.webex import WebexChannel
from mvsnap.errors import UpstreamError
from mvsnap.spelling import folded
from mvsnap.texts.channel_wordings import (
    UNREACHABLE,
    WEBEX_NOT_CONFIGURED,
    WEBEX_UNREACHABLE,
)
from mvsnap.texts.wording import Reason
from mvsnap.upstreams import OUTCOMES, Outcomes, Upstream, service_name

# Destinations without a channel's name are rooms of this one.
DEFAULT_CHANNEL = "webex"
_NOTHING = FileLimits(picture_bytes=0, clip_bytes=0)

# A channel, and the room in it.
Place = tuple[Channel, str]


# No channels; imported only where people may press buttons.
_FOR_PRESSES = frozenset({"buttons", "cards", "pressing"})


def channel_kinds() -> dict[str, ChannelKind[Any]]:
    """Return the kinds of channels that have a section of the settings, by name."""
    return {k.name: k for k in _kinds() if not issubclass(k.settings, ChannelEntry)}


def entry_kinds() -> dict[str, ChannelKind[Any]]:
    """Return the kinds that entries of `channels` may be of, by name."""
    return {k.name: k for k in _kinds() if issubclass(k.settings, ChannelEntry)}


def _kinds() -> Iterator[ChannelKind[Any]]:
    """Yield those of every module with a `CHANNEL`."""
    for module in pkgutil.iter_modules(delivery.__path__):
        if module.name in _FOR_PRESSES:
            continue
        loaded = importlib.import_module(f"{delivery.__name__}.{module.name}")
        kind = getattr(loaded, "CHANNEL", None)
        if isinstance(kind, ChannelKind):
            yield kind


def open_channels(
    settings: Settings,
    shared: WebexShared | None = None,
    now: Callable[[], Settings] | None = None,
) -> Channels:
    """Return the channels that the settings configure; none of them connects yet.

    shared: what other processes with the same Webex bot must know.
    now: the settings that hold now, of which the entries of `channels` are followed.
    """
    opened = {}
    for kind in channel_kinds().values():
        section = getattr(settings, kind.name, None)
        if not isinstance(section, kind.settings):
            section = kind.settings()
        channel = kind.open(section)
        if isinstance(channel, WebexChannel) and shared is not None:
            channel.share(shared)
        if channel is not None:
            opened[kind.name] = channel
    named = _Named(now or (lambda: settings), opened)
    return Channels(opened, named, services=named.services)


class _Named:
    """The entries of `channels`, each with its room: what is new is opened.

    Threads that come at once may open one twice: both do the same.
    """

    def __init__(
        self, now: Callable[[], Settings], opened: Mapping[str, Channel]
    ) -> None:
        self._now = now
        self._opened = opened
        self._entries: tuple[ChannelEntry, ...] = ()
        self._places: dict[str, Place] = {}
        self()

    def __call__(self) -> Mapping[str, Place]:
        entries = self._now().channels
        if entries is not self._entries:
            known = {one.name: one for one in self._entries}
            self._places = {
                folded(entry.name): place
                for entry in entries
                if (place := self._place(entry, known.get(entry.name))) is not None
            }
            self._entries = entries
        return self._places

    def _place(self, entry: ChannelEntry, known: ChannelEntry | None) -> Place | None:
        if entry == known:
            return self._places.get(folded(entry.name))
        own = entry_kinds()[entry.kind].open(entry)
        channel = own or self._opened.get(entry.kind)
        if channel is None:
            return None
        return channel, str(getattr(entry, "room", ""))

    def services(self) -> Mapping[str, str]:
        """Return the services by folded name; Webex's calls are noted by its client."""
        return {
            folded(entry.name): service_name(Upstream.CHANNEL, entry.name)
            for entry in self._now().channels
            if entry.kind != DEFAULT_CHANNEL
        }


class Channels:
    """The channels that are configured, by name.

    A destination is a text: the name of an entry of `channels`, in any spelling; or the
    room alone for Webex, else `CHANNEL:ROOM`, or `CHANNEL` where that has only one. A
    room may contain a colon itself: only the names of configured channels count as a
    prefix.
    """

    def __init__(
        self,
        by_name: Mapping[str, Channel],
        named: Callable[[], Mapping[str, Place]] = dict,
        services: Callable[[], Mapping[str, str]] = dict,
        outcomes: Outcomes = OUTCOMES,
    ) -> None:
        """named: the entries of `channels` that hold now, by their folded names.

        services: under which service name the sendings of each are noted, likewise.
        """
        self._by_name = dict(by_name)
        self._named = named
        self._services = services
        self.outcomes = outcomes

    def find(self, destination: str) -> Place:
        """Return the channel of a destination, and the room in it.

        Raises:
            UpstreamError: the channel is not, or no longer, configured.
        """
        if (place := self._named().get(folded(destination))) is not None:
            return place
        name, room = self._split(destination)
        channel = self._by_name.get(name)
        if channel is None:
            raise UpstreamError(WEBEX_NOT_CONFIGURED(), retry=False)
        return channel, room

    @contextmanager
    def noted(self, destination: str) -> Iterator[None]:
        """Note whether what is sent there in this block was taken, for the status.

        Not that one message was refused permanently: the channel is there, and the
        status counts messages that were given up.
        """
        service = self._services().get(folded(destination))
        try:
            yield
        except UpstreamError as exc:
            if service is not None and exc.retry:
                self.outcomes.failed(service, _reason(exc.as_reason))
            raise
        if service is not None:
            self.outcomes.worked(service)

    def require_recipient(self, destination: str) -> None:
        """Do nothing if a message to that destination would arrive, or none can say.

        Raises:
            UnknownRecipient: it would not. Other UpstreamError: nobody knows.
        """
        channel, room = self.find(destination)
        if isinstance(channel, AsksForRecipients):
            channel.require_recipient(room)

    def check(self, destination: str) -> str:
        """Try the way there without sending; return what was found, in a few words.

        Raises:
            UpstreamError: nothing can be sent there now.
        """
        channel, _ = self.find(destination)
        if isinstance(channel, CanBeChecked):
            return channel.check()
        self.require_recipient(destination)
        return "can be reached"

    def is_bot(self, channel: Channel) -> bool:
        """Return whether it is that of the section webex."""
        return channel is self._by_name.get(DEFAULT_CHANNEL)

    def limits(self, destination: str) -> FileLimits:
        """Return which files that destination accepts; none where it has no channel."""
        try:
            return self.find(destination)[0].limits
        except UpstreamError:
            return _NOTHING

    def _split(self, destination: str) -> tuple[str, str]:
        name, _, room = destination.partition(":")
        if name in self._by_name and name != DEFAULT_CHANNEL:
            return name, room.strip()
        return DEFAULT_CHANNEL, destination


def _reason(message: Reason) -> Reason:
    """Return why, without whose it is: the status names the channel beside it."""
    why = message.values.get("why")
    is_away = message.code in (UNREACHABLE.code, WEBEX_UNREACHABLE.code)
    return why if is_away and isinstance(why, Reason) else message
