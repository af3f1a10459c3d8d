"""A job as the engine stores it: plain JSON, readable by every later version.

One of a later version may be none that this one can read: it is kept as it is.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from mvsnap.clock import iso
from mvsnap.domain import (
    NEVER,
    CameraName,
    EventId,
    Job,
    JobId,
    Serial,
    Trigger,
    TriggerKind,
)
from mvsnap.values import as_stored, replace

# What cannot be read may be without a part, or have another thing there.
_OTHER_SHAPE = (ValueError, LookupError, TypeError, AttributeError)
_UNKNOWN = "unknown"


def encode(job: Job) -> str:
    if job.unread:
        return job.unread
    more = json.loads(job.more) if job.more else {}
    return json.dumps(_plain(job) | more)


def _plain(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "trigger": {"kind": job.trigger.kind, "by": job.trigger.by},
        "serials": job.serials,
        "accepted_at": iso(job.accepted_at),
        "at": iso(job.at) if job.at else None,
        "rooms": job.rooms,
        "prefix": job.prefix,
        "about": job.about,
        "clips": job.clips,
        "pre_roll_s": job.pre_roll_s,
        "post_roll_s": job.post_roll_s,
        "picture_url": job.picture_url,
        "caller": job.caller,
        "again_at": iso(job.again_at) if job.again_at else None,
        "camera_rooms": job.camera_rooms,
        "rule": job.rule,
    }


# `room` is of before 0.2.
_KNOWN = {"room", *_plain(Job(JobId(""), Trigger(TriggerKind.HTTP, ""), (), NEVER))}


def decode(text: str, job_id: JobId, accepted_at: datetime) -> Job:
    """Return the job; where this release cannot read it, its id, time and text alone.

    job_id, accepted_at: what is known of it besides.
    """
    try:
        return _read(text)
    except _OTHER_SHAPE:
        unknown = Trigger(as_stored(TriggerKind, _UNKNOWN), "")
        at = _accepted_at(text) or accepted_at
        return Job(job_id, unknown, (), at, unread=text)


def _read(text: str) -> Job:
    plain = json.loads(text)
    trigger = plain["trigger"]
    found = Job(
        id=JobId(plain["id"]),
        trigger=Trigger(as_stored(TriggerKind, trigger["kind"]), trigger["by"]),
        serials=tuple(Serial(serial) for serial in plain["serials"]),
        accepted_at=_moment(plain["accepted_at"]),
        at=_moment(plain["at"]) if plain["at"] else None,
        rooms=_rooms(plain),
        prefix=plain["prefix"],
        about=EventId(plain["about"]) if plain.get("about") else None,
        clips=tuple(CameraName(name) for name in plain.get("clips", ())),
        pre_roll_s=plain.get("pre_roll_s"),
        post_roll_s=plain.get("post_roll_s"),
        picture_url=plain.get("picture_url"),
        caller=plain.get("caller", ""),
        again_at=_moment(plain["again_at"]) if plain.get("again_at") else None,
        camera_rooms=tuple(
            (camera, tuple(rooms)) for camera, rooms in plain.get("camera_rooms", ())
        ),
        rule=plain.get("rule", ""),
    )
    more = {name: value for name, value in plain.items() if name not in _KNOWN}
    return replace(found, more=json.dumps(more)) if more else found


def _accepted_at(text: str) -> datetime | None:
    try:
        return _moment(json.loads(text)["accepted_at"])
    except _OTHER_SHAPE:
        return None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"no time zone: {text[:40]!r}")
    return moment


def _rooms(plain: dict[str, Any]) -> tuple[str, ...]:
    # Before 0.2 a job had one room or none.
    if "rooms" not in plain:
        return (plain["room"],) if plain["room"] else ()
    return tuple(plain["rooms"])
