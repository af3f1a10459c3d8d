"""Webex simulator: rooms a bot is in, and what was posted to them."""

from __future__ import annotations

import base64
import secrets
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, request

from mvsnap.simulator import webex_routes
from mvsnap.simulator.calls import Asked, new_app
from mvsnap.simulator.faults import Faults, html_answer
from mvsnap.simulator.webex_errors import WebexError, bad_token, refusal, tracking_id

MAX_TEXT_BYTES = 7439


@dataclass
class SimRoom:
    """member: the bot is in it; broken: the key server cannot open its title."""

    id: str
    title: str
    type: str = "group"
    member: bool = True
    broken: bool = False
    created: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class SimFile:
    id: str
    name: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class SimMessage:
    """One message; `to_person_email` is set in a 1:1 room only."""

    id: str
    room_id: str
    text: str
    markdown: str
    parent_id: str | None
    to_person_email: str | None
    files: list[SimFile]
    created: datetime


class FakeWebex:
    """Webex as one bot sees it. Knobs may be turned while it is served.

    page_max: most rooms on one page, whatever the caller wants.
    empty_last_page: the last page has a next link to an empty one, as Webex may do.
    people: e-mail addresses that exist.
    """

    def __init__(
        self,
        *,
        bot_token: str = "simulated-bot-token",
        rooms: tuple[str, ...] = ("Site A - Alarms", "Site B - Alarms"),
        page_max: int = 100,
        seed: int = 1,
    ) -> None:
        self.bot_token = bot_token
        self.bot_name = "mvsnap"
        self.bot_email = "mvsnap@webex.bot"
        self.bot_id = new_id("PEOPLE")
        self.faults = Faults(seed=seed, answers={"401": bad_token, "429": _too_many})
        self.asked: list[Asked] = []
        self.rooms: list[SimRoom] = []
        self.messages: list[SimMessage] = []
        self.people = {"guard@example.com": "Gil Guard"}
        self.page_max = page_max
        self.empty_last_page = False
        self._lock = threading.Lock()
        for title in rooms:
            self.add_room(title)

    def add_room(
        self,
        title: str,
        *,
        type: str = "group",  # noqa: A002 - Webex calls it so
        member: bool = True,
        broken: bool = False,
    ) -> str:
        """Add a room and return its id; titles need not be unique."""
        room = SimRoom(new_id("ROOM"), title, type, member, broken)
        with self._lock:
            self.rooms.append(room)
        return room.id

    def app(self) -> Flask:
        app = new_app(
            __name__,
            asked=self.asked,
            faults=self.faults,
            is_api=lambda path: path.startswith("/v1/"),
        )
        app.before_request(self._admit)
        app.after_request(_track)
        app.register_error_handler(WebexError, refusal)
        webex_routes.add(app, self)
        return app

    def room(self, room_id: str) -> SimRoom:
        """Return a room the bot is in.

        Raises:
            WebexError: there is none; Webex does not tell which of the two it is.
        """
        for room in self.rooms:
            if room.id == room_id and room.member:
                return room
        raise WebexError(404, "Could not find a room with provided ID.")

    def direct_room(self, email: str) -> SimRoom:
        """Return the 1:1 room with a person; it comes into being on the first use."""
        if email not in self.people:
            raise WebexError(404, "Failed to find user with specified email address.")
        for room in self.rooms:
            if room.type == "direct" and room.title == self.people[email]:
                return room
        return self.room(self.add_room(self.people[email], type="direct"))

    def post(self, message: SimMessage) -> None:
        with self._lock:
            self.messages.append(message)

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

    def _admit(self) -> Response | None:
        if not request.path.startswith("/v1/"):
            return None
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if secrets.compare_digest(given.encode(), self.bot_token.encode()):
            return None
        return bad_token()


def new_id(kind: str) -> str:
    """Return base64url of ciscospark://us/KIND/uuid, unpadded, as Webex's ids are."""
    plain = f"ciscospark://us/{kind}/{uuid.uuid4()}"
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _track(response: Response) -> Response:
    if request.path.startswith("/v1/"):
        response.headers.setdefault("TrackingID", tracking_id())
        response.headers.setdefault("Cache-Control", "no-cache")
    return response


def _too_many() -> Response:
    # The documented body is not JSON.
    return html_answer(429, "Too Many Requests")


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
        "lastActivity": as_time(room.created),
        "creatorId": new_id("PEOPLE"),
        "created": as_time(room.created),
        "isPublic": False,
        "isReadOnly": False,
    }
