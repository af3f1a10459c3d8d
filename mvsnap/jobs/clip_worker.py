"""Clip worker: has the waiting clips recorded, and their messages posted.

One process at a time records for a data_dir: the one that holds the recorder's lock.
The others try to acquire it now and then, so that one of them takes over when that
process dies. Recording a clip again is harmless: the same id gives the same file.

Several data_dirs, on as many machines, share out the cameras among themselves.
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
from mvsnap.jobs.camera_share import AllCameras, Share
from mvsnap.jobs.camera_states import CameraStates
from mvsnap.jobs.clip_results import ClipResults, notification_job
from mvsnap.jobs.lost_recorders import LostRecorders, machine_of
from mvsnap.jobs.retry import GIVE_UP_AFTER, defer_delay_s, is_too_old
from mvsnap.jobs.service import JobService
from mvsnap.logs.job import about
from mvsnap.loop import Every, Loop, begin, stop_all
from mvsnap.metrics import Metrics
from mvsnap.recorder import CannotRecord, Recorder, RecorderStopped
from mvsnap.sqlite_errors import reason
from mvsnap.store.clips import ClipStore
from mvsnap.store.database import OUTAGES
from mvsnap.texts import wordings

log = logging.getLogger(__name__)

# The longest delay until a clip requested by another process is seen; the ring holds a
# minute more.
_POLL_S = 1.0
_LOCK_RETRY_S = 5.0
_BEGIN_S = 2.0  # the longest that a slow disk delays the other clips
_STOP_S = 3.0  # an unreachable database delays the stop no longer
_AGAIN_S = 5.0
# A recorder with this camera would have given the clips up: it has none.
_OVERDUE = GIVE_UP_AFTER + timedelta(hours=1)
_OVERDUE_CHECK_S = 600.0


class ClipWorker:
    """`start` returns at once; `wake` when clips were requested in this process.

    serials: of cameras that are also in the Dashboard. copies: clips are also copied to
        S3. hand_over: takes over the files of a clip.
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
        share: Share | None = None,
        lost: LostRecorders | None = None,
        hand_over: Callable[..., None] = lambda *_paths: None,
        sign_out: Callable[[], None] | None = None,
    ) -> None:
        """share: of the cameras; None: all. lost: with clips that others may have.

        sign_out: of the cloud that cameras are behind; called at the end.
        """
        self._recorder = recorder
        self._sign_out = sign_out
        self._recorder_id = recorder_id
        self._cameras = cameras
        self._clips = clips
        self._jobs = jobs
        self._clock = clock
        self._clip_results = ClipResults(
            *(cameras, clips, clock, metrics),
            data_dir=data_dir,
            copies=copies,
            recorder_id=recorder_id,
            hand_over=hand_over,
        )
        self._share = share or AllCameras(cameras)
        self._lost = lost
        self._has_lock = False
        self._is_waiting = False
        self._has_inherited = False  # took over clips of another host name
        self._overdue = Every(_OVERDUE_CHECK_S, clock)
        self._running: set[EventId] = set()
        self._write_error: str | None = None
        machine = machine_of(recorder_id)
        self._states = CameraStates(recorder, clips, clock, machine=machine)
        self._loop = Loop("clips", self._step, _POLL_S, clock, outages=OUTAGES)
        # Of its own: a slow disk must not cost the cameras.
        self._loops = [self._loop]
        if (every_s := self._share.every_s) is not None:
            renewing = Loop("cameras", self._renew, every_s, clock, outages=OUTAGES)
            self._loops.append(renewing)

    def start(self) -> None:
        self._loop.start()

    def wake(self) -> None:
        self._loop.wake()

    def stop(self) -> None:
        """End the recordings; unfinished clips resume at the next start.

        With such clips it keeps its cameras for the length of the lease: only here is
        what was recorded of them.
        """
        # Before that: to end the recordings may take longer than the lease.
        is_sure = self._share.is_sure
        stop_all(self._loops, _STOP_S)
        if self._has_lock:
            has_clips = bool(self._running)
            self._recorder.stop()
            if is_sure and not has_clips:
                self._leave()
        if self._sign_out is not None:
            self._sign_out()

    def _step(self) -> float | None:
        if not self._has_lock and not self._acquire_lock():
            return _LOCK_RETRY_S
        self._poll()
        return None

    def _acquire_lock(self) -> bool:
        try:
            is_shared = self._share.every_s is not None
            self._recorder.start(() if is_shared else self._share.held)
        except CannotRecord as exc:
            if not self._is_waiting:
                log.info("clips: %s; trying again", exc.message)
            self._is_waiting = True
            return False
        self._has_lock = True
        for renewing in self._loops[1:]:
            renewing.start()
        if not is_shared:
            log.info("recording %d cameras", len(self._cameras))
        return True

    def _renew(self) -> None:
        """Record what is ours now; while the database is away, go on as before."""
        self._recorder.keep(self._share.renew())
        if self._lost is not None:
            self._lost.release_clips()

    def _leave(self) -> None:
        try:
            self._share.leave()
        except OUTAGES as exc:
            log.warning("clips: the cameras are ours until their lease ends: %s", exc)

    def _poll(self) -> None:
        if not self._has_inherited:
            self._clips.inherit(self._recorder_id)
            self._has_inherited = True
        if not self._share.is_sure:
            return  # others may have the cameras
        # Before the rows are read: what ends meanwhile is not started again.
        running, held = set(self._running), self._share.held
        cameras = {*held, *self._abandoned()}
        for clip in self._clips.claim(self._recorder_id, cameras, self._clock.now()):
            if clip.id in running:
                continue
            if clip.camera in self._cameras and clip.camera not in held:
                self._hand_on(clip)
            else:
                self._begin(clip)
        shared = held if self._share.every_s else ()
        for clip in self._clips.unnotified(self._recorder_id, shared):
            self._notify(clip)
        self._states.store_changes(held)

    def _hand_on(self, clip: Clip) -> None:
        """Let the recorder have it that has its camera now."""
        now = self._clock.now()
        self._clips.put_back(clip.id, clip.note, now, by=self._recorder_id)

    def _begin(self, clip: Clip) -> None:
        """Record it in a thread; started one by one, so that later clips may share."""
        self._running.add(clip.id)
        begun = threading.Event()
        thread = threading.Thread(
            target=self._work,
            args=(clip, begun),
            name=f"clip-{clip.camera}",
            daemon=True,
        )
        begin(thread, lambda: self._running.discard(clip.id))
        begun.wait(_BEGIN_S)

    def _abandoned(self) -> set[CameraName]:
        """Return cameras that were removed from the settings with clips waiting."""
        if not self._overdue.due():
            return set()
        overdue = self._clips.overdue(self._clock.moment_before(_OVERDUE))
        return {clip.camera for clip in overdue} - self._cameras.keys()

    def _work(self, clip: Clip, begun: threading.Event) -> None:
        with about(clip.job_id):
            self._try(clip, begun)

    def _try(self, clip: Clip, begun: threading.Event) -> None:
        try:
            self._record(clip, begun)
        except RecorderStopped:
            return  # picked up at the next start
        except NotFound:
            self._clip_results.fail(clip, wordings.CAMERA_REMOVED())
        except (OSError, *OUTAGES) as exc:
            self._cannot_write(clip, exc)
        except Exception:
            # This thread belongs to this clip alone: unrecorded, the clip would wait
            # forever.
            log.exception("clip of %s failed unexpectedly", clip.camera)
            self._unexpected(clip)
        finally:
            self._running.discard(clip.id)
            self._loop.wake()

    def _cannot_write(self, clip: Clip, exc: Exception) -> None:
        """Have it retried; logged once for each reason, until a clip is written."""
        words = exc.strerror if isinstance(exc, OSError) else reason(exc)
        if words != self._write_error:
            log.error(
                "clip of %s: waiting until it can be written: %s", clip.camera, words
            )
        self._write_error = words
        self._unexpected(clip)

    def _unexpected(self, clip: Clip) -> None:
        """Have it retried after a while, unless that went on for a day."""
        self._clock.sleep(_AGAIN_S)
        if is_too_old(clip.received_at, self._clock):
            self._clip_results.fail(clip, wordings.INTERNAL())

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
        if result.retry and not is_too_old(clip.received_at, self._clock):
            again_s = defer_delay_s(self._clock.passed_since(clip.received_at), None)
            note = result.error
            again_at = self._clock.now() + timedelta(seconds=again_s)
            self._clips.put_back(clip.id, note, again_at, by=self._recorder_id)
            log.warning("clip of %s deferred by %.0f s: %s", clip.camera, again_s, note)
            return
        self._clip_results.store(clip, result)
        self._write_error = None

    def _notify(self, clip: Clip) -> None:
        """Create a job that posts the clip; the same id again changes nothing."""
        if clip.rooms:
            job = notification_job(clip, self._clock.now())
            try:
                self._jobs.submit(job)
            except QueueFull:
                return  # the next poll tries again
            log.info(
                "job %s posts the clip of %s",
                job.id,
                clip.camera,
                extra={"job": clip.job_id},
            )
        self._clips.mark_notified(clip.id)
