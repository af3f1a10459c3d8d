"""Progress of a job, told from what is stored about it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mvsnap.domain import (
    Delivery,
    DeliveryState,
    Event,
    EventKind,
    Job,
    JobState,
    PartState,
    Serial,
)


@dataclass(frozen=True, slots=True)
class PartProgress:
    """One camera of a job; `event` is there once a picture was taken or given up."""

    serial: Serial
    state: PartState
    event: Event | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class JobProgress:
    job: Job
    state: JobState
    parts: tuple[PartProgress, ...]


def job_progress(
    job: Job, events: Iterable[Event], deliveries: Mapping[tuple[str, str], Delivery]
) -> JobProgress:
    """deliveries: by part and room."""
    taken = {e.serial: e for e in events if e.kind is EventKind.SNAPSHOT}
    parts = tuple(
        _part(
            job,
            serial,
            taken.get(serial),
            [deliveries.get((serial, room)) for room in job.rooms],
        )
        for serial in job.serials
    )
    return JobProgress(job, _sum(parts), parts)


def _part(
    job: Job,
    serial: Serial,
    event: Event | None,
    letters: Sequence[Delivery | None],
) -> PartProgress:
    """letters: one for each room of the job, None: not begun."""
    if event is None:
        return PartProgress(serial, PartState.PENDING)
    states = {letter.state if letter else None for letter in letters}
    errors = [letter.error for letter in letters if letter and letter.error]
    error = errors[0] if errors else None
    if states - {DeliveryState.SENT, DeliveryState.FAILED}:
        return PartProgress(serial, PartState.PENDING, event, event.error or error)
    if DeliveryState.FAILED in states:
        return PartProgress(serial, PartState.FAILED, event, error)
    state = PartState.FAILED if event.error else PartState.DELIVERED
    return PartProgress(serial, state, event, event.error)


def _sum(parts: tuple[PartProgress, ...]) -> JobState:
    states = {part.state for part in parts}
    if PartState.PENDING in states:
        return JobState.PENDING
    if PartState.FAILED not in states:
        return JobState.DONE
    return JobState.PARTIAL if PartState.DELIVERED in states else JobState.FAILED
