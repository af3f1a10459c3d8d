"""A job as the engine keeps it: plain JSON, readable by every later version."""

from __future__ import annotations

import json
from datetime import datetime

from mvsnap.clock import iso
from mvsnap.domain import Job, JobId, Serial, Trigger, TriggerKind


def encode(job: Job) -> str:
    return json.dumps(
        {
            "id": job.id,
            "trigger": {"kind": job.trigger.kind, "by": job.trigger.by},
            "serials": job.serials,
            "accepted_at": iso(job.accepted_at),
            "at": iso(job.at) if job.at else None,
            "room": job.room,
            "prefix": job.prefix,
        }
    )


def decode(text: str) -> Job:
    plain = json.loads(text)
    trigger = plain["trigger"]
    return Job(
        id=JobId(plain["id"]),
        trigger=Trigger(TriggerKind(trigger["kind"]), trigger["by"]),
        serials=tuple(Serial(serial) for serial in plain["serials"]),
        accepted_at=datetime.fromisoformat(plain["accepted_at"]),
        at=datetime.fromisoformat(plain["at"]) if plain["at"] else None,
        room=plain["room"],
        prefix=plain["prefix"],
    )
