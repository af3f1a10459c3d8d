"""What the API answers, as types: the views encode them, the description shows them.

A class `JobAnswer` is `Job` in the description, and so in a client made of it: the
names there, and those of the fields, are an interface.
"""

from __future__ import annotations

from typing import Annotated

from flask import Response, jsonify
from msgspec import Meta, Struct, to_builtins

from mvsnap.domain import EventKind, JobState, PartState, TriggerKind

Link = Annotated[str, Meta(extra_json_schema={"format": "uri"})]
# ISO 8601 in UTC, as `clock.iso` writes it.
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
SerialText = Annotated[str, Meta(pattern="^Q[0-9A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{4}$")]
Count = Annotated[int, Meta(ge=0)]


def json_response(answer: Struct, status: int = 200) -> Response:
    """Return an answer as JSON; a field that is UNSET is left out."""
    # Not msgspec's own encoder: it refuses half a character, which a mistake may quote.
    response = jsonify(to_builtins(answer))
    response.status_code = status
    return response


class ErrorDetails(Struct):
    """`code` is stable, for programs; `message` is for people."""

    code: str
    message: str


class ErrorAnswer(Struct):
    """Why a request was refused or failed."""

    error: ErrorDetails


class TriggerAnswer(Struct):
    """What started a job; `by` names the API key, schedule, command, zone or sensor."""

    kind: TriggerKind
    by: str


class JobLink(Struct):
    """A job, and where to look how far it is."""

    id: str
    url: Link


class CameraAnswer(Struct):
    """How far one camera of a job is; `error`: why there is no picture."""

    serial: SerialText
    status: PartState
    snapshot_url: Link | None
    video_link: Link | None
    error: str | None


class ClipAnswer(Struct):
    """How far one clip of a job is; `error`: why there is none."""

    camera: str
    status: PartState
    clip_url: Link | None
    error: str | None


class SnapshotsAnswer(Struct):
    """What came of a trigger so far."""

    status: JobState
    job: JobLink
    cameras: list[CameraAnswer]


class JobAnswer(SnapshotsAnswer):
    """State of a job; `at`: the moment to show, null: when it was accepted."""

    accepted_at: Time
    at: Time | None
    rooms: list[str]
    trigger: TriggerAnswer
    clips: list[ClipAnswer]


class ZoneAnswer(Struct):
    """A zone of a camera, with its name at that time."""

    zone_id: str
    name: str


class EventAnswer(Struct):
    """A fact that happened.

    occurred_at: the moment it shows; recorded_at: when it was written down.
    serial: null for a camera that only the recorder knows.
    details: numbers and texts of this kind of event, named with their unit.
    """

    id: str
    kind: EventKind
    occurred_at: Time
    recorded_at: Time
    serial: SerialText | None
    camera_name: str
    title: str
    job_id: str
    trigger: TriggerAnswer
    snapshot_url: Link | None
    clip_url: Link | None
    video_link: Link | None
    error: str | None
    zone: ZoneAnswer | None
    details: dict[str, str | int | float]


class EventsAnswer(Struct):
    """A page of events; `after`: to ask for the next page with, null: there is none."""

    events: list[EventAnswer]
    after: str | None


class MuteAnswer(Struct):
    """A time in which crowds are recorded but nobody is notified; null means all."""

    id: str
    serial: SerialText | None
    zone_id: str | None
    until: Time
    muted_at: Time
    muted_by: str


class MutesAnswer(Struct):
    """The mutes that hold now."""

    mutes: list[MuteAnswer]
