"""Progress of a job, told from what is stored about it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mvsnap.domain import (
    Delivery,
    DeliveryState,
    Event,
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
    job: Job, events: Iterable[Event], deliveries: Mapping[str, Delivery]
) -> JobProgress:
    by_serial = {event.serial: event for event in events}
    parts = tuple(
        _part(job, serial, by_serial.get(serial), deliveries.get(serial))
        for serial in job.serials
    )
    return JobProgress(job, _sum(parts), parts)


def _part(
    job: Job, serial: Serial, event: Event | None, delivery: Delivery | None
) -> PartProgress:
    if event is None:
        return PartProgress(serial, PartState.PENDING)
    if job.room is None:
        state = PartState.FAILED if event.error else PartState.DELIVERED
        return PartProgress(serial, state, event, event.error)
    if delivery is None:
        return PartProgress(serial, PartState.PENDING, event, event.error)
    if delivery.state is DeliveryState.FAILED:
        return PartProgress(serial, PartState.FAILED, event, delivery.error)
    if delivery.state is not DeliveryState.SENT:
        return PartProgress(
            serial, PartState.PENDING, event, event.error or delivery.error
        )
    state = PartState.FAILED if event.error else PartState.DELIVERED
    return PartProgress(serial, state, event, event.error)


def _sum(parts: tuple[PartProgress, ...]) -> JobState:
    states = {part.state for part in parts}
    if PartState.PENDING in states:
        return JobState.PENDING
    if PartState.FAILED not in states:
        return JobState.DONE
    return JobState.PARTIAL if PartState.DELIVERED in states else JobState.FAILED
