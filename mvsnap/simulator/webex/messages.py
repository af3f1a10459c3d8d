"""Webex messages: posted, listed, changed and deleted; and their contents."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, jsonify, request
from flask.typing import ResponseReturnValue

from mvsnap.simulator.webex.cards import card_in
from mvsnap.simulator.webex.errors import WebexError, scanning
from mvsnap.simulator.webex.files import fetched, file_answer, uploaded
from mvsnap.simulator.webex.model import (
    MAX_FILE_BYTES,
    MAX_TEXT_BYTES,
    SimFile,
    SimMessage,
    SimRoom,
    new_id,
)
from mvsnap.simulator.webex.paging import link_next, page_size
from mvsnap.simulator.webex.webex import FakeWebex
from mvsnap.values import replace

_ONE_DESTINATION = (
    "Message destination could not be determined. Provide only one destination in the "
    "roomId, toPersonEmail, or toPersonId field"
)
_DEFAULT_PAGE = 50
_MOST_EDITS = 10


def add(app: Flask, webex: FakeWebex) -> None:
    _add_lists(app, webex)
    _add_changes(app, webex)

    @app.get("/v1/contents/<file_id>")
    def contents(file_id: str) -> ResponseReturnValue:
        file = webex.file(file_id)
        if request.method == "GET" and webex.still_scanning():
            return scanning()
        return file_answer(file)


def _add_lists(app: Flask, webex: FakeWebex) -> None:
    @app.get("/v1/messages")
    def messages() -> ResponseReturnValue:
        found, size = _listed(webex), page_size(webex, _DEFAULT_PAGE)
        shown = found[:size]
        root = request.host_url
        response = jsonify(items=[webex.as_message(m, root) for m in shown])
        if len(found) > size:
            link_next(response, size, f"&beforeMessage={shown[-1].id}")
        return response

    @app.get("/v1/messages/direct")
    def direct_messages() -> ResponseReturnValue:
        email = request.args.get("personEmail")
        if email is None:
            email = webex.email_of(request.args.get("personId", ""))
        room_id = webex.direct_room(email).id
        found = [m for m in reversed(webex.messages) if m.room_id == room_id]
        return jsonify(items=[webex.as_message(m, request.host_url) for m in found])

    @app.get("/v1/messages/<message_id>")
    def message(message_id: str) -> ResponseReturnValue:
        return jsonify(webex.as_message(webex.message(message_id), request.host_url))


def _listed(webex: FakeWebex) -> list[SimMessage]:
    """Return the messages that the query asks for, the newest first."""
    room_id, parent_id = request.args.get("roomId"), request.args.get("parentId")
    if room_id is None:
        raise WebexError(400, "Required String parameter 'roomId' is not present")
    found = [m for m in reversed(webex.messages) if m.room_id == room_id]
    if webex.room(room_id).type == "group":
        # In a group a bot sees only the messages that mention it.
        if request.args.get("mentionedPeople") not in ("me", webex.bot_id):
            raise WebexError(403, "Failed to get activity.")
        found = [m for m in found if m.mentions_bot]
    if parent_id is not None:
        found = [m for m in found if m.parent_id == parent_id]
    if before := request.args.get("before"):
        found = [m for m in found if m.created < _moment(before)]
    if last_id := request.args.get("beforeMessage"):
        last = webex.message(last_id)
        found = found[found.index(last) + 1 :] if last in found else []
    return found


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as exc:
        raise WebexError(400, "before must be an ISO 8601 date and time.") from exc


def _add_changes(app: Flask, webex: FakeWebex) -> None:
    @app.post("/v1/messages")
    def create_message() -> ResponseReturnValue:
        message = _message(webex, *_body())
        webex.post(message)
        return jsonify(webex.as_message(message, request.host_url))

    @app.put("/v1/messages/<message_id>")
    def edit_message(message_id: str) -> ResponseReturnValue:
        edited = _edited(_own(webex, message_id), *_body())
        webex.replace(edited)
        return jsonify(webex.as_message(edited, request.host_url))

    @app.delete("/v1/messages/<message_id>")
    def delete_message(message_id: str) -> ResponseReturnValue:
        webex.delete(_own(webex, message_id))
        return Response(status=204)


def _own(webex: FakeWebex, message_id: str) -> SimMessage:
    message = webex.message(message_id)
    if message.sender_email is not None:
        raise WebexError(403, "You are not the author of this message.")
    return message


def _edited(
    message: SimMessage, body: dict[str, Any], files: list[SimFile]
) -> SimMessage:
    if body.get("roomId") != message.room_id:
        raise WebexError(400, "roomId must be that of the message.")
    if message.files or files or message.card:
        raise WebexError(400, "A message with files cannot be edited.")
    if message.edits == _MOST_EDITS:
        raise WebexError(400, f"A message can be edited {_MOST_EDITS} times.")
    text, markdown = str(body.get("text") or ""), str(body.get("markdown") or "")
    _check_content(text, markdown, [])
    return replace(
        message,
        text=text or _plain(markdown),
        markdown=markdown,
        edits=message.edits + 1,
        updated=datetime.now(UTC),
    )


def _body() -> tuple[dict[str, Any], list[SimFile]]:
    if request.mimetype == "multipart/form-data":
        fields = dict(request.form)
        g.asked.json = fields
        return fields, uploaded()
    if not request.is_json:
        kind = request.mimetype or "none"
        raise WebexError(415, f"Content type '{kind}' not supported")
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise WebexError(400, "Request body is not valid JSON.")
    return body, []


def _message(
    webex: FakeWebex, body: dict[str, Any], files: list[SimFile]
) -> SimMessage:
    room, email = _destination(webex, body)
    text, markdown = str(body.get("text") or ""), str(body.get("markdown") or "")
    if body.get("files"):
        files = fetched(body["files"])
    _check_content(text, markdown, files)
    parent_id = body.get("parentId")
    if parent_id is not None:
        parent = webex.message(str(parent_id))
        if parent.room_id != room.id or parent.parent_id is not None:
            raise WebexError(400, "Unable to reply to the specified parent message.")
    card = card_in(body, files, has_text=bool(text or markdown))
    return SimMessage(
        id=new_id("MESSAGE"),
        room_id=room.id,
        text=text or _plain(markdown),
        markdown=markdown,
        parent_id=parent_id,
        to_person_email=email,
        files=files,
        created=datetime.now(UTC),
        card=card,
    )


def _destination(webex: FakeWebex, body: dict[str, Any]) -> tuple[SimRoom, str | None]:
    names = [n for n in ("roomId", "toPersonEmail", "toPersonId") if body.get(n)]
    if len(names) != 1:
        raise WebexError(400, _ONE_DESTINATION)
    value = str(body[names[0]])
    if names[0] == "toPersonEmail":
        return webex.direct_room(value), value
    if names[0] == "toPersonId":
        email = webex.email_of(value)
        return webex.direct_room(email), email
    return webex.room(value), None


def _check_content(text: str, markdown: str, files: list[SimFile]) -> None:
    if not text and not markdown and not files:
        raise WebexError(400, "Both text and file cannot be empty.")
    for content in (text, markdown):
        if len(content.encode("utf-8", "replace")) > MAX_TEXT_BYTES:
            raise WebexError(400, f"Message length limited to {MAX_TEXT_BYTES} bytes.")
    if len(files) > 1:
        raise WebexError(400, "Only one file is allowed.")
    if any(len(file.data) > MAX_FILE_BYTES for file in files):
        raise WebexError(413, "File is too large.")


def _plain(markdown: str) -> str:
    return re.sub(r"[*_\[\]]", "", markdown)
