"""Webex simulator: the rooms of a bot, and the messages posted to them."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Response, g, request

from mvsnap.simulator.calls import RecordedCall, bearer_of
from mvsnap.simulator.faults import Faults, html_answer
from mvsnap.simulator.webex.errors import WebexError, bad_token, refusal
from mvsnap.simulator.webex.markup import as_html
from mvsnap.simulator.webex.model import SimFile as SimFile
from mvsnap.simulator.webex.model import SimMessage as SimMessage
from mvsnap.simulator.webex.model import SimPress as SimPress
from mvsnap.simulator.webex.model import SimRoom as SimRoom
from mvsnap.simulator.webex.model import SimWebhook as SimWebhook
from mvsnap.simulator.webex.model import as_time, new_id

# Before the e-mail address, in the token of a person.
PERSON_TOKEN = "simulated-token-of-"
# Says that something happened: a resource, who did it, its data.
ReportSender = Callable[[str, str, dict[str, Any]], None]

_ID = re.compile(r"[A-Za-z0-9_-]{20,}")


class FakeWebex:
    """Webex as one bot sees it. Attributes may be changed while it is served.

    page_max: the most rooms per page, whatever the caller requests.
    empty_last_page: the last page has a next link to an empty one, as Webex may do.
    people: names by e-mail address, of the people that exist.
    report: sends what happened to the webhooks; set by `webex_app`.
    failures_to_disable: how many reports in five minutes disable a webhook.
    scans: how many downloads are answered 423 before the file is served.
    """

    def __init__(
        self,
        *,
        bot_token: str = "simulated-bot-token",
        rooms: tuple[str, ...] = ("Site A - Alarms", "Site B - Alarms"),
        page_max: int = 100,
    ) -> None:
        self.bot_token = bot_token
        self.bot_name = "mvsnap"
        self.bot_email = "mvsnap@webex.bot"
        self._person_ids: dict[str, str] = {}
        self.faults = Faults(_FAULT_ANSWERS)
        self.asked: list[RecordedCall] = []
        self.rooms: list[SimRoom] = []
        self.messages: list[SimMessage] = []
        self.people = {"guard@example.com": "Gil Guard"}
        self.page_max = page_max
        self.empty_last_page = False
        self.scans = 0
        self.failures_to_disable = 100
        self.webhooks: list[SimWebhook] = []
        self.presses: list[SimPress] = []
        self.sockets: Any = None
        self.report: ReportSender = lambda *_: None
        self._lock = threading.Lock()
        self.bot_id = self.person_id(self.bot_email)
        for title in rooms:
            self.add_room(title)

    def add_room(
        self,
        title: str,
        *,
        type: str = "group",
        member: bool = True,
        broken: bool = False,
    ) -> str:
        """Add a room and return its id; titles need not be unique."""
        room = SimRoom(new_id("ROOM"), title, type, member, broken)
        with self._lock:
            self.rooms.append(room)
        return room.id

    def room(self, room_id: str) -> SimRoom:
        """Return a room that the bot is in.

        Raises:
            WebexError: no such room, or the bot is not in it: Webex does not say which.
        """
        if not _ID.fullmatch(room_id):
            raise WebexError(400, "Expect base64 ID or UUID.")
        for room in list(self.rooms):
            if room.id == room_id and room.member:
                return room
        raise WebexError(404, "Could not find a room with provided ID.")

    def person_id(self, email: str) -> str:
        with self._lock:
            return self._person_ids.setdefault(email, new_id("PEOPLE"))

    def email_of(self, person_id: str) -> str:
        """Return the e-mail address of a person or of the bot.

        Raises:
            WebexError: there is nobody with this id.
        """
        for email in (self.bot_email, *self.people):
            if self.person_id(email) == person_id:
                return email
        raise WebexError(404, "Failed to find user with specified id.")

    def name_of(self, email: str) -> str:
        """Return the display name of a person or of the bot.

        Raises:
            WebexError: there is nobody with this address.
        """
        if email == self.bot_email:
            return self.bot_name
        if email not in self.people:
            raise WebexError(404, "Failed to find user with specified email address.")
        return self.people[email]

    def direct_room(self, email: str) -> SimRoom:
        """Return the 1:1 room with a person; created on first use."""
        name = self.name_of(email)
        new = SimRoom(new_id("ROOM"), name, "direct", person_email=email)
        with self._lock:
            for room in self.rooms:
                if room.person_email == email:
                    return room
            self.rooms.append(new)
        return new

    def post(self, message: SimMessage) -> None:
        with self._lock:
            self.messages.append(message)
            room = next((r for r in self.rooms if r.id == message.room_id), None)
            if room is not None:
                room.last_activity = message.created
        # In a group, a bot is only shown what mentions it.
        if room is not None and (room.type == "direct" or message.mentions_bot):
            self._report_message(message, room)

    def _report_message(self, message: SimMessage, room: SimRoom) -> None:
        email = message.sender_email or self.bot_email
        person_id = self.person_id(email)
        data = {
            "id": message.id,
            "roomId": room.id,
            "roomType": room.type,
            "personId": person_id,
            "personEmail": email,
            "created": as_time(message.created),
        }
        self.report("messages", person_id, data)

    def add_press(self, made: SimPress) -> None:
        with self._lock:
            self.presses.append(made)
        data = {
            "id": made.id,
            "type": "submit",
            "messageId": made.message_id,
            "personId": made.person_id,
            "roomId": made.room_id,
            "created": as_time(made.created),
        }
        self.report("attachmentActions", made.person_id, data)

    def pressed(self, press_id: str) -> SimPress:
        for made in list(self.presses):
            if made.id == press_id:
                return made
        raise WebexError(404, "The requested resource could not be found.")

    def say(
        self,
        room_id: str,
        email: str,
        text: str,
        *,
        mentions_bot: bool = False,
        parent_id: str | None = None,
    ) -> str:
        """Post as a person, and return the message's id."""
        message = SimMessage(
            id=new_id("MESSAGE"),
            room_id=room_id,
            text=text,
            markdown="",
            parent_id=parent_id,
            to_person_email=None,
            files=[],
            created=datetime.now(UTC),
            sender_email=email,
            mentions_bot=mentions_bot,
        )
        self.post(message)
        return message.id

    def replace(self, message: SimMessage) -> None:
        with self._lock:
            for index, known in enumerate(self.messages):
                if known.id == message.id:
                    self.messages[index] = message

    def delete(self, message: SimMessage) -> None:
        with self._lock:
            self.messages.remove(message)

    def message(self, message_id: str) -> SimMessage:
        for message in list(self.messages):
            if message.id == message_id:
                return message
        raise WebexError(404, "The requested resource could not be found.")

    def file(self, file_id: str) -> SimFile:
        for message in list(self.messages):
            for file in message.files:
                if file.id == file_id:
                    return file
        raise WebexError(404, "The requested resource could not be found.")

    def still_scanning(self) -> bool:
        """Use up one of `scans`; return whether there was one left."""
        with self._lock:
            self.scans, left = max(0, self.scans - 1), self.scans
        return left > 0

    def as_message(self, message: SimMessage, root: str) -> dict[str, Any]:
        """Return a message in Webex's format; optional keys are absent, not null."""
        room = next(room for room in self.rooms if room.id == message.room_id)
        sender_email = message.sender_email or self.bot_email
        plain: dict[str, Any] = {
            "id": message.id,
            "roomId": message.room_id,
            "roomType": room.type,
            "text": message.text,
            "personId": self.person_id(sender_email),
            "personEmail": sender_email,
            "created": as_time(message.created),
        }
        if message.markdown:
            plain["markdown"] = message.markdown
            plain["html"] = str(as_html(message.markdown, lambda url: True))
        if message.updated:
            plain["updated"] = as_time(message.updated)
        if message.mentions_bot:
            plain["mentionedPeople"] = [self.bot_id]
        if message.parent_id:
            plain["parentId"] = message.parent_id
        if message.to_person_email:
            plain["toPersonEmail"] = message.to_person_email
        if message.card is not None:
            kind = "application/vnd.microsoft.card.adaptive"
            plain["attachments"] = [{"contentType": kind, "content": message.card}]
        if message.files:
            prefix = f"{root.rstrip('/')}/v1/contents"
            plain["files"] = [f"{prefix}/{file.id}" for file in message.files]
        return plain

    def admit(self) -> Response | None:
        if not request.path.startswith("/v1/"):
            return None
        given = bearer_of(request.headers)
        if secrets.compare_digest(given.encode(), self.bot_token.encode()):
            g.person = self.bot_email
            return None
        # A person's own program: there is a token for each.
        email = given.removeprefix(PERSON_TOKEN)
        if given.startswith(PERSON_TOKEN) and email in self.people:
            g.person = email
            return None
        return bad_token()


def _too_many() -> Response:
    # The documented body is not JSON.
    return html_answer(429, "Too Many Requests")


_FAULT_ANSWERS = {
    "401": bad_token,
    "429": _too_many,
    "502": lambda: refusal(WebexError(502, "Add participant failed.")),
}
