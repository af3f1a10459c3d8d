"""Progress of a job, derived from what is stored about it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from mvsnap.core.message_parts import clip_part
from mvsnap.core.moments import is_first_picture
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
from mvsnap.texts.wording import Reason
from mvsnap.values import replace


class PartProgress(Struct, frozen=True):
    """One camera of a job; `event` is set once a picture was taken or given up."""

    serial: Serial
    state: PartState
    event: Event | None = None
    error: Reason | None = None


class ClipProgress(Struct, frozen=True):
    """One clip of a job; `event` is set once it was recorded or given up."""

    camera: CameraName
    state: PartState
    event: Event | None = None
    error: Reason | None = None


class JobProgress(Struct, frozen=True):
    job: Job
    state: JobState
    parts: tuple[PartProgress, ...]
    clips: tuple[ClipProgress, ...] = ()


def job_progress(
    job: Job, events: Iterable[Event], deliveries: Mapping[tuple[str, str], Delivery]
) -> JobProgress:
    """deliveries: by part and room."""
    known = list(events)
    pictures = {
        e.serial: e
        for e in known
        if e.kind is EventKind.SNAPSHOT and not is_first_picture(e)
    }
    recorded = {e.camera_name: e for e in known if e.kind is EventKind.CLIP}

    def sent(part: str, camera: str) -> list[Delivery | None]:
        return [deliveries.get((part, room)) for room in job.rooms_of(camera)]

    parts = tuple(
        PartProgress(serial, *_status(pictures.get(serial), sent(serial, serial)))
        for serial in job.serials
    )
    clips = tuple(
        ClipProgress(name, *_status(recorded.get(name), sent(clip_part(name), name)))
        for name in job.clips
    )
    # Of one that this release cannot read, the parts are not known.
    state = JobState.PENDING if job.unread else _of_all(parts, clips)
    return JobProgress(job, state, parts, clips)


def given_up(progress: JobProgress, why: Reason) -> JobProgress:
    """Return the progress of a job that has failed: no further picture comes.

    Clips go on without their job.
    """
    parts = tuple(
        replace(part, state=PartState.FAILED, error=part.error or why)
        if part.state is PartState.PENDING
        else part
        for part in progress.parts
    )
    is_read = parts or progress.clips
    state = _of_all(parts, progress.clips) if is_read else JobState.FAILED
    return replace(progress, state=state, parts=parts)


def begun_again(progress: JobProgress) -> JobProgress:
    """Return the progress of a job that is tried again: so is what had failed."""
    parts = tuple(
        replace(part, state=PartState.PENDING)
        if part.state is PartState.FAILED
        else part
        for part in progress.parts
    )
    return replace(progress, state=_of_all(parts, progress.clips), parts=parts)


def _of_all(parts: Iterable[PartProgress], clips: Iterable[ClipProgress]) -> JobState:
    return _sum({part.state for part in parts} | {clip.state for clip in clips})


def _status(
    event: Event | None, deliveries: Sequence[Delivery | None]
) -> tuple[PartState, Event | None, Reason | None]:
    """deliveries: one for each room of the job, None: not started."""
    if event is None:
        return PartState.PENDING, None, None
    states = {delivery.state if delivery else None for delivery in deliveries}
    errors = [delivery.error for delivery in deliveries if delivery and delivery.error]
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
