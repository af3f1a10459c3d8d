"""Schedules of the settings as the engine's timetables."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from mvsnap.domain import Job, JobId, Serial, Trigger, TriggerKind

# Any fixed UUID: the same schedule at the same moment must give the same job id.
_NAMESPACE = uuid.UUID("5f8b7c1e-3c55-4c0b-9d0f-0e6f0f6a5004")


@dataclass(frozen=True, slots=True)
class CameraTimetable:
    """name: unique and stable, so that a change of the settings replaces it."""

    name: str
    cron: str
    serials: tuple[Serial, ...]
    rooms: tuple[str, ...]
    prefix: str

    def job_for(self, moment: datetime) -> Job:
        moment = moment.astimezone(UTC)
        job_id = uuid.uuid5(_NAMESPACE, f"{self.name} {moment.isoformat()}")
        return Job(
            id=JobId(str(job_id)),
            trigger=Trigger(TriggerKind.SCHEDULE, f"schedule {self.cron}"),
            serials=self.serials,
            accepted_at=moment,
            rooms=self.rooms,
            prefix=self.prefix,
        )
