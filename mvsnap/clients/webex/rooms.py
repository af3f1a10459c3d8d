"""Room finder: which Webex space or person a title, id, e-mail or name means. Pure."""

from __future__ import annotations

import base64
import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mvsnap.domain import Destination, Room, RoomId
from mvsnap.errors import UnknownRecipient, UpstreamError
from mvsnap.spelling import folded
from mvsnap.texts import channel_wordings as wordings
from mvsnap.texts.wording import MOST_CHARACTERS, Reason

_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+")

_HEX = "[0-9a-f]"
_ID = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
_UUID = re.compile(_ID)
_IN_LINK = re.compile(rf"(?:[?&]space=|/(?:spaces|rooms)/)({_ID})(?=$|[/?&#])")
_SCHEMES = ("webexteams://", "webex://", "ciscospark://", "spark://")
_WEB = re.compile(r"https://(?:[a-z0-9-]+\.){1,3}(?:webex|ciscospark)\.com/")
_LONGEST_LINK = 400
_LONGEST = 200  # signs compared with the titles of all rooms
_LOOKS_ALIKE = 0.8


def person(room: str) -> Destination | None:
    """Return the person that an e-mail address means, None for anything else."""
    text = room.strip()
    return Destination(to_person_email=text) if _EMAIL.fullmatch(text) else None


def is_link(room: str) -> bool:
    """Return whether a room is given by its space link or UUID: it is no name."""
    return _uuid(room.strip()) is not None


def _uuid(room: str) -> str | None:
    """Return the UUID of a space link, or of one alone, None for anything else.

    Source: "Copy space link" in the Webex app: webexteams://im?space=UUID, and
    https://web.webex.com/spaces/UUID of the web client.
    """
    text = room[:_LONGEST_LINK].lower()
    if _UUID.fullmatch(text):
        return text
    is_ours = text.startswith(_SCHEMES) or _WEB.match(text)
    found = _IN_LINK.search(text) if is_ours else None
    return found[1] if found else None


def _uuid_of(room_id: str) -> str | None:
    """Return the UUID in a room's id: base64 of ciscospark://CLUSTER/ROOM/UUID."""
    padded = room_id + "=" * (-len(room_id) % 4)
    try:
        text = base64.urlsafe_b64decode(padded).decode()
    except ValueError:
        return None
    found = text.rpartition("/")[2].lower()
    return found if _UUID.fullmatch(found) else None


def matches(room: str, rooms: Sequence[Room]) -> list[Room]:
    """Return the rooms with this id or a title that looks the same.

    If a title is shared with a 1:1 space, the group is meant: the title of a 1:1 space
    is a display name, which anybody can choose freely.
    """
    wanted = room.strip()
    uuid = _uuid(wanted)
    by_id = [r for r in rooms if r.id == wanted or uuid and _uuid_of(r.id) == uuid]
    if by_id or not wanted:
        return by_id
    titled = [r for r in rooms if r.title and folded(r.title) == folded(wanted)]
    return [r for r in titled if r.type == "group"] or titled


def doubt(rooms: Sequence[Room]) -> Reason | None:
    """Return why a room may be missing in a list of all, None: it is not there."""
    if not rooms:
        return wordings.WEBEX_NO_ROOMS()
    is_whole = all(r.title for r in rooms)
    return None if is_whole else wordings.WEBEX_TITLES_UNREAD()


def ambiguous(room: str, found: Sequence[Room]) -> UnknownRecipient:
    ids = _listed([r.id for r in found])
    return UnknownRecipient(
        wordings.WEBEX_ROOMS_ALIKE(count=len(found), name=room.strip(), ids=ids),
        retry=False,
    )


def _listed(names: Sequence[str]) -> str:
    """Return as many as a reason keeps: one that is cut leads nowhere."""
    many = len(names)
    while many > 1 and len(", ".join(names[:many])) > MOST_CHARACTERS:
        many -= 1
    return ", ".join(names[:many])


def unknown(room: str, rooms: Sequence[Room]) -> UnknownRecipient:
    titled = {folded(r.title[:_LONGEST]): r for r in rooms if r.title}
    wanted = folded(room[:_LONGEST])
    near = difflib.get_close_matches(wanted, titled, n=5, cutoff=0.5)
    similar = [_similar(titled[key], wanted, key) for key in near]
    why = wordings.WEBEX_NO_SUCH_ROOM(name=room.strip()[:100])
    if similar:
        why = wordings.SIMILAR(what=why, names=_listed(similar))
    return UnknownRecipient(why, retry=False)


def _similar(room: Room, wanted: str, key: str) -> str:
    """Return the title, with the id where a reader could take both for the same."""
    alike = difflib.SequenceMatcher(None, wanted, key).ratio() >= _LOOKS_ALIKE
    return f"{room.title!r}, id {room.id}" if alike else repr(room.title)


def people_named(name: str, people: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the e-mail addresses of the people with this display name.

    people: rows of GET /people, which also has those whose name only begins so.
    """
    wanted, found = folded(name), []
    for row in people:
        shown, emails = row.get("displayName"), row.get("emails")
        if not isinstance(shown, str) or folded(shown) != wanted:
            continue
        if row.get("type") not in ("bot", "appuser") and isinstance(emails, list):
            found += [email for email in emails[:1] if isinstance(email, str)]
    return list(dict.fromkeys(found))


def several_people(name: str, emails: Sequence[str]) -> UpstreamError:
    return UpstreamError(
        wordings.WEBEX_PEOPLE_ALIKE(
            count=len(emails),
            name=name.strip()[:100],
            addresses=_listed(emails[:10]),
        ),
        retry=False,
    )


def room(data: Any) -> Room:
    """Return a row of GET /rooms as our own type."""
    failed = "title" in (data.get("errors") or {})
    return Room(
        RoomId(str(data["id"])),
        # After a key server failure the title is ciphertext, and there is no type.
        "" if failed else str(data.get("title") or ""),
        str(data.get("type") or "unknown"),
    )
