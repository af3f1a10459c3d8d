"""The OpenAPI 3.1 description of the HTTP interface."""

from __future__ import annotations

from mvsnap import __version__
from mvsnap.badges import json_body
from mvsnap.core import mutes, params
from mvsnap.runtime.openapi_shapes import (
    KEYS,
    Json,
    describe,
    describe_open,
    file_answer,
    json_answer,
    path_parameter,
    responses,
    schemas,
)


def document(public_url: str) -> Json:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mvsnap",
            "version": __version__,
            "description": "Camera evidence for a trigger: snapshot and video link.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": public_url or "/"}],
        "paths": _paths(),
        "components": {
            "schemas": schemas(),
            "responses": responses(),
            "securitySchemes": {
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "query": {"type": "apiKey", "in": "query", "name": "apikey"},
            },
        },
    }


def _paths() -> Json:
    root = "/api/v1.0"
    return {
        f"{root}/getSnapshot": {"get": _get_snapshot(), "post": _post_snapshot()},
        f"{root}/jobs/{{job_id}}": {
            "get": describe(
                "getJob",
                "Status of a job and its cameras",
                {"200": json_answer("Job")},
                [path_parameter("job_id", "id of the job")],
                errors=("NotFound",),
            )
        },
        **_event_paths(root),
        f"{root}/badges": {"post": _add_badges()},
        f"{root}/mutes": {"get": _list_mutes(), "post": _mute()},
        f"{root}/mutes/{{mute_id}}": {
            "delete": describe(
                "unmute",
                "End a mute",
                {"204": {"description": "Ended"}},
                [path_parameter("mute_id", "id of the mute")],
                errors=("NotFound",),
            )
        },
        "/webhook/{token}": {
            "post": _receive(
                "receiveWithToken", [path_parameter("token", "one of webhooks.tokens")]
            )
            | {"security": []}
        },
        "/webhook": {"post": _receive("receive", [])},
        "/scanning/{token}": _scanning(),
        f"{root}/openapi.json": {
            "get": describe_open("getOpenapi", "This description")
        },
        "/healthz": {"get": describe_open("getHealth", "Alive")},
        "/readyz": {
            "get": describe_open(
                "getReadiness", "Readiness, with a reason for each part", "503"
            )
        },
        "/metrics": {"get": _metrics()},
    }


def _event_paths(root: str) -> Json:
    event_id = [path_parameter("event_id", "id of the event")]
    return {
        f"{root}/events": {
            "get": describe(
                "listEvents",
                "Events, newest first",
                {"200": json_answer("Events")},
                _event_parameters(500),
            )
        },
        f"{root}/events.csv": {
            "get": describe(
                "downloadEvents",
                "Events as a table",
                {"200": file_answer("text/csv", "The table")},
                _event_parameters(1_000_000),
            )
        },
        f"{root}/events/{{event_id}}": {
            "get": describe(
                "getEvent",
                "One event",
                {"200": json_answer("Event")},
                event_id,
                errors=("NotFound",),
            )
        },
        f"{root}/events/{{event_id}}/snapshot.jpg": {
            "get": _file("getEventSnapshot", "The picture of an event", "image/jpeg")
        },
        f"{root}/events/{{event_id}}/thumbnail.jpg": {
            "get": _file(
                "getEventThumbnail", "The picture, 480 pixels wide", "image/jpeg"
            )
        },
        f"{root}/events/{{event_id}}/clip.mp4": {
            "get": _file("getEventClip", "The clip of an event", "video/mp4")
        },
    }


def _get_snapshot() -> Json:
    operation = _snapshot("getSnapshot")
    operation["parameters"] += [
        {"name": name, "in": "query", "description": about, "schema": schema}
        for name, (about, schema) in _snapshot_fields().items()
    ]
    return operation


def _post_snapshot() -> Json:
    return _snapshot("postSnapshot") | {"requestBody": _body(_snapshot_fields())}


def _body(fields: dict[str, tuple[str, Json]]) -> Json:
    schema = {
        "type": "object",
        "properties": {
            name: schema | {"description": about}
            for name, (about, schema) in fields.items()
        },
    }
    return {
        "required": False,
        "content": {
            "application/json": {"schema": schema},
            "application/x-www-form-urlencoded": {"schema": schema},
        },
    }


def _snapshot(name: str) -> Json:
    return describe(
        name,
        "Take a snapshot of each camera and post it to Webex",
        {
            "200": json_answer("Snapshots", "Everything was delivered"),
            "202": json_answer("Snapshots", "Accepted and stored; check job.url later"),
            "207": json_answer("Snapshots", "Some cameras failed"),
        },
        [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "the same key returns the same job",
                "schema": {"type": "string", "maxLength": 255},
            }
        ],
        errors=("TooLarge",),
    )


def _file(name: str, summary: str, mimetype: str) -> Json:
    return describe(
        name,
        summary,
        {
            "200": file_answer(mimetype, "The file"),
            "206": file_answer(mimetype, "The part requested with Range"),
            "304": {"description": "Not changed"},
            "416": {"$ref": "#/components/responses/BadRange"},
        },
        [path_parameter("event_id", "id of the event")],
        errors=("NotFound",),
    )


def _snapshot_fields() -> dict[str, tuple[str, Json]]:
    return {
        "mvSerial": (
            f"one serial or up to {params.MAX_CAMERAS}, comma separated; "
            "default: meraki.cameras",
            {"type": "string"},
        ),
        "webexRoom": (
            "room title, room id or e-mail; default: webex.room",
            {"type": "string", "maxLength": params.MAX_ROOM},
        ),
        "at": ("ISO 8601 time in the past; default: now", {"type": "string"}),
        "prefix": (
            "text in front of the message",
            {"type": "string", "maxLength": params.MAX_PREFIX},
        ),
        "wait_s": (
            "how long to wait for the job to finish",
            {
                "type": "number",
                "minimum": 0,
                "maximum": params.MAX_WAIT_S,
                "default": params.DEFAULT_WAIT_S,
            },
        ),
    }


def _add_badges() -> Json:
    operation = describe(
        "addBadges",
        "Store badge events, all or none; needs the scope badges",
        {
            "200": json_answer("BadgesAdded", "All were duplicates"),
            "202": json_answer("BadgesAdded", "Stored; pictures are fetched later"),
        },
        [],
        errors=("TooLarge",),
    )
    one = {"$ref": "#/components/schemas/BadgeEvent"}
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": json_body.MOST}
    body = {
        "application/json": {"schema": {"oneOf": [one, many]}},
        "application/x-www-form-urlencoded": {"schema": one},
    }
    return operation | {"requestBody": {"required": True, "content": body}}


def _list_mutes() -> Json:
    return describe(
        "listMutes",
        "Active mutes; needs the scope mute",
        {"200": json_answer("Mutes")},
        [],
    )


def _mute() -> Json:
    operation = describe(
        "mute",
        "Mute crowds for a while: recorded, but not posted; needs the scope mute",
        {"201": json_answer("Mute", "Muted")},
        [],
        errors=("TooLarge",),
    )
    fields: dict[str, tuple[str, Json]] = {
        "serial": ("the camera; default: all", {"type": "string"}),
        "zone": ("one zone of it; default: all", {"type": "string"}),
        "minutes": (
            "how long",
            {
                "type": "integer",
                "minimum": 1,
                "maximum": mutes.MAX_MINUTES,
                "default": mutes.DEFAULT_MINUTES,
            },
        ),
    }
    return operation | {"requestBody": _body(fields)}


def _receive(name: str, parameters: list[Json]) -> Json:
    operation = describe(
        name,
        "Receive an alarm from IXON, Meraki or any machine; needs the scope webhook",
        {"202": json_answer("Alarm", "Accepted and stored, or ignored with a reason")},
        parameters,
        errors=("NotFound", "TooLarge"),
    )
    message = {"schema": {"type": "object"}}
    kinds = ("application/json", "application/x-www-form-urlencoded")
    body = {"required": True, "content": dict.fromkeys(kinds, message)}
    return operation | {"requestBody": body}


def _scanning() -> Json:
    token = [path_parameter("token", "one of scanning.endpoints")]
    errors = ("NotFound", "TooLarge")
    answer = {"200": file_answer("text/plain", "The validator and nothing else")}
    about = "Prove to the Dashboard that this address is yours"
    get = describe("getValidator", about, answer, token, errors=errors)
    post = describe(
        "receiveObservations",
        "Receive observations from Meraki's Location Scanning API, version 2 or 3",
        {"200": json_answer("Observations", "Accepted and stored")},
        token,
        errors=errors,
    )
    message = {"application/json": {"schema": {"type": "object"}}}
    post["requestBody"] = {"required": True, "content": message}
    return {"get": get | {"security": []}, "post": post | {"security": []}}


def _event_parameters(most: int) -> list[Json]:
    fields: dict[str, Json] = {
        "kind": {"type": "string"},
        "since": {"type": "string", "description": "ISO 8601 time, included"},
        "until": {"type": "string", "description": "ISO 8601 time, not included"},
        "serial": {"type": "string", "description": "one or several cameras"},
        "after": {"type": "string", "description": "id of the last event you have"},
        "limit": {"type": "integer", "minimum": 1, "maximum": most},
    }
    return [{"name": n, "in": "query", "schema": s} for n, s in fields.items()]


def _metrics() -> Json:
    operation = describe(
        "getMetrics",
        "Prometheus metrics; no key needed from this machine itself",
        {"200": file_answer("text/plain", "Metrics")},
        [],
    )
    operation["security"] = [{}, *KEYS]
    return operation
