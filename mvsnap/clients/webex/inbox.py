"""Webex inbox: what people write to the bot and press, and who they are."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from mvsnap.clients.webex.client import Webex
from mvsnap.domain import MessageId, RoomId
from mvsnap.errors import UnknownRecipient, UpstreamError

_MOST_PEOPLE = 1000


class BotIdentity(Struct, frozen=True):
    """names: what a mention of the bot looks like in a text."""

    person_id: str
    names: tuple[str, ...]


class WrittenMessage(Struct, frozen=True):
    """thread: the first message of the thread that it is in, or could begin.

    at: by Webex's clock; None: it does not say.
    """

    room_id: RoomId
    is_direct: bool
    person_id: str
    email: str
    text: str
    thread: MessageId
    at: datetime | None


class PressedButton(Struct, frozen=True):
    """card: the message with the button; inputs: whatever the person's app has sent."""

    card: WrittenMessage
    person_id: str
    email: str
    inputs: Mapping[str, Any]
    at: datetime | None


class WebexInbox:
    """Every method raises UpstreamError, as those of `Webex`."""

    def __init__(self, webex: Webex) -> None:
        self._webex = webex
        self._lock = threading.Lock()
        self._identity: BotIdentity | None = None
        self._emails: dict[str, str] = {}

    def identity(self) -> BotIdentity:
        """Return who the bot is; asked once. Source: GET /people/me."""
        if (known := self._identity) is not None:
            return known
        data = self._webex.ask(lambda api: dict(api.people.me().json_data))
        full, nick = (_text(data, key) for key in ("displayName", "nickName"))
        names = dict.fromkeys(filter(None, (full, nick, full.partition(" ")[0])))
        self._identity = BotIdentity(_text(data, "id"), tuple(names))
        return self._identity

    def message(self, message_id: str) -> WrittenMessage:
        """Source: GET /messages/ID."""
        data = self._webex.ask(lambda api: dict(api.messages.get(message_id).json_data))
        return WrittenMessage(
            RoomId(_text(data, "roomId")),
            data.get("roomType") == "direct",
            _text(data, "personId"),
            _text(data, "personEmail"),
            _text(data, "text"),
            MessageId(_text(data, "parentId") or message_id),
            _moment(data),
        )

    def press(self, action_id: str) -> PressedButton:
        """Source: GET /attachment/actions/ID, then the card's message, the person."""
        data = self._webex.ask(
            lambda api: dict(api.attachment_actions.get(action_id).json_data)
        )
        person_id, inputs = _text(data, "personId"), data.get("inputs")
        return PressedButton(
            self.message(_text(data, "messageId")),
            person_id,
            self._email(person_id),
            inputs if isinstance(inputs, dict) else {},
            _moment(data),
        )

    def is_room(self, name: str, room_id: RoomId) -> bool:
        """Return whether a room of the settings is the one with this id.

        Anybody can give a room any title: of several with the same, none is meant.
        """
        try:
            return self._webex.resolve(name).room_id == room_id
        except UnknownRecipient:
            return False

    def _email(self, person_id: str) -> str:
        """Return the address of a person. Source: GET /people/ID."""
        with self._lock:
            known = self._emails.get(person_id)
        if known is not None:
            return known
        data = self._webex.ask(lambda api: dict(api.people.get(person_id).json_data))
        emails = data.get("emails")
        if not (isinstance(emails, list) and emails and isinstance(emails[0], str)):
            raise UpstreamError("Webex does not say who that is", retry=False)
        with self._lock:
            if len(self._emails) >= _MOST_PEOPLE:
                self._emails.clear()
            self._emails[person_id] = emails[0]
        return emails[0]


def _moment(data: Mapping[str, Any]) -> datetime | None:
    try:
        found = datetime.fromisoformat(_text(data, "created"))
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _text(data: Mapping[str, Any], key: str) -> str:
    found = data.get(key)
    return found if isinstance(found, str) else ""
