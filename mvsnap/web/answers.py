"""Answers of the API as types: the views encode them, the description shows them.

A class `JobAnswer` appears as `Job` in the description, and so in a client generated
from it: those names and the names of fields are an interface.
"""

from __future__ import annotations

import json
from typing import Annotated

from flask import Response, jsonify
from msgspec import Meta, Struct, to_builtins

from mvsnap.domain import EventKind, JobState, PartState, TriggerKind
from mvsnap.status.model import Condition
from mvsnap.store.events.search import EventState
from mvsnap.store.job_states import JobStage
from mvsnap.texts.wording import Reason

Link = Annotated[str, Meta(extra_json_schema={"format": "uri"})]
# ISO 8601 in UTC, as `clock.iso` writes it.
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
SerialText = Annotated[str, Meta(pattern="^Q[0-9A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{4}$")]
Count = Annotated[int, Meta(ge=0)]


def json_response(answer: Struct, status: int = 200) -> Response:
    """Return an answer as JSON; fields that are UNSET are omitted."""
    # Not msgspec's own encoder: it rejects half a character, which a mistake may quote.
    response = jsonify(to_builtins(answer, enc_hook=_sentence))
    response.status_code = status
    return response


def json_text(answer: Struct) -> str:
    """Return the answer's body, for those who answer without Flask."""
    return json.dumps(to_builtins(answer, enc_hook=_sentence))


def _sentence(reason: object) -> str:
    """Return what programs read of a reason: msgspec knows no kinds of texts."""
    if not isinstance(reason, Reason):
        raise NotImplementedError(f"No JSON for {type(reason).__name__}")
    return str(reason)


class ErrorDetails(Struct):
    """`code` is stable, for programs; `message` is for people."""

    code: str
    message: str


class ErrorAnswer(Struct):
    """Why a request was refused or failed."""

    error: ErrorDetails


class TriggerAnswer(Struct):
    """What started a job; `by`: the API key, schedule, command, zone or sensor."""

    kind: TriggerKind
    by: str


class JobLink(Struct):
    """A job, and the address of its progress."""

    id: str
    url: Link


class CameraAnswer(Struct):
    """Progress of one camera of a job; `error`: why there is no picture.

    error_code: stands for the kind of error and stays; null for words of a service.
    """

    serial: SerialText
    status: PartState
    snapshot_url: Link | None
    video_link: Link | None
    error: str | None
    error_code: str | None


class ClipAnswer(Struct):
    """Progress of one clip of a job; `error`: why there is no clip.

    error_code: stands for the kind of error and stays; null for words of a service.
    """

    camera: str
    status: PartState
    clip_url: Link | None
    error: str | None
    error_code: str | None


class SnapshotsAnswer(Struct):
    """The result of a trigger so far; `times`: so many equal triggers it answers."""

    status: JobState
    job: JobLink
    times: Annotated[int, Meta(ge=1)]
    cameras: list[CameraAnswer]


class JobAnswer(SnapshotsAnswer):
    """State of a job; `at`: the moment to show, null: the time it was accepted."""

    accepted_at: Time
    at: Time | None
    rooms: list[str]
    trigger: TriggerAnswer
    clips: list[ClipAnswer]


class ListedJobAnswer(Struct):
    """A job in the list.

    since: when it began to wait, or ended. waits_for: what lets it go on; reason: why
    it waits or failed; reason_code: stands for its kind and stays, null for words of a
    service. next_try_at: at the latest; null: now, or never.
    """

    id: str
    url: Link
    state: JobStage
    accepted_at: Time
    since: Time
    waits_for: str | None
    reason: str | None
    reason_code: str | None
    next_try_at: Time | None
    trigger: TriggerAnswer
    cameras: list[str]
    rooms: list[str]
    title: str


class JobsAnswer(Struct):
    """A page of jobs; `after`: pass it on for the next page, null: the last page."""

    jobs: list[ListedJobAnswer]
    after: str | None


class ZoneAnswer(Struct):
    """A zone of a camera, with its name at the time."""

    zone_id: str
    name: str


class EventAnswer(Struct):
    """Something that happened.

    occurred_at: the moment it shows; recorded_at: when it was stored.
    serial: null for a camera that is only known to the recorder.
    error: why there is no picture or clip, in English; error_code, error_values: the
        same for programs, null and empty for words of a service or a camera.
    details: numbers and texts of this kind of event; names include the unit.
    state: whether it failed, or what became of the messages about it.
    """

    id: str
    kind: EventKind
    state: EventState
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
    error_code: str | None
    error_values: dict[str, str | int | float]
    zone: ZoneAnswer | None
    details: dict[str, str | int | float]


class EventsAnswer(Struct):
    """A page of events; `after`: pass it on for the next page, null: the last page.

    Where it is searched for, a page may have few events and yet another one behind it.
    """

    events: list[EventAnswer]
    after: str | None


class StatusRowAnswer(Struct):
    """One part of a site; `text`: what is the case, `advice`: what to do about it.

    since: when this state began; seen_at: when it was known to be so.
    worked_at, failed_at: the last calls of a service outside.
    """

    group: str
    name: str
    health: Condition
    text: str
    advice: str
    since: Time | None
    worked_at: Time | None
    failed_at: Time | None
    seen_at: Time | None


class StatusAnswer(Struct):
    """What works and what does not, at a moment of the database."""

    health: Condition
    at: Time
    rows: list[StatusRowAnswer]


class MuteAnswer(Struct):
    """A period in which crowds are recorded but nobody is notified; null means all."""

    id: str
    serial: SerialText | None
    zone_id: str | None
    until: Time
    muted_at: Time
    muted_by: str


class MutesAnswer(Struct):
    """The active mutes."""

    mutes: list[MuteAnswer]
