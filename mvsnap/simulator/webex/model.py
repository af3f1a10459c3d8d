"""Webex model: rooms, messages and files, and their formats."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

MAX_TEXT_BYTES = 7439
MAX_FILE_BYTES = 100 * 1024 * 1024


@dataclass
class SimRoom:
    """member: the bot is in it; broken: the key server cannot decrypt its title.

    person_email: the other person of a 1:1 room; its title is only the person's name.
    people: e-mail addresses of the people in a group, besides the bot.
    """

    id: str
    title: str
    type: str = "group"
    member: bool = True
    broken: bool = False
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    last_activity: datetime = field(default_factory=lambda: datetime.now(UTC))
    creator_id: str = field(default_factory=lambda: new_id("PEOPLE"))
    owner_id: str = field(default_factory=lambda: new_id("ORGANIZATION"))
    person_email: str | None = None
    people: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SimFile:
    id: str
    name: str
    content_type: str
    data: bytes = field(repr=False)


class SimMessage(Struct, frozen=True):
    """One message; `to_person_email` is set in a 1:1 room only.

    sender_email: None is the bot itself.
    """

    id: str
    room_id: str
    text: str
    markdown: str
    parent_id: str | None
    to_person_email: str | None
    files: list[SimFile]
    created: datetime
    sender_email: str | None = None
    mentions_bot: bool = False
    edits: int = 0
    updated: datetime | None = None
    card: dict[str, Any] | None = None


class SimPress(Struct, frozen=True):
    """Somebody pressed a button of a card; inputs: its data, and what was typed."""

    id: str
    message_id: str
    room_id: str
    person_id: str
    inputs: dict[str, Any]
    created: datetime


@dataclass
class SimWebhook:
    """failures: when reports were not taken; refused ones count as well."""

    id: str
    name: str
    target_url: str
    resource: str
    event: str
    filter: str
    secret: str
    created: datetime
    is_active: bool = True
    failures: list[datetime] = field(default_factory=list)
    disabled_at: datetime | None = None


def new_id(kind: str) -> str:
    """Return base64url of ciscospark://us/KIND/uuid, unpadded, like Webex's ids."""
    plain = f"ciscospark://us/{kind}/{uuid.uuid4()}"
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def membership_id(person_id: str, room_id: str) -> str:
    uuids = (_plain_id(known).rpartition("/")[2] for known in (person_id, room_id))
    plain = f"ciscospark://us/MEMBERSHIP/{':'.join(uuids)}"
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _plain_id(known: str) -> str:
    return base64.urlsafe_b64decode(known + "=" * (-len(known) % 4)).decode()


def as_time(moment: datetime) -> str:
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def as_room(room: SimRoom) -> dict[str, Any]:
    if room.broken:
        reason = "Key management server failed to respond appropriately."
        return {
            "id": room.id,
            "title": "eyJhbGciOiIiLCJraWQiOiIiLCJlbmMiOiIifQ....",
            "errors": {"title": {"code": "kms_failure", "reason": reason}},
        }
    return {
        "id": room.id,
        "title": room.title,
        "type": room.type,
        "isLocked": False,
        "lastActivity": as_time(room.last_activity),
        "creatorId": room.creator_id,
        "created": as_time(room.created),
        "ownerId": room.owner_id,
        "isPublic": False,
        "isReadOnly": False,
    }
