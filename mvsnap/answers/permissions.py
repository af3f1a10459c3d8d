"""Who may write to the bot and press buttons: nobody, unless the settings say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mvsnap.config.webex import CommandSection
from mvsnap.domain import RoomId

_ALL = "*"


@dataclass(frozen=True, slots=True)
class BotPermissions:
    """is_room: whether a room of the settings is the one with this id."""

    settings: CommandSection
    is_room: Callable[[str, RoomId], bool]

    def refusal(self, who: str, room_id: RoomId, *, is_direct: bool) -> str:
        """Return why not, "" if it is allowed. who: an e-mail address of Webex.

        Raises:
            UpstreamError: Webex does not say now which rooms the settings mean.
        """
        people, rooms = self.settings.people, self.settings.rooms
        if not people and not rooms:
            return "nobody may, webex.commands is empty"
        if people and not _is_among(who, people):
            return "not in webex.commands.people"
        if is_direct:
            is_meant = bool(people) or _ALL in rooms
            return "" if is_meant else "not in a room of webex.commands.rooms"
        if not rooms or _ALL in rooms:
            return ""
        if any(self.is_room(room, room_id) for room in rooms):
            return ""
        return "not in a room of webex.commands.rooms"


def _is_among(who: str, people: tuple[str, ...]) -> bool:
    address = who.strip().casefold()
    _, at, domain = address.rpartition("@")
    if not at:  # Webex says no address: nobody that could be meant
        return False
    return any(person in (_ALL, address, f"@{domain}") for person in people)
