"""What the description of the API is built from: operations, answers, schemas."""

from __future__ import annotations

from typing import Any

from mvsnap.badges.model import MAX_TEXT
from mvsnap.domain import EventKind, JobState, PartState, TriggerKind

Json = dict[str, Any]

KEYS: list[Json] = [{"header": []}, {"bearer": []}, {"query": []}]
_SERIAL = "^Q[0-9A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{4}$"
# A mismatch at a reader without a camera has none.
_MAYBE_SERIAL = f"^$|{_SERIAL}"


def describe(
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
        "security": KEYS,
        "parameters": parameters,
        "responses": answers | refused,
    }


def describe_open(name: str, summary: str, also: str | None = None) -> Json:
    content = {"application/json": {"schema": {"type": "object"}}}
    answer = {"description": summary, "content": content}
    statuses = ["200", also] if also else ["200"]
    return {
        "operationId": name,
        "summary": summary,
        "security": [],
        "responses": dict.fromkeys(statuses, answer),
    }


def path_parameter(name: str, about: str) -> Json:
    schema = {"type": "string", "minLength": 1}
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": about,
        "schema": schema,
    }


def json_answer(schema: str, about: str = "Found") -> Json:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {
        "description": about,
        "content": {"application/json": {"schema": reference}},
    }


def file_answer(mime: str, about: str) -> Json:
    return {"description": about, "content": {mime: {"schema": {"type": "string"}}}}


_COMMON_ERRORS = (
    "BadInput",
    "Unauthorized",
    "Forbidden",
    "TooManyRequests",
    "Unavailable",
)
_ERRORS: dict[str, tuple[str, str]] = {
    "BadInput": ("400", "Invalid parameter, named in the message"),
    "Unauthorized": ("401", "Missing or wrong key"),
    "Forbidden": ("403", "The key may not use this camera, room or scope"),
    "NotFound": ("404", "Not found, or the key may not see it"),
    "TooLarge": ("413", "The body is too large"),
    "BadRange": ("416", "The file has no such range"),
    "TooManyRequests": ("429", "Try again after Retry-After seconds"),
    "Unavailable": (
        "503",
        "Nothing was accepted; try again after Retry-After seconds",
    ),
}


def responses() -> Json:
    return {name: json_answer("Error", about) for name, (_, about) in _ERRORS.items()}


def _object(required: Json, **maybe: Json) -> Json:
    properties = required | maybe
    return {"type": "object", "required": list(required), "properties": properties}


def _list_of(schema: str) -> Json:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}}


_TEXT: Json = {"type": "string"}
_MAYBE: Json = {"type": ["string", "null"]}
_TIME: Json = {"type": "string", "format": "date-time"}
_LINK: Json = {"type": ["string", "null"], "format": "uri"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_TRIGGER = _object({"kind": {"enum": list(TriggerKind)}, "by": _TEXT})
_STATUS: Json = {"enum": list(PartState)}


def schemas() -> Json:
    return {
        "Snapshots": _object(_snapshots()),
        "Job": _job(),
        "Event": _event(),
        "Events": _object({"events": _list_of("Event"), "after": _MAYBE}),
        "Mute": _mute(),
        "Mutes": _object({"mutes": _list_of("Mute")}),
        "Alarm": _alarm(),
        "BadgeEvent": _badge_event(),
        "BadgesAdded": _object({"new": _COUNT, "known": _COUNT}),
        "Observations": _observations(),
        "Error": _object({"error": _object({"code": _TEXT, "message": _TEXT})}),
    }


def _snapshots() -> Json:
    camera = {
        "serial": {"type": "string", "pattern": _SERIAL},
        "status": _STATUS,
        "snapshot_url": _LINK,
        "video_link": _LINK,
        "error": _MAYBE,
    }
    return {
        "status": {"enum": list(JobState)},
        "job": _object({"id": _TEXT, "url": {"type": "string", "format": "uri"}}),
        "cameras": {"type": "array", "items": _object(camera)},
    }


def _job() -> Json:
    clip = {"camera": _TEXT, "status": _STATUS, "clip_url": _LINK, "error": _MAYBE}
    more = {
        "accepted_at": _TIME,
        "at": _MAYBE,
        "rooms": {"type": "array", "items": _TEXT},
        "trigger": _TRIGGER,
        "clips": {"type": "array", "items": _object(clip)},
    }
    return _object(_snapshots() | more)


def _event() -> Json:
    zone = _object({"zone_id": _TEXT, "name": _TEXT})
    return _object(
        {
            "id": _TEXT,
            "kind": {"enum": list(EventKind)},
            "occurred_at": _TIME,
            "recorded_at": _TIME,
            "serial": {"type": ["string", "null"], "pattern": _SERIAL},
            "camera_name": _TEXT,
            "title": _TEXT,
            "job_id": _TEXT,
            "trigger": _TRIGGER,
            "snapshot_url": _LINK,
            "clip_url": _LINK,
            "video_link": _LINK,
            "error": _MAYBE,
            "zone": {"oneOf": [{"type": "null"}, zone]},
            "details": {"type": "object"},
        }
    )


def _mute() -> Json:
    return _object(
        {
            "id": _TEXT,
            "serial": _MAYBE,
            "zone_id": _MAYBE,
            "until": _TIME,
            "muted_at": _TIME,
            "muted_by": _TEXT,
        }
    )


def _badge_event() -> Json:
    """What is not named here is kept as a detail."""
    text: Json = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
    about = "ISO 8601 (UTC if without an offset), or seconds or milliseconds since 1970"
    time: Json = {"type": ["string", "number"], "description": about}
    return _object({"timestamp": time, "user_id": text, "reader": text})


def _observations() -> Json:
    """What /scanning answers."""
    numbers = dict.fromkeys(("observations", "ignored", "bad"), {"type": "integer"})
    return _object({"status": {"const": "accepted"}} | numbers)


def _alarm() -> Json:
    """What /webhook answers."""
    texts: Json = {"type": "array", "items": _TEXT}
    job = {"id": _TEXT, "url": {"type": "string", "format": "uri"}}
    jobs = {"type": "array", "items": _object(job | {"cameras": texts, "clips": texts})}
    numbers = _object(dict.fromkeys(("new", "known"), {"type": "integer"}))
    accepted = _object(
        {"status": {"const": "accepted"}, "jobs": jobs, "notes": texts},
        job=_object(job),
        badges=numbers,
    )
    ignored = _object({"status": {"const": "ignored"}, "reason": _TEXT})
    return {"oneOf": [ignored, accepted]}
