"""Rooms as the pages name them: by what people call them, not by the id of a cloud."""

from __future__ import annotations

from collections.abc import Iterable

from mvsnap.domain import Trigger, TriggerKind
from mvsnap.texts import _

# So begin the ids of Webex, in Base64: nobody reads the 60 characters behind it.
_WEBEX_ID = "Y2lzY29zcGFyazov"
_TELLING_CHARS = 6


def room_words(room: str, trigger: Trigger) -> str:
    """Return the name of a room.

    A bot answers in the room where it was asked, which it knows by its id alone.
    trigger: of the job that goes there.
    """
    if not room.startswith(_WEBEX_ID):
        return room
    if trigger.kind is TriggerKind.WEBEX:
        return _("the room where it was asked")
    return _("a Webex room (…%(end)s)") % {"end": room[-_TELLING_CHARS:]}


def rooms_words(rooms: Iterable[str], trigger: Trigger) -> str:
    """Return them as a list, "" if there is none."""
    return ", ".join(room_words(room, trigger) for room in rooms)
