"""Stores what the recorder made: the clip's row, its event, and a job that posts it.

Used by the clip worker of the service, and by the command that records on its own.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from mvsnap.clip_model import Clip, ClipState, CopyState
from mvsnap.clock import Clock
from mvsnap.core.clip_text import details
from mvsnap.domain import CameraName, Event, EventId, EventKind, Job, JobId, Serial
from mvsnap.jobs.lost_recorders import died
from mvsnap.metrics import Metrics
from mvsnap.recorder import ClipResult
from mvsnap.store.clips import ClipStore
from mvsnap.texts.reasons import joined
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import ALARM_LATE, BOTH, NO_VIDEO
from mvsnap.values import replace

log = logging.getLogger(__name__)


class ClipResults:
    """serials: of cameras that are also in the Dashboard.

    copies: clips are copied to S3. hand_over: takes over the files of a clip.
    recorder_id: stores only what this recorder still has; None: whoever has it.
    """

    def __init__(
        self,
        serials: Mapping[CameraName, Serial | None],
        clips: ClipStore,
        clock: Clock,
        metrics: Metrics,
        *,
        data_dir: Path,
        copies: bool = False,
        recorder_id: str | None = None,
        hand_over: Callable[..., None] = lambda *_paths: None,
    ) -> None:
        self._recorder_id = recorder_id
        self._serials = serials
        self._clips = clips
        self._clock = clock
        self._metrics = metrics
        self._data_dir = data_dir
        self._copies = copies
        self._hand_over = hand_over

    def store(self, clip: Clip, result: ClipResult) -> Clip:
        """Store the outcome of a clip, with its event; return the row as it is then."""
        if not self._clips.is_still_of(clip.id, self._recorder_id):
            return self._lost(clip)
        has_file = result.path is not None
        waits = has_file and self._copies and not result.shared
        files = (self._relative(p) for p in (result.path, result.thumbnail_path))
        # Before anybody can look for them.
        self._hand_over(*filter(None, files))
        return self._finish(
            replace(
                clip,
                state=ClipState.READY if has_file else ClipState.FAILED,
                at=result.at,
                began_at=result.began_at,
                ended_at=result.ended_at,
                before_s=result.pre_roll_s,
                partial=result.partial,
                gaps=result.gaps,
                shared=result.shared,
                codec=result.codec or "",
                path=self._relative(result.path),
                thumbnail_path=self._relative(result.thumbnail_path),
                size_bytes=result.path.stat().st_size if result.path else 0,
                error=None if has_file else _why(clip, result),
                note=self._note(clip, result) if has_file else result.note,
                copy_state=CopyState.WAITING if waits else CopyState.NONE,
            )
        )

    def fail(self, clip: Clip, error: Reason) -> Clip:
        return self._finish(replace(clip, state=ClipState.FAILED, error=error))

    def _note(self, clip: Clip, result: ClipResult) -> Reason | None:
        is_lost = clip.lost_by not in (None, self._recorder_id)
        lost = died(clip.lost_by) if clip.lost_by and is_lost else None
        late = ALARM_LATE() if result.at != clip.at else None
        return joined(lost, result.note, late)

    def _finish(self, clip: Clip) -> Clip:
        if not self._clips.finish(clip, self._event(clip), self._recorder_id):
            return self._lost(clip)
        took_s = self._clock.passed_since(clip.received_at).total_seconds()
        if clip.error:
            self._metrics.parts.labels("no_clip").inc()
            log.error(
                "no clip of %s for job %s: %s", clip.camera, clip.job_id, clip.error
            )
        else:
            self._metrics.parts.labels("clip").inc()
            log.info("clip of %s stored after %.1f s", clip.camera, took_s)
        return clip

    def _lost(self, clip: Clip) -> Clip:
        log.warning("clip of %s: another recorder has it now", clip.camera)
        return clip

    def _event(self, clip: Clip) -> Event:
        return Event(
            id=clip.id,
            kind=EventKind.CLIP,
            occurred_at=clip.at,
            recorded_at=self._clock.now(),
            serial=self._serials.get(clip.camera) or Serial(""),
            job_id=clip.job_id,
            trigger=clip.trigger,
            camera_name=clip.camera,
            title=clip.title,
            error=clip.error,
            details=details(clip),
        )

    def _relative(self, path: Path | None) -> str | None:
        return str(path.relative_to(self._data_dir)) if path else None


def notification_job(clip: Clip, now: datetime) -> Job:
    """Return the job that posts a clip; the same clip always gives the same job."""
    return Job(
        id=notification_id(clip.id),
        trigger=clip.trigger,
        serials=(),
        accepted_at=now,
        rooms=clip.rooms,
        prefix=clip.title,
        about=clip.id,
        caller=clip.caller,
    )


def notification_id(clip_id: EventId) -> JobId:
    """Return the id of the job that posts a clip."""
    return JobId(str(uuid.uuid5(uuid.UUID(clip_id), "told")))


def _why(clip: Clip, result: ClipResult) -> Reason:
    """Return why there is no clip; what it waited for comes first, being the cause."""
    error = result.error or NO_VIDEO()
    if not clip.note or clip.note == error:
        return error
    return BOTH(first=clip.note, then=error)
