"""What a job asks of the recorder: one row per clip, for the clip worker."""

from __future__ import annotations

import uuid

from mvsnap.clip_model import Clip
from mvsnap.domain import CameraName, Event, EventId, Job
from mvsnap.store.clips import ClipStore
from mvsnap.store.events import Store


def ask_for_clips(job: Job, store: Store, clips: ClipStore) -> None:
    """Store the clips of a job durably; calling it again changes nothing."""
    if job.clips:
        about = store.event(job.about) if job.about else None
        clips.ask(_clip(job, camera, about) for camera in job.clips)


def _clip(job: Job, camera: CameraName, about: Event | None) -> Clip:
    return Clip(
        id=EventId(str(uuid.uuid5(uuid.UUID(job.id), f"clip {camera}"))),
        job_id=job.id,
        camera=camera,
        trigger=job.trigger,
        at=about.occurred_at if about else job.at or job.accepted_at,
        received_at=job.accepted_at,
        title=job.prefix,
        rooms=job.rooms_of(camera),
        about=job.about,
        pre_roll_s=job.pre_roll_s,
        post_roll_s=job.post_roll_s,
        caller=job.counts_for,
    )
