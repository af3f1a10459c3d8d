"""Progress of a job, told from what is stored about it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mvsnap.core.message_parts import clip_part
from mvsnap.domain import (
    CameraName,
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
class ClipProgress:
    """One clip of a job; `event` is there once it was recorded or given up."""

    camera: CameraName
    state: PartState
    event: Event | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class JobProgress:
    job: Job
    state: JobState
    parts: tuple[PartProgress, ...]
    clips: tuple[ClipProgress, ...] = ()


def job_progress(
    job: Job, events: Iterable[Event], deliveries: Mapping[tuple[str, str], Delivery]
) -> JobProgress:
    """deliveries: by part and room."""
    known = list(events)
    taken = {e.serial: e for e in known if e.kind is EventKind.SNAPSHOT}
    recorded = {e.camera_name: e for e in known if e.kind is EventKind.CLIP}

    def letters(part: str) -> list[Delivery | None]:
        return [deliveries.get((part, room)) for room in job.rooms]

    parts = tuple(
        PartProgress(serial, *_standing(taken.get(serial), letters(serial)))
        for serial in job.serials
    )
    clips = tuple(
        ClipProgress(name, *_standing(recorded.get(name), letters(clip_part(name))))
        for name in job.clips
    )
    states = {part.state for part in parts} | {clip.state for clip in clips}
    return JobProgress(job, _sum(states), parts, clips)


def _standing(
    event: Event | None, letters: Sequence[Delivery | None]
) -> tuple[PartState, Event | None, str | None]:
    """letters: one for each room of the job, None: not begun."""
    if event is None:
        return PartState.PENDING, None, None
    states = {letter.state if letter else None for letter in letters}
    errors = [letter.error for letter in letters if letter and letter.error]
    error = errors[0] if errors else None
    if states - {DeliveryState.SENT, DeliveryState.FAILED}:
        return PartState.PENDING, event, event.error or error
    if DeliveryState.FAILED in states:
        return PartState.FAILED, event, error
    state = PartState.FAILED if event.error else PartState.DELIVERED
    return state, event, event.error


def _sum(states: set[PartState]) -> JobState:
    if PartState.PENDING in states:
        return JobState.PENDING
    if PartState.FAILED not in states:
        return JobState.DONE
    return JobState.PARTIAL if PartState.DELIVERED in states else JobState.FAILED
