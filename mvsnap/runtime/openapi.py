"""The OpenAPI 3.1 description of the HTTP interface."""

from __future__ import annotations

from functools import cache

from msgspec.structs import replace

from mvsnap import __version__
from mvsnap.badges import json_body
from mvsnap.badges.answers import BadgesQuery, BadgeTableQuery
from mvsnap.runtime.answers import DescriptionAnswer
from mvsnap.runtime.openapi_analytics import analytics_paths
from mvsnap.runtime.openapi_operations import (
    body,
    describe,
    describe_open,
    file_answer,
    idempotency_key,
    json_answer,
    path_parameter,
    query_parameters,
    responses,
)
from mvsnap.runtime.openapi_schemas import Json, reference, schemas
from mvsnap.web.bodies import EventsQuery, EventTableQuery, JobsQuery, SnapshotBody


def document(public_url: str) -> DescriptionAnswer:
    # A client may choose the path of the address: nothing is kept for each.
    return replace(_document(), servers=[{"url": public_url or "/"}])


@cache  # the endpoint is public, and building the schemas takes a while
def _document() -> DescriptionAnswer:
    return DescriptionAnswer(
        openapi="3.1.0",
        info={
            "title": "mvsnap",
            "version": __version__,
            "description": "Camera evidence for a trigger: snapshot and video link.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        servers=[],
        paths=_paths(),
        components={
            "schemas": schemas(),
            "responses": responses(),
            "securitySchemes": {
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "query": {"type": "apiKey", "in": "query", "name": "apikey"},
            },
        },
    )


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
        **_job_paths(root),
        **_event_paths(root),
        **_badge_paths(root),
        **analytics_paths(root),
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
                "receiveWithToken", [path_parameter("token", "a webhook token")]
            )
            | {"security": []}
        },
        "/webhook": {"post": _receive("receive", [])},
        "/scanning/{token}": _scanning(),
        **_operator_paths(root),
    }


def _operator_paths(root: str) -> Json:
    return {
        f"{root}/status": {
            "get": describe(
                "getStatus",
                "What works and what does not; needs the scope read",
                {"200": json_answer("Status")},
                [],
            )
        },
        f"{root}/openapi.json": {
            "get": describe_open("getOpenapi", "This description", "Description")
        },
        "/healthz": {"get": describe_open("getHealth", "Alive", "Health")},
        "/readyz": {
            "get": describe_open(
                "getReadiness",
                "Readiness, with a reason for each part",
                "Readiness",
                "503",
            )
        },
        "/metrics": {
            "get": describe(
                "getMetrics",
                "Prometheus metrics; needs the scope read",
                {"200": file_answer("text/plain", "Metrics")},
                [],
            )
        },
    }


def _job_paths(root: str) -> Json:
    return {
        f"{root}/jobs": {
            "get": describe(
                "listJobs",
                "Jobs, newest first: what they wait for, or how they ended; needs the "
                "scope read",
                {"200": json_answer("Jobs")},
                query_parameters(JobsQuery),
            )
        },
        f"{root}/jobs/{{job_id}}/retry": {
            "post": describe(
                "retryJob",
                "Try a job that waits or failed again now; needs the scope snapshot",
                {"202": json_answer("ListedJob", "It goes on, or begins again")},
                [path_parameter("job_id", "id of the job")],
                errors=("NotFound",),
            )
        },
    }


def _event_paths(root: str) -> Json:
    event_id = [path_parameter("event_id", "id of the event")]
    return {
        f"{root}/events": {
            "get": describe(
                "listEvents",
                "Events, newest first; needs the scope read, and mismatches review",
                {"200": json_answer("Events")},
                query_parameters(EventsQuery),
            )
        },
        f"{root}/events.csv": {
            "get": describe(
                "downloadEvents",
                "Events as a table; needs the scope read, and mismatches review",
                {"200": file_answer("text/csv", "The table")},
                query_parameters(EventTableQuery),
            )
        },
        f"{root}/events/{{event_id}}": {
            "get": describe(
                "getEvent",
                "One event; needs the scope read, a mismatch review",
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


def _badge_paths(root: str) -> Json:
    badge_id = [path_parameter("badge_id", "id of the badge event")]
    return {
        f"{root}/badges": {
            "get": describe(
                "listBadges",
                "Badge events and verdicts, newest first; needs the scope review",
                {"200": json_answer("BadgeEvents")},
                query_parameters(BadgesQuery),
            ),
            "post": _add_badges(),
        },
        f"{root}/badges.csv": {
            "get": describe(
                "downloadBadges",
                "Badge events as a table; needs the scope review",
                {"200": file_answer("text/csv", "The table")},
                query_parameters(BadgeTableQuery),
            )
        },
        f"{root}/badges/{{badge_id}}": {
            "get": describe(
                "getBadge",
                "One badge event with all verdicts about it; needs the scope review",
                {"200": json_answer("ReviewedBadge")},
                badge_id,
                errors=("NotFound",),
            )
        },
        f"{root}/badges/{{badge_id}}/picture.jpg": {
            "get": _file(
                "getBadgePicture",
                "The picture of a swipe; needs the scope review",
                "image/jpeg",
                badge_id,
            )
        },
        f"{root}/badges/{{badge_id}}/near/{{offset_s}}/picture.jpg": {
            "get": _file(
                "getBadgeNearPicture",
                "A picture before or after a swipe; needs the scope review",
                "image/jpeg",
                [*badge_id, path_parameter("offset_s", "-5, -2, 2 or 5")],
            )
        },
    }


def _get_snapshot() -> Json:
    operation = _snapshot("getSnapshot")
    operation["parameters"] += query_parameters(SnapshotBody)
    return operation


def _post_snapshot() -> Json:
    asked = body(reference("SnapshotBody"), "SnapshotForm", required=False)
    return _snapshot("postSnapshot") | {"requestBody": asked}


_ACCEPTED = (
    "Accepted and stored; check job.url later. A request that is equal to one that "
    "waits joins its job: times says how many it answers."
)


def _snapshot(name: str) -> Json:
    return describe(
        name,
        "Take a snapshot of each camera and post it to Webex",
        {
            "200": json_answer("Snapshots", "Everything was delivered"),
            "202": json_answer("Snapshots", _ACCEPTED),
            "207": json_answer("Snapshots", "Some cameras failed"),
        },
        [idempotency_key()],
    )


def _file(name: str, summary: str, mimetype: str, of: list[Json] | None = None) -> Json:
    """of: the parameters of the path; default: an event."""
    return describe(
        name,
        summary,
        {
            "200": file_answer(mimetype, "The file"),
            "206": file_answer(mimetype, "The part requested with Range"),
            "304": {"description": "Not changed"},
            "412": {"description": "The file is not the one of If-Match"},
            "416": {"$ref": "#/components/responses/BadRange"},
        },
        of or [path_parameter("event_id", "id of the event")],
        errors=("NotFound",),
    )


def _add_badges() -> Json:
    operation = describe(
        "addBadges",
        "Store badge events, all or none; needs the scope badges",
        {
            "200": json_answer("BadgesAdded", "All were duplicates"),
            "202": json_answer("BadgesAdded", "Stored; pictures are fetched later"),
        },
        [],
    )
    one = reference("BadgeEventBody")
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": json_body.MOST}
    about = "One badge event or a list of them; one may also come as a form"
    asked = {"description": about} | body({"oneOf": [one, many]})
    return operation | {"requestBody": asked}


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
    )
    return operation | {
        "requestBody": body(reference("MuteBody"), "MuteForm", required=False)
    }


def _receive(name: str, parameters: list[Json]) -> Json:
    operation = describe(
        name,
        "Receive an alarm from IXON, Meraki or any machine; needs the scope webhook",
        {"202": json_answer("Alarm", "Accepted and stored, or ignored with a reason")},
        [*parameters, idempotency_key()],
        errors=("NotFound", "UnknownCoding"),
    )
    return operation | {"requestBody": body(reference("AlarmMessage"), "AlarmForm")}


def _scanning() -> Json:
    token = [path_parameter("token", "one of scanning.endpoints")]
    errors = ("NotFound", "UnknownCoding")
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
    message = {"application/json": {"schema": reference("ScanningMessage")}}
    post["requestBody"] = {"required": True, "content": message}
    return {"get": get | {"security": []}, "post": post | {"security": []}}
