"""The OpenAPI 3.1 description of the HTTP interface."""

from __future__ import annotations

from typing import Any

from mvsnap import __version__
from mvsnap.core import wishes
from mvsnap.domain import EventKind, JobState, PartState, TriggerKind

Json = dict[str, Any]

_SERIAL = "^Q[0-9A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{4}$"
_KEYS: list[Json] = [{"header": []}, {"bearer": []}, {"query": []}]


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
            "schemas": _schemas(),
            "responses": _responses(),
            "securitySchemes": {
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "query": {"type": "apiKey", "in": "query", "name": "apikey"},
            },
        },
    }


def _paths() -> Json:
    root = "/api/v1.0"
    event_id = [_path("event_id", "id of the event")]
    return {
        f"{root}/getSnapshot": {"get": _get_snapshot(), "post": _post_snapshot()},
        f"{root}/jobs/{{job_id}}": {
            "get": _operation(
                "getJob",
                "State of a job and of its cameras",
                {"200": _json("Job")},
                [_path("job_id", "id of the job")],
                errors=("NotFound",),
            )
        },
        f"{root}/events": {
            "get": _operation(
                "listEvents",
                "Events, newest first",
                {"200": _json("Events")},
                _event_parameters(500),
            )
        },
        f"{root}/events.csv": {
            "get": _operation(
                "downloadEvents",
                "Events as a table",
                {"200": _file("text/csv", "The table")},
                _event_parameters(1_000_000),
            )
        },
        f"{root}/events/{{event_id}}": {
            "get": _operation(
                "getEvent",
                "One event",
                {"200": _json("Event")},
                event_id,
                errors=("NotFound",),
            )
        },
        f"{root}/events/{{event_id}}/snapshot.jpg": {
            "get": _picture("getEventSnapshot", "The picture of an event")
        },
        f"{root}/events/{{event_id}}/thumbnail.jpg": {
            "get": _picture("getEventThumbnail", "The picture, 480 pixels wide")
        },
        f"{root}/openapi.json": {"get": _open("getOpenapi", "This description")},
        "/healthz": {"get": _open("getHealth", "Alive")},
        "/readyz": {
            "get": _open("getReadiness", "Ready, with a reason for each part", "503")
        },
        "/metrics": {"get": _metrics()},
    }


def _get_snapshot() -> Json:
    operation = _snapshot("getSnapshot")
    operation["parameters"] += [
        {"name": name, "in": "query", "description": about, "schema": schema}
        for name, (about, schema) in _snapshot_fields().items()
    ]
    return operation


def _post_snapshot() -> Json:
    operation = _snapshot("postSnapshot")
    fields = _snapshot_fields()
    schema = {
        "type": "object",
        "properties": {
            name: schema | {"description": about}
            for name, (about, schema) in fields.items()
        },
    }
    operation["requestBody"] = {
        "required": False,
        "content": {
            "application/json": {"schema": schema},
            "application/x-www-form-urlencoded": {"schema": schema},
        },
    }
    return operation


def _snapshot(name: str) -> Json:
    return _operation(
        name,
        "Take a snapshot of each camera and post it to Webex",
        {
            "200": _json("Snapshots", "All is delivered"),
            "202": _json("Snapshots", "Accepted durably; look at job.url later"),
            "207": _json("Snapshots", "Some cameras failed"),
        },
        [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "the same key gives the same job",
                "schema": {"type": "string", "maxLength": 255},
            }
        ],
        errors=("TooLarge",),
    )


def _picture(name: str, summary: str) -> Json:
    return _operation(
        name,
        summary,
        {
            "200": _file("image/jpeg", "The picture"),
            "206": _file("image/jpeg", "The part asked for with Range"),
            "304": {"description": "Not changed"},
            "416": {"$ref": "#/components/responses/BadRange"},
        },
        [_path("event_id", "id of the event")],
        errors=("NotFound",),
    )


def _snapshot_fields() -> dict[str, tuple[str, Json]]:
    return {
        "mvSerial": (
            f"one serial or up to {wishes.MAX_CAMERAS}, comma separated; "
            "default: meraki.cameras",
            {"type": "string"},
        ),
        "webexRoom": (
            "room title, room id or e-mail; default: webex.room",
            {"type": "string", "maxLength": wishes.MAX_ROOM},
        ),
        "at": ("ISO 8601 time in the past; default: now", {"type": "string"}),
        "prefix": (
            "text in front of the message",
            {"type": "string", "maxLength": wishes.MAX_PREFIX},
        ),
        "wait_s": (
            "how long to wait for the end of the job",
            {
                "type": "number",
                "minimum": 0,
                "maximum": wishes.MAX_WAIT_S,
                "default": wishes.DEFAULT_WAIT_S,
            },
        ),
    }


def _event_parameters(most: int) -> list[Json]:
    fields: dict[str, Json] = {
        "kind": {"type": "string", "enum": list(EventKind)},
        "since": {"type": "string", "description": "ISO 8601 time, included"},
        "until": {"type": "string", "description": "ISO 8601 time, not included"},
        "serial": {"type": "string", "description": "one or several cameras"},
        "after": {"type": "string", "description": "id of the last event you have"},
        "limit": {"type": "integer", "minimum": 1, "maximum": most},
    }
    return [{"name": n, "in": "query", "schema": s} for n, s in fields.items()]


def _operation(
    name: str,
    summary: str,
    answers: Json,
    parameters: list[Json],
    errors: tuple[str, ...] = (),
) -> Json:
    names = (*_COMMON_ERRORS, *errors)
    refused = {
        _ERRORS[error][0]: {"$ref": f"#/components/responses/{error}"}
        for error in names
    }
    return {
        "operationId": name,
        "summary": summary,
        "security": _KEYS,
        "parameters": parameters,
        "responses": answers | refused,
    }


def _open(name: str, summary: str, also: str | None = None) -> Json:
    content = {"application/json": {"schema": {"type": "object"}}}
    answer = {"description": summary, "content": content}
    statuses = ["200", also] if also else ["200"]
    return {
        "operationId": name,
        "summary": summary,
        "security": [],
        "responses": dict.fromkeys(statuses, answer),
    }


def _metrics() -> Json:
    operation = _operation(
        "getMetrics",
        "Prometheus metrics; from this machine itself without a key",
        {"200": _file("text/plain", "Metrics")},
        [],
    )
    operation["security"] = [{}, *_KEYS]
    return operation


def _path(name: str, about: str) -> Json:
    schema = {"type": "string", "minLength": 1}
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": about,
        "schema": schema,
    }


def _json(schema: str, about: str = "Found") -> Json:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {
        "description": about,
        "content": {"application/json": {"schema": reference}},
    }


def _file(mime: str, about: str) -> Json:
    return {"description": about, "content": {mime: {"schema": {"type": "string"}}}}


_COMMON_ERRORS = (
    "BadInput",
    "Unauthorized",
    "Forbidden",
    "TooManyRequests",
    "Unavailable",
)
_ERRORS: dict[str, tuple[str, str]] = {
    "BadInput": ("400", "A parameter that cannot be used; the message names it"),
    "Unauthorized": ("401", "No key, or a wrong one"),
    "Forbidden": ("403", "The key may not use this camera, room or scope"),
    "NotFound": ("404", "There is no such thing, or the key may not see it"),
    "TooLarge": ("413", "The body is too large"),
    "BadRange": ("416", "The file has no such part"),
    "TooManyRequests": ("429", "Come again after Retry-After seconds"),
    "Unavailable": (
        "503",
        "Nothing was accepted; come again after Retry-After seconds",
    ),
}


def _responses() -> Json:
    return {name: _json("Error", about) for name, (_, about) in _ERRORS.items()}


def _object(required: Json) -> Json:
    return {"type": "object", "required": list(required), "properties": required}


def _schemas() -> Json:
    text: Json = {"type": "string"}
    maybe: Json = {"type": ["string", "null"]}
    time: Json = {"type": "string", "format": "date-time"}
    link: Json = {"type": ["string", "null"], "format": "uri"}
    trigger = _object({"kind": {"enum": list(TriggerKind)}, "by": text})
    camera = {
        "serial": {"type": "string", "pattern": _SERIAL},
        "status": {"enum": list(PartState)},
        "snapshot_url": link,
        "video_link": link,
        "error": maybe,
    }
    snapshots = {
        "status": {"enum": list(JobState)},
        "job": _object({"id": text, "url": {"type": "string", "format": "uri"}}),
        "cameras": {"type": "array", "items": _object(camera)},
    }
    event = {
        "id": text,
        "kind": {"enum": list(EventKind)},
        "occurred_at": time,
        "recorded_at": time,
        "serial": {"type": "string", "pattern": _SERIAL},
        "camera_name": text,
        "title": text,
        "job_id": text,
        "trigger": trigger,
        "snapshot_url": link,
        "video_link": link,
        "error": maybe,
    }
    job = snapshots | {
        "accepted_at": time,
        "at": maybe,
        "room": maybe,
        "trigger": trigger,
    }
    return {
        "Snapshots": _object(snapshots),
        "Job": _object(job),
        "Event": _object(event),
        "Events": _object(
            {
                "events": {
                    "type": "array",
                    "items": {"$ref": "#/components/schemas/Event"},
                },
                "after": maybe,
            }
        ),
        "Error": _object({"error": _object({"code": text, "message": text})}),
    }
