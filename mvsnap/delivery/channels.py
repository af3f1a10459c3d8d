"""Finds the channel modules of this package, and the channel of a destination."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from mvsnap import delivery
from mvsnap.clients.webex.shared import WebexShared
from mvsnap.config.model import Settings
from mvsnap.delivery.channel import AsksForRecipients, Channel, ChannelKind, FileLimits
from mvsnap.delivery.webex import WebexChannel
from mvsnap.errors import UpstreamError

# Destinations without a channel's name are rooms of this one.
DEFAULT_CHANNEL = "webex"
_NOTHING = FileLimits(picture_bytes=0, clip_bytes=0)


def channel_kinds() -> dict[str, ChannelKind[Any]]:
    """Return the kinds of channels by name: every module with a `CHANNEL`."""
    found = {}
    for module in pkgutil.iter_modules(delivery.__path__):
        loaded = importlib.import_module(f"{delivery.__name__}.{module.name}")
        kind = getattr(loaded, "CHANNEL", None)
        if isinstance(kind, ChannelKind):
            found[kind.name] = kind
    return found


def open_channels(settings: Settings, shared: WebexShared | None = None) -> Channels:
    """Return the channels that the settings configure; none of them connects yet.

    shared: what other processes with the same Webex bot must know.
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
    return Channels(opened)


class Channels:
    """The channels that are configured, by name.

    A destination is a text: the room alone for Webex, else `CHANNEL:ROOM`, or `CHANNEL`
    where that has only one. A room may contain a colon itself: only the names of
    configured channels count as a prefix.
    """

    def __init__(self, by_name: Mapping[str, Channel]) -> None:
        self._by_name = dict(by_name)

    def find(self, destination: str) -> tuple[Channel, str]:
        """Return the channel of a destination, and the room in it.

        Raises:
            UpstreamError: the channel is not, or no longer, configured.
        """
        name, room = self._split(destination)
        channel = self._by_name.get(name)
        if channel is None:
            raise UpstreamError("Webex is not configured", retry=False)
        return channel, room

    def require_recipient(self, destination: str) -> None:
        """Do nothing if a message to that destination would arrive, or none can say.

        Raises:
            UnknownRecipient: it would not. Other UpstreamError: nobody knows.
        """
        channel, room = self.find(destination)
        if isinstance(channel, AsksForRecipients):
            channel.require_recipient(room)

    def limits(self, destination: str) -> FileLimits:
        """Return which files that destination accepts; none where it has no channel."""
        channel = self._by_name.get(self._split(destination)[0])
        return channel.limits if channel else _NOTHING

    def _split(self, destination: str) -> tuple[str, str]:
        name, _, room = destination.partition(":")
        if name in self._by_name and name != DEFAULT_CHANNEL:
            return name, room.strip()
        return DEFAULT_CHANNEL, destination
