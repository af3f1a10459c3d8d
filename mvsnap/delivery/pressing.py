"""In which rooms a message has buttons: where somebody may press them."""

from __future__ import annotations

from msgspec import Struct

from mvsnap.config.webex import CommandSection
from mvsnap.delivery.channels import Channels
from mvsnap.delivery.webex import WebexChannel
from mvsnap.errors import UpstreamError
from mvsnap.spelling import folded

_ALL = "*"


class RoomsWithButtons(Struct, frozen=True):
    """bot: the channel of the section webex, which alone receives what is pressed."""

    settings: CommandSection
    channels: Channels

    def __call__(self, destination: str) -> bool:
        """Return whether it is a room with buttons; may ask Webex for its rooms."""
        try:
            channel, room = self.channels.find(destination)
        except UpstreamError:
            return False
        if not self.channels.is_bot(channel) or not isinstance(channel, WebexChannel):
            return False
        rooms = self.settings.rooms
        if not rooms or _ALL in rooms:
            return self.settings.configured
        if folded(room) in map(folded, rooms):
            return True
        try:
            return self._is_one_of(rooms, channel, room)
        except UpstreamError:  # the picture went there a moment ago; there is no need
            return False

    def _is_one_of(
        self, rooms: tuple[str, ...], channel: WebexChannel, room: str
    ) -> bool:
        """Return whether it is one in another spelling: an id, a link, a title."""
        wanted = channel.room_id(room)
        if wanted is None:  # a person, who is among those that may, or is refused
            return bool(self.settings.people)
        return any(channel.room_id(other) == wanted for other in rooms)
