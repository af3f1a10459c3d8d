"""What the description of the API is built from: operations, answers, schemas."""

from __future__ import annotations

from typing import Any

from mvsnap.core.badges import MAX_TEXT
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


def responses() -> Json:
    return {name: json_answer("Error", about) for name, (_, about) in _ERRORS.items()}


def _object(required: Json) -> Json:
    return {"type": "object", "required": list(required), "properties": required}


def _list_of(schema: str) -> Json:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}}


def schemas() -> Json:
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
        "serial": {"type": ["string", "null"], "pattern": _SERIAL},
        "camera_name": text,
        "title": text,
        "job_id": text,
        "trigger": trigger,
        "snapshot_url": link,
        "clip_url": link,
        "video_link": link,
        "error": maybe,
        "zone": {"oneOf": [{"type": "null"}, _object({"zone_id": text, "name": text})]},
        "details": {"type": "object"},
    }
    mute = {
        "id": text,
        "serial": maybe,
        "zone_id": maybe,
        "until": time,
        "muted_at": time,
        "muted_by": text,
    }
    job = snapshots | {
        "accepted_at": time,
        "at": maybe,
        "rooms": {"type": "array", "items": text},
        "trigger": trigger,
        "clips": {"type": "array", "items": _clip(text, maybe, link)},
    }
    return {
        "Snapshots": _object(snapshots),
        "Job": _object(job),
        "Event": _object(event),
        "Events": _object({"events": _list_of("Event"), "after": maybe}),
        "Mute": _object(mute),
        "Mutes": _object({"mutes": _list_of("Mute")}),
        "Alarm": _alarm(text),
        "BadgeEvent": _badge_event(),
        "BadgesAdded": _object({"new": _COUNT, "known": _COUNT}),
        "Observations": _observations(),
        "Error": _object({"error": _object({"code": text, "message": text})}),
    }


def _clip(text: Json, maybe: Json, link: Json) -> Json:
    status = {"enum": list(PartState)}
    return _object({"camera": text, "status": status, "clip_url": link, "error": maybe})


_COUNT: Json = {"type": "integer", "minimum": 0}


def _badge_event() -> Json:
    """What is not named here is kept as a detail."""
    text: Json = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
    about = "ISO 8601, without an offset UTC; or seconds or milliseconds since 1970"
    time: Json = {"type": ["string", "number"], "description": about}
    return _object({"timestamp": time, "user_id": text, "reader": text})


def _observations() -> Json:
    """What /scanning answers."""
    numbers = dict.fromkeys(("observations", "ignored", "bad"), {"type": "integer"})
    return _object({"status": {"const": "accepted"}} | numbers)


def _alarm(text: Json) -> Json:
    """What /webhook answers."""
    link: Json = {"type": "string", "format": "uri"}
    texts: Json = {"type": "array", "items": text}
    job = {"id": text, "url": link}
    jobs = {"type": "array", "items": _object(job | {"cameras": texts, "clips": texts})}
    accepted = {"status": {"const": "accepted"}, "job": _object(job), "jobs": jobs}
    ignored = {"status": {"const": "ignored"}, "reason": text}
    return {"oneOf": [_object(ignored), _object(accepted | {"notes": texts})]}
