"""Room finder: which Webex space a title, id or e-mail means. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from mvsnap.domain import Destination, Room
from mvsnap.errors import UnknownRecipient

_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+")


def person(room: str) -> Destination | None:
    """Return the person that an e-mail address means, None for anything else."""
    text = room.strip()
    return Destination(to_person_email=text) if _EMAIL.fullmatch(text) else None


def matches(room: str, rooms: Sequence[Room]) -> list[Room]:
    """Return the rooms with this id or title; case and outer spaces are ignored.

    If a title is shared with a 1:1 space, the group is meant: the title of a 1:1 space
    is a display name, which anybody can choose freely.
    """
    wanted = room.strip()
    by_id = [r for r in rooms if r.id == wanted]
    if by_id or not wanted:
        return by_id
    titled = [r for r in rooms if r.title and _key(r.title) == _key(wanted)]
    return [r for r in titled if r.type == "group"] or titled


def ambiguous(room: str, found: Sequence[Room]) -> UnknownRecipient:
    ids = ", ".join(r.id for r in found)
    return UnknownRecipient(
        f"{len(found)} Webex rooms are called {room.strip()!r}: use one of the ids"
        f" {ids}",
        retry=False,
    )


def unknown(room: str, rooms: Sequence[Room]) -> UnknownRecipient:
    titles = {_key(r.title): r.title for r in rooms if r.title}
    near = difflib.get_close_matches(_key(room), titles, n=5, cutoff=0.5)
    hint = "; similar: " + ", ".join(repr(titles[key]) for key in near) if near else ""
    return UnknownRecipient(
        "The bot is not in a Webex room called "
        f"{room.strip()[:100]!r}: add it to the room, or"
        f" correct the title{hint}",
        retry=False,
    )


def _key(title: str) -> str:
    return title.strip().casefold()
