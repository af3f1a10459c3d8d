"""Webex rooms: the paged list, and single rooms."""

from __future__ import annotations

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue

from mvsnap.simulator.webex.errors import WebexError
from mvsnap.simulator.webex.model import SimRoom, as_room
from mvsnap.simulator.webex.paging import page
from mvsnap.simulator.webex.webex import FakeWebex


def add(app: Flask, webex: FakeWebex) -> None:
    @app.get("/v1/rooms")
    def rooms() -> ResponseReturnValue:
        found = _wanted([room for room in list(webex.rooms) if room.member])
        return page(webex, [as_room(room) for room in found])

    @app.post("/v1/rooms")
    def create_room() -> ResponseReturnValue:
        room_id = webex.add_room(_title())
        return jsonify(as_room(webex.room(room_id)))

    @app.get("/v1/rooms/<room_id>")
    def room(room_id: str) -> ResponseReturnValue:
        return jsonify(as_room(webex.room(room_id)))

    @app.put("/v1/rooms/<room_id>")
    def rename(room_id: str) -> ResponseReturnValue:
        found = webex.room(room_id)
        if found.type == "direct":
            raise WebexError(400, "The title of a 1:1 room cannot be changed.")
        found.title = _title()
        return jsonify(as_room(found))

    @app.delete("/v1/rooms/<room_id>")
    def delete_room(room_id: str) -> ResponseReturnValue:
        webex.room(room_id).member = False
        return Response(status=204)


def _title() -> str:
    body = request.get_json(silent=True)
    title = body.get("title") if isinstance(body, dict) else None
    if not isinstance(title, str) or not title.strip():
        raise WebexError(400, "title cannot be empty")
    return title


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
