"""Who may write to the bot and press buttons: nobody, unless the settings say so."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from mvsnap.config.webex import CommandSection
from mvsnap.domain import RoomId
from mvsnap.texts import audit_wordings
from mvsnap.texts.wording import Reason

_ALL = "*"
_ALLOWED = Reason("")


class BotPermissions(Struct, frozen=True):
    """is_room: whether a room of the settings is the one with this id."""

    settings: CommandSection
    is_room: Callable[[str, RoomId], bool]

    def refusal(self, who: str, room_id: RoomId, *, is_direct: bool) -> Reason:
        """Return why not, "" if it is allowed. who: an e-mail address of Webex.

        Raises:
            UpstreamError: Webex does not say now which rooms the settings mean.
        """
        people, rooms = self.settings.people, self.settings.rooms
        if not people and not rooms:
            return audit_wordings.NOBODY_MAY()
        if people and not _is_among(who, people):
            return audit_wordings.NOT_AMONG_PEOPLE()
        if is_direct:
            is_meant = bool(people) or _ALL in rooms
            return _ALLOWED if is_meant else audit_wordings.NOT_IN_A_ROOM()
        if not rooms or _ALL in rooms:
            return _ALLOWED
        if any(self.is_room(room, room_id) for room in rooms):
            return _ALLOWED
        return audit_wordings.NOT_IN_A_ROOM()


def _is_among(who: str, people: tuple[str, ...]) -> bool:
    address = who.strip().casefold()
    _, at, domain = address.rpartition("@")
    if not at:  # Webex says no address: nobody that could be meant
        return False
    return any(person in (_ALL, address, f"@{domain}") for person in people)
