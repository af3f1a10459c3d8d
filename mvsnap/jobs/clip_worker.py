"""Desk: takes the clips that wait, has them recorded, and sees to their messages.

One process at a time records for a data_dir: the recorder's lock is its seat. The
others look for it now and then, so that one of them goes on when it dies. Running a
clip again is harmless: the recorder gives the same file for the same id.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from mvsnap.clip_model import Clip
from mvsnap.clock import SystemClock
from mvsnap.domain import CameraName, EventId, Serial
from mvsnap.errors import NotFound, QueueFull
from mvsnap.jobs.camera_states import CameraStates
from mvsnap.jobs.clip_results import Filing, notification_job
from mvsnap.jobs.retry import GIVE_UP_AFTER, park_delay_s
from mvsnap.jobs.service import JobService
from mvsnap.loop import Every, Loop
from mvsnap.metrics import Metrics
from mvsnap.recorder import CannotRecord, Recorder, RecorderStopped
from mvsnap.store.clips import ClipStore
from mvsnap.store.database import OUTAGES

log = logging.getLogger(__name__)

# A clip that another process asked for is seen this late; the ring holds a minute more.
_LOOK_S = 1.0
_SEAT_AGAIN_S = 5.0
_BEGIN_S = 2.0  # a slow disk holds up the other clips no longer
_STOP_S = 3.0  # a database that does not answer holds up no end
_AGAIN_S = 5.0
# Whoever has the camera gave its clips up before: nobody has it any more.
_OVERDUE = GIVE_UP_AFTER + timedelta(hours=1)
_OVERDUE_LOOK_S = 600.0


class ClipWorker:
    """`start` returns at once; `wake` when clips were asked for in this process.

    serials: of cameras that the Dashboard knows, too. copies: clips go to S3 as well.
    """

    def __init__(
        self,
        recorder: Recorder,
        recorder_id: str,
        cameras: Mapping[CameraName, Serial | None],
        clips: ClipStore,
        jobs: JobService,
        clock: SystemClock,
        metrics: Metrics,
        *,
        data_dir: Path,
        copies: bool = False,
        sign_out: Callable[[], None] | None = None,
    ) -> None:
        """sign_out: of the cloud that cameras are behind, called at the end."""
        self._recorder = recorder
        self._sign_out = sign_out
        self._recorder_id = recorder_id
        self._cameras = cameras
        self._clips = clips
        self._jobs = jobs
        self._clock = clock
        self._filing = Filing(
            cameras, clips, clock, metrics, data_dir=data_dir, copies=copies
        )
        self._is_seated = False
        self._is_waiting = False
        self._is_heir = False  # has what this data_dir left under another host name
        self._overdue = Every(_OVERDUE_LOOK_S, clock)
        self._running: set[EventId] = set()
        self._states = CameraStates(recorder, clips, clock, metrics)
        self._loop = Loop("clips", self._step, _LOOK_S, clock, outages=OUTAGES)

    def start(self) -> None:
        self._loop.start()

    def wake(self) -> None:
        self._loop.wake()

    def stop(self) -> None:
        """End the recordings; what is unfinished goes on at the next start."""
        self._loop.stop(_STOP_S)
        if self._is_seated:
            self._recorder.stop()
        if self._sign_out is not None:
            self._sign_out()

    def _step(self) -> float | None:
        if not self._is_seated and not self._acquire_lock():
            return _SEAT_AGAIN_S
        self._poll()
        return None

    def _acquire_lock(self) -> bool:
        try:
            self._recorder.start()
        except CannotRecord as exc:
            if not self._is_waiting:
                log.info("clips: %s; trying again", exc.message)
            self._is_waiting = True
            return False
        self._is_seated = True
        log.info("recording %d cameras", len(self._cameras))
        return True

    def _poll(self) -> None:
        if not self._is_heir:
            self._clips.inherit(self._recorder_id)
            self._is_heir = True
        # Before the rows are read: what ends meanwhile is not begun anew.
        running = set(self._running)
        cameras = {*self._cameras, *self._abandoned()}
        for clip in self._clips.claim(self._recorder_id, cameras, self._clock.now()):
            if clip.id not in running:
                self._begin(clip)
        for clip in self._clips.unnotified(self._recorder_id):
            self._notify(clip)
        self._states.store_news()

    def _begin(self, clip: Clip) -> None:
        """Record it in a thread; one after the other, so that later ones may share."""
        self._running.add(clip.id)
        begun = threading.Event()
        threading.Thread(
            target=self._work,
            args=(clip, begun),
            name=f"clip-{clip.camera}",
            daemon=True,
        ).start()
        begun.wait(_BEGIN_S)

    def _abandoned(self) -> set[CameraName]:
        """Return cameras that left the settings while clips waited for them."""
        if not self._overdue.due():
            return set()
        overdue = self._clips.overdue(self._clock.now() - _OVERDUE)
        return {clip.camera for clip in overdue}

    def _work(self, clip: Clip, begun: threading.Event) -> None:
        try:
            self._record(clip, begun)
        except RecorderStopped:
            return  # it is ours at the next start
        except NotFound:
            self._filing.fail(
                clip, "the camera was removed from the settings (recorder.cameras)"
            )
        except Exception:
            # The thread is this clip's own: unnoted, it would wait for ever.
            log.exception("clip of %s failed unexpectedly", clip.camera)
            self._unexpected(clip)
        finally:
            self._running.discard(clip.id)
            self._loop.wake()

    def _unexpected(self, clip: Clip) -> None:
        """Let it be taken up again after a while, unless that was tried for a day."""
        self._clock.sleep(_AGAIN_S)
        if self._clock.now() - clip.received_at > GIVE_UP_AFTER:
            self._filing.fail(clip, "internal error; see the log")

    def _record(self, clip: Clip, begun: threading.Event) -> None:
        try:
            result = self._recorder.record(
                clip.camera,
                clip.at,
                clip.pre_roll_s,
                clip.post_roll_s,
                name=clip.id,
                received_at=clip.received_at,
                begun=begun.set,
            )
        finally:
            begun.set()
        now = self._clock.now()
        age = now - clip.received_at
        if result.retry and age < GIVE_UP_AFTER:
            again_s = park_delay_s(age, None)
            note = result.error or ""
            self._clips.put_back(clip.id, note, now + timedelta(seconds=again_s))
            log.warning("clip of %s deferred by %.0f s: %s", clip.camera, again_s, note)
            return
        self._filing.store(clip, result)

    def _notify(self, clip: Clip) -> None:
        """Let a job of its own post the clip; the same id again changes nothing."""
        if clip.rooms:
            try:
                self._jobs.submit(notification_job(clip, self._clock.now()))
            except QueueFull:
                return  # the next look tries again
        self._clips.mark_notified(clip.id)
