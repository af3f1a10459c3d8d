"""Webex people and memberships: who is known, and who is in a room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from msgspec import Struct

from mvsnap.simulator.webex.errors import WebexError
from mvsnap.simulator.webex.model import SimRoom, as_time, membership_id
from mvsnap.simulator.webex.paging import page
from mvsnap.simulator.webex.webex import FakeWebex

_MOST_IDS = 85
_NOT_FOUND = "The requested resource could not be found."


class _Membership(Struct, frozen=True):
    room: SimRoom
    email: str


def add(app: Flask, webex: FakeWebex) -> None:
    _add_people(app, webex)
    _add_memberships(app, webex)


def _add_people(app: Flask, webex: FakeWebex) -> None:
    @app.get("/v1/people/me")
    def me() -> ResponseReturnValue:
        return jsonify(_person(webex, webex.bot_email))

    @app.get("/v1/people/<person_id>")
    def person(person_id: str) -> ResponseReturnValue:
        return jsonify(_person(webex, webex.email_of(person_id)))

    @app.get("/v1/people")
    def people() -> ResponseReturnValue:
        rows = [_person(webex, email) for email in webex.people]
        email, name = request.args.get("email"), request.args.get("displayName")
        ids = [one for one in request.args.get("id", "").split(",") if one]
        if len(ids) > _MOST_IDS:
            raise WebexError(400, f"At most {_MOST_IDS} ids are allowed.")
        if ids:
            found = [row for row in rows if row["id"] in ids]
            missing = sorted(set(ids) - {row["id"] for row in found})
            return page(webex, found, notFoundIds=missing or None)
        if email is None and name is None:
            raise WebexError(400, "Email, displayName, or id list should be specified.")
        if email is not None:
            rows = [row for row in rows if row["emails"] == [email]]
        if name is not None:
            rows = [row for row in rows if _begins(row["displayName"], name)]
        return page(webex, rows, notFoundIds=None)


def _begins(shown: str, name: str) -> bool:
    return bool(name) and shown.casefold().startswith(name.casefold())


def _person(webex: FakeWebex, email: str) -> dict[str, Any]:
    is_bot = email == webex.bot_email
    name = webex.name_of(email)
    return {
        "id": webex.person_id(email),
        "emails": [email],
        "displayName": name,
        "nickName": name.partition(" ")[0],
        "userName": email,
        "status": "unknown",
        "type": "bot" if is_bot else "person",
    }


def _add_memberships(app: Flask, webex: FakeWebex) -> None:
    @app.get("/v1/memberships")
    def memberships() -> ResponseReturnValue:
        rows = [_as_membership(webex, each) for each in _memberships(webex)]
        room_id = request.args.get("roomId")
        if room_id is not None:
            webex.room(room_id)
        for key in ("roomId", "personId", "personEmail"):
            if (value := request.args.get(key)) is not None:
                rows = [row for row in rows if row[key] == value]
        if room_id is None:
            # Without a room, one sees oneself in every room.
            rows = [row for row in rows if row["personId"] == webex.bot_id]
        return page(webex, rows)

    @app.post("/v1/memberships")
    def join() -> ResponseReturnValue:
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise WebexError(400, "Request body is not valid JSON.")
        room, email = webex.room(str(body.get("roomId"))), _invited(webex, body)
        if room.type == "direct":
            raise WebexError(403, "Cannot add a person to a 1:1 room.")
        if email in _emails(webex, room):
            raise WebexError(409, "Person is already in the room.")
        room.people.append(email)
        return jsonify(_as_membership(webex, _Membership(room, email)))

    @app.get("/v1/memberships/<membership>")
    def membership(membership: str) -> ResponseReturnValue:
        return jsonify(_as_membership(webex, _found(webex, membership)))

    @app.delete("/v1/memberships/<membership>")
    def leave(membership: str) -> ResponseReturnValue:
        found = _found(webex, membership)
        if found.email == webex.bot_email:
            found.room.member = False
        else:
            found.room.people.remove(found.email)
        return Response(status=204)


def _invited(webex: FakeWebex, body: dict[str, Any]) -> str:
    if person_id := body.get("personId"):
        return webex.email_of(str(person_id))
    email = str(body.get("personEmail") or "")
    webex.name_of(email)
    return email


def _emails(webex: FakeWebex, room: SimRoom) -> list[str]:
    own = [webex.bot_email] if room.member else []
    other = [room.person_email] if room.person_email else []
    return [*own, *other, *room.people]


def _memberships(webex: FakeWebex) -> Iterator[_Membership]:
    for room in list(webex.rooms):
        if room.member:
            for email in _emails(webex, room):
                yield _Membership(room, email)


def _found(webex: FakeWebex, wanted: str) -> _Membership:
    for each in _memberships(webex):
        if membership_id(webex.person_id(each.email), each.room.id) == wanted:
            return each
    raise WebexError(404, _NOT_FOUND)


def _as_membership(webex: FakeWebex, each: _Membership) -> dict[str, Any]:
    person_id = webex.person_id(each.email)
    return {
        "id": membership_id(person_id, each.room.id),
        "roomId": each.room.id,
        "personId": person_id,
        "personEmail": each.email,
        "personDisplayName": webex.name_of(each.email),
        "personOrgId": each.room.owner_id,
        "isModerator": False,
        "isMonitor": False,
        "roomType": each.room.type,
        "created": as_time(each.room.created),
    }
