"""Webex routes: people, messages and their contents."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from flask import Flask, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from mvsnap.simulator.webex import page, rooms
from mvsnap.simulator.webex.errors import WebexError, refusal, scanning
from mvsnap.simulator.webex.files import fetched, file_answer, uploaded
from mvsnap.simulator.webex.model import (
    MAX_FILE_BYTES,
    MAX_TEXT_BYTES,
    SimFile,
    SimMessage,
    SimRoom,
    new_id,
)
from mvsnap.simulator.webex.webex import FakeWebex

_ONE_DESTINATION = (
    "Message destination could not be determined. Provide only one destination in the "
    "roomId, toPersonEmail, or toPersonId field"
)


def add(app: Flask, webex: FakeWebex) -> None:
    _add_people(app, webex)
    _add_messages(app, webex)
    rooms.add(app, webex)
    page.add(app, webex)

    @app.errorhandler(HTTPException)
    def unknown_path(error: HTTPException) -> ResponseReturnValue:
        if error.code == 404:
            return refusal(
                WebexError(404, "The requested resource could not be found.")
            )
        return refusal(WebexError(error.code or 500, error.description or error.name))


def _add_people(app: Flask, webex: FakeWebex) -> None:
    @app.get("/v1/people/me")
    def me() -> ResponseReturnValue:
        return jsonify(_bot(webex))

    @app.get("/v1/people")
    def people() -> ResponseReturnValue:
        email, name = request.args.get("email"), request.args.get("displayName")
        if email is None and name is None:
            raise WebexError(400, "Email, displayName, or id list should be specified.")
        items = [
            {"emails": [known], "displayName": shown, "type": "person"}
            for known, shown in webex.people.items()
            if known == email or (name and shown.casefold().startswith(name.casefold()))
        ]
        return jsonify(notFoundIds=None, items=items)


def _bot(webex: FakeWebex) -> dict[str, Any]:
    return {
        "id": webex.bot_id,
        "emails": [webex.bot_email],
        "displayName": webex.bot_name,
        "nickName": webex.bot_name,
        "userName": webex.bot_email,
        "status": "unknown",
        "type": "bot",
    }


def _add_messages(app: Flask, webex: FakeWebex) -> None:
    @app.post("/v1/messages")
    def create() -> ResponseReturnValue:
        message = _message(webex, *_body())
        webex.post(message)
        return jsonify(webex.as_message(message, request.host_url))

    @app.get("/v1/messages")
    def messages() -> ResponseReturnValue:
        room_id = request.args.get("roomId")
        if room_id is None:
            raise WebexError(400, "Required String parameter 'roomId' is not present")
        if webex.room(room_id).type == "group":
            # In a group a bot sees only messages that mention it, and nobody here does.
            if request.args.get("mentionedPeople") != "me":
                raise WebexError(403, "Failed to get activity.")
            return jsonify(items=[])
        found = [m for m in reversed(webex.messages) if m.room_id == room_id]
        return jsonify(items=[webex.as_message(m, request.host_url) for m in found])

    @app.get("/v1/messages/<message_id>")
    def message(message_id: str) -> ResponseReturnValue:
        return jsonify(webex.as_message(webex.message(message_id), request.host_url))

    @app.get("/v1/contents/<file_id>")
    def contents(file_id: str) -> ResponseReturnValue:
        file = webex.file(file_id)
        if request.method == "GET" and webex.still_scanning():
            return scanning()
        return file_answer(file)


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
    return SimMessage(
        id=new_id("MESSAGE"),
        room_id=room.id,
        text=text or re.sub(r"[*_\[\]]", "", markdown),
        markdown=markdown,
        parent_id=parent_id,
        to_person_email=email,
        files=files,
        created=datetime.now(UTC),
    )


def _destination(webex: FakeWebex, body: dict[str, Any]) -> tuple[SimRoom, str | None]:
    names = [n for n in ("roomId", "toPersonEmail", "toPersonId") if body.get(n)]
    if len(names) != 1:
        raise WebexError(400, _ONE_DESTINATION)
    value = str(body[names[0]])
    if names[0] == "toPersonEmail":
        return webex.direct_room(value), value
    if names[0] == "toPersonId":
        raise WebexError(404, "Failed to find user with specified id.")
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
