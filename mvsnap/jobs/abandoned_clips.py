"""Clips whose recorder will not return: a lost machine, a replaced data_dir.

Without this they would stay "recording" and occupy the queue of their camera.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from mvsnap.clip_model import ClipState
from mvsnap.clock import SystemClock
from mvsnap.domain import Job
from mvsnap.jobs.clip_results import ClipResults, notification_job
from mvsnap.jobs.executors import installation_of
from mvsnap.jobs.lost_recorders import LostRecorders
from mvsnap.jobs.retry import GIVE_UP_AFTER
from mvsnap.store.clips import UNFINISHED, ClipStore
from mvsnap.store.events import Store
from mvsnap.texts.wordings import NO_RECORDER, RECORDER_GONE

# A recorder that returns sooner resumes its clips, or gives them up itself.
_ABANDONED_AFTER = GIVE_UP_AFTER + timedelta(hours=1)


class AbandonedClips:
    """Safe to run in two processes at once.

    submit: accepts a job durably; a known id is not run again.
    recorder_id: of this process; its clip worker handles those clips.
    """

    def __init__(
        self,
        clips: ClipStore,
        store: Store,
        clip_results: ClipResults,
        submit: Callable[[Job], None],
        clock: SystemClock,
        *,
        recorder_id: str,
        recorders: LostRecorders | None = None,
    ) -> None:
        """recorders: those that share the cameras; None: there is one."""
        self._recorders = recorders
        self._clips = clips
        self._store = store
        self._clip_results = clip_results
        self._submit = submit
        self._clock = clock
        self._recorder_id = recorder_id

    def finish(self) -> int:
        """Fail and post the clips that nobody will record; return how many."""
        now = self._clock.now()
        before = self._clock.moment_before(_ABANDONED_AFTER)
        left = self._clips.left_by_others(self._alive(), before)
        # A recorder with this camera would have given them up: there is none.
        left += self._clips.overdue(before)
        for clip in left:
            if clip.state in UNFINISHED:
                is_begun = clip.state is ClipState.RECORDING or clip.lost_by
                self._clip_results.fail(
                    clip, RECORDER_GONE() if is_begun else NO_RECORDER()
                )
            if clip.rooms:
                self._submit(notification_job(clip, now))
            self._clips.mark_notified(clip.id)
        return len(left)

    def _alive(self) -> set[str]:
        """Return the ids of the recorders that may still be alive."""
        if self._recorders is not None:
            return {*self._recorders.alive(), self._recorder_id}
        seen = self._store.workers_alive().items()
        alive = {installation_of(who) for who, is_alive in seen if is_alive}
        return alive | {self._recorder_id}
