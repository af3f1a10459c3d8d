"""Webex rooms: the paged list, and single rooms."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from mvsnap.simulator.webex.errors import WebexError
from mvsnap.simulator.webex.model import SimRoom, as_room
from mvsnap.simulator.webex.webex import FakeWebex

_DEFAULT_PAGE = 100
_MOST = 1000


def add(app: Flask, webex: FakeWebex) -> None:
    @app.get("/v1/rooms")
    def rooms() -> ResponseReturnValue:
        found = _wanted([room for room in list(webex.rooms) if room.member])
        asked_for = request.args.get("max", default=_DEFAULT_PAGE, type=int)
        size = max(1, min(asked_for, webex.page_max, _MOST))
        start = _start(request.args.get("cursor"))
        end = start + size
        response = jsonify(items=[as_room(room) for room in found[start:end]])
        if end < len(found) or (webex.empty_last_page and start < len(found)):
            response.headers["Link"] = f'<{_next_url(size, end)}>; rel="next"'
        return response

    @app.get("/v1/rooms/<room_id>")
    def room(room_id: str) -> ResponseReturnValue:
        return jsonify(as_room(webex.room(room_id)))


def _wanted(rooms: list[SimRoom]) -> list[SimRoom]:
    kind = request.args.get("type")
    if kind is not None:
        # For a room that cannot be decrypted, Webex omits the type.
        rooms = [room for room in rooms if room.type == kind or room.broken]
    match request.args.get("sortBy"):
        case None:
            return rooms
        case "id":
            return sorted(rooms, key=lambda room: room.id)
        case "created":
            return sorted(rooms, key=lambda room: room.created, reverse=True)
        case "lastactivity":
            return sorted(rooms, key=lambda room: room.last_activity, reverse=True)
        case _:
            raise WebexError(400, "sortBy must be one of id, lastactivity, created.")


def _next_url(size: int, start: int) -> str:
    """Return the address of the next page, on the host that the caller used."""
    own = ("max", "cursor", "before")
    kept = {name: text for name, text in request.args.items() if name not in own}
    cursor = base64.urlsafe_b64encode(f"last={start}".encode()).decode().rstrip("=")
    # Webex sends parameters without a value, too.
    query = urlencode({"max": size, **kept}) + f"&before&cursor={cursor}"
    return f"{request.base_url}?{query}"


def _start(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        plain = base64.urlsafe_b64decode(padded).decode()
        return int(plain.removeprefix("last="))
    except ValueError as exc:
        raise WebexError(400, "The cursor is not valid.") from exc
