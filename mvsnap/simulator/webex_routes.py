"""Webex routes: people, rooms, messages, contents, and the page a person looks at."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, render_template_string, request
from flask.typing import ResponseReturnValue

from mvsnap.simulator.webex_errors import WebexError

if TYPE_CHECKING:
    from mvsnap.simulator.webex import FakeWebex, SimFile, SimMessage, SimRoom

_PAGE = Path(__file__).parent / "templates" / "rooms.html"
_MAX_FILE_BYTES = 100 * 1024 * 1024
_DEFAULT_PAGE = 100
_ONE_DESTINATION = (
    "Message destination could not be determined. Provide only one destination in the "
    "roomId, toPersonEmail, or toPersonId field"
)


def add(app: Flask, webex: FakeWebex) -> None:
    _add_people(app, webex)
    _add_rooms(app, webex)
    _add_messages(app, webex)
    _add_page(app, webex)


def _add_people(app: Flask, webex: FakeWebex) -> None:
    @app.get("/v1/people/me")
    def me() -> ResponseReturnValue:
        return jsonify(_bot(webex))

    @app.get("/v1/people")
    def people() -> ResponseReturnValue:
        email = request.args.get("email")
        if email is None:
            raise WebexError(400, "Email, displayName, or id list should be specified.")
        name = webex.people.get(email)
        person = {"emails": [email], "displayName": name, "type": "person"}
        return jsonify(notFoundIds=None, items=[person] if name else [])


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


def _add_rooms(app: Flask, webex: FakeWebex) -> None:
    from mvsnap.simulator.webex import as_room

    @app.get("/v1/rooms")
    def rooms() -> ResponseReturnValue:
        wanted = request.args.get("type")
        found = [room for room in list(webex.rooms) if room.member]
        if wanted:
            found = [room for room in found if room.type == wanted]
        most = request.args.get("max", default=_DEFAULT_PAGE, type=int)
        size = max(1, min(most, webex.page_max, 1000))
        start = _start(request.args.get("cursor"))
        response = jsonify(items=[as_room(r) for r in found[start : start + size]])
        end = start + size
        more = end < len(found) or (webex.empty_last_page and start < len(found))
        if more:
            response.headers["Link"] = f'<{_next_url(size, end)}>; rel="next"'
        return response

    @app.get("/v1/rooms/<room_id>")
    def room(room_id: str) -> ResponseReturnValue:
        return jsonify(as_room(webex.room(room_id)))


def _next_url(size: int, start: int) -> str:
    cursor = base64.urlsafe_b64encode(f"last={start}".encode()).decode().rstrip("=")
    # Webex sends keys without a value, too.
    return f"{request.base_url}?max={size}&before&cursor={cursor}"


def _start(cursor: str | None) -> int:
    if not cursor:
        return 0
    plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    return int(plain.removeprefix("last="))


def _add_messages(app: Flask, webex: FakeWebex) -> None:
    @app.post("/v1/messages")
    def create() -> ResponseReturnValue:
        message = _message(webex, *_body())
        webex.post(message)
        return jsonify(_as_message(webex, message))

    @app.get("/v1/messages/<message_id>")
    def message(message_id: str) -> ResponseReturnValue:
        return jsonify(_as_message(webex, webex.message(message_id)))

    @app.get("/v1/contents/<file_id>")
    def contents(file_id: str) -> ResponseReturnValue:
        return _file_answer(webex.file(file_id))


def _body() -> tuple[dict[str, Any], list[SimFile]]:
    from mvsnap.simulator.webex import SimFile, new_id

    if request.mimetype == "multipart/form-data":
        files = [
            SimFile(
                new_id("CONTENT"),
                sent.filename or "file",
                sent.mimetype,
                sent.stream.read(_MAX_FILE_BYTES + 1),
            )
            for sent in request.files.getlist("files")
        ]
        return dict(request.form), files
    if not request.is_json:
        kind = request.mimetype or "none"
        raise WebexError(415, f"Content type '{kind}' not supported")
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise WebexError(400, "Request body is not valid JSON.")
    if body.get("files"):
        raise WebexError(400, "Unable to retrieve content.")
    return body, []


def _message(
    webex: FakeWebex, body: dict[str, Any], files: list[SimFile]
) -> SimMessage:
    from mvsnap.simulator.webex import SimMessage, new_id

    room, email = _destination(webex, body)
    text, markdown = str(body.get("text") or ""), str(body.get("markdown") or "")
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
    if not re.fullmatch(r"[A-Za-z0-9_-]{20,}", value):
        raise WebexError(400, "Expect base64 ID or UUID.")
    return webex.room(value), None


def _check_content(text: str, markdown: str, files: list[SimFile]) -> None:
    from mvsnap.simulator.webex import MAX_TEXT_BYTES

    if not text and not markdown and not files:
        raise WebexError(400, "Both text and file cannot be empty.")
    for content in (text, markdown):
        if len(content.encode()) > MAX_TEXT_BYTES:
            raise WebexError(400, f"Message length limited to {MAX_TEXT_BYTES} bytes.")
    if len(files) > 1:
        raise WebexError(400, "Only one file is allowed.")
    if any(len(file.data) > _MAX_FILE_BYTES for file in files):
        raise WebexError(413, "File is too large.")


def _as_message(webex: FakeWebex, message: SimMessage) -> dict[str, Any]:
    from mvsnap.simulator.webex import as_time

    room = next(room for room in webex.rooms if room.id == message.room_id)
    plain: dict[str, Any] = {
        "id": message.id,
        "roomId": message.room_id,
        "roomType": room.type,
        "text": message.text,
        "personId": webex.bot_id,
        "personEmail": webex.bot_email,
        "created": as_time(message.created),
    }
    if message.markdown:
        plain["markdown"] = message.markdown
    if message.parent_id:
        plain["parentId"] = message.parent_id
    if message.to_person_email:
        plain["toPersonEmail"] = message.to_person_email
    if message.files:
        root = request.host_url.rstrip("/")
        plain["files"] = [f"{root}/v1/contents/{file.id}" for file in message.files]
    return plain


def _file_answer(file: SimFile) -> Response:
    response = Response(file.data, content_type=file.content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return response


def _add_page(app: Flask, webex: FakeWebex) -> None:
    @app.get("/")
    def page() -> ResponseReturnValue:
        return render_template_string(
            _PAGE.read_text(encoding="utf-8"), rooms=_page_rooms(webex)
        )

    @app.get("/page/files/<file_id>")
    def page_file(file_id: str) -> ResponseReturnValue:
        return _file_answer(webex.file(file_id))

    @app.get("/messages.json")
    def all_messages() -> ResponseReturnValue:
        return jsonify([_as_message(webex, message) for message in webex.messages])


def _page_rooms(webex: FakeWebex) -> list[dict[str, Any]]:
    """Return the rooms, each with its threads, the newest thread first."""
    messages = list(webex.messages)
    replies: dict[str, list[SimMessage]] = {}
    for message in messages:
        if message.parent_id:
            replies.setdefault(message.parent_id, []).append(message)
    rooms = []
    for room in list(webex.rooms):
        threads = [
            {"head": message, "replies": replies.get(message.id, [])}
            for message in reversed(messages)
            if message.room_id == room.id and not message.parent_id
        ]
        rooms.append({"title": room.title, "type": room.type, "threads": threads})
    return rooms
