"""The worker role: jobs and housekeeping."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from mvsnap.config.model import Schedule
from mvsnap.domain import Job, Serial
from mvsnap.jobs.abandoned_clips import AbandonedClips
from mvsnap.jobs.due_notices import DueNotices
from mvsnap.jobs.engine import WorkerEngine
from mvsnap.jobs.engine_interface import Engine
from mvsnap.jobs.executors import acquire_slot, data_id, installation
from mvsnap.jobs.failed_runs import FailedRuns
from mvsnap.jobs.listing import JobList
from mvsnap.jobs.lost_runs import LostRuns
from mvsnap.jobs.records import JobRecords
from mvsnap.jobs.runner import JobRunner
from mvsnap.jobs.schedule import CameraSchedule, Scheduler
from mvsnap.jobs.service import Finished, JobService
from mvsnap.jobs.turns import JobPlaces
from mvsnap.jobs.waits import Wait
from mvsnap.jobs.waker import Waker
from mvsnap.loop import Chores, Loop, stop_all
from mvsnap.runtime import background, cleaning, clouds, recording, visitor_reports
from mvsnap.runtime.parts import Parts, jobs_url
from mvsnap.runtime.purge_guard import PurgeGuard, purge_guard, put_times_right
from mvsnap.sqlite_errors import reason
from mvsnap.store.database import OUTAGES
from mvsnap.store.events import SILENT_AFTER
from mvsnap.store.repeats import RepeatStore
from mvsnap.store.sharing.schedule_runs import ScheduleRuns
from mvsnap.store.time_limits import CLEANING, with_limits
from mvsnap.values import replace
from mvsnap.wifi.worker import VisitMaker

if TYPE_CHECKING:
    from mvsnap.badges.worker import BadgeLoop
    from mvsnap.jobs.clip_worker import ClipWorker
    from mvsnap.jobs.s3_copies import Copies

log = logging.getLogger(__name__)

_HEARTBEAT_S = 15.0
_NEWS_S = 15.0
_WAKE_S = 0.5
_NOTICES_S = 5.0
_ABANDONED_EVERY_S = 600.0
# One that ends in an error each time begins as often.
_FAILED_EVERY_S = 60.0
_LOST_EVERY_S = 30.0
# After a power cut of the site the others have to start, too, before they can say that
# they are alive: what they have recorded is not lost.
_ABANDONED_FIRST_S = 2 * SILENT_AFTER.total_seconds()
_STOP_S = 1.0


class Worker:
    """The worker role: the engine, its executor id, and housekeeping threads.

    The heartbeat has a thread of its own: a worker that is silent during a large purge,
    or while the Dashboard is slow, would lose its jobs to another process.
    """

    def __init__(self, parts: Parts, finished: Finished) -> None:
        self._parts = parts
        self._slot = acquire_slot(parts.settings.data_dir, parts.identities)
        self._is_ours = True  # the id, as far as we know
        places = JobPlaces.of(parts.settings.server.jobs_at_once)
        self._records = JobRecords(parts.store, parts.job_states, parts.clock)
        self.engine = WorkerEngine(
            jobs_url(parts.settings),
            self._slot.executor_id,
            partial(_run, parts.runner(on_told=finished.notify), parts.repeats),
            records=self._records,
            clock=parts.clock,
            on_finished=partial(self._job_ended, finished),
            pool=parts.jobs_pool(),
            places=places,
        )
        self._waker = Waker(
            *(parts.job_states, parts.rooms, self.engine.go_on, parts.clock),
            parts.changes(),
            most=places.later,
        )
        self._abandoned = abandoned_clips(parts, self.engine)
        self._beat_s = -math.inf
        self._copies = clip_copies(parts)
        settings = parts.settings
        self._visits = VisitMaker(
            parts.wifi, parts.db, settings.scanning, settings.site.zone, parts.clock
        )
        self._loops = list(self._make_loops())

    @property
    def executor_id(self) -> str:
        return self._slot.executor_id

    def start(self) -> None:
        self._beat()
        self.engine.launch()
        parts = self._parts
        self._lost = LostRuns(self.engine, parts.job_states, parts.clock)
        for loop in self._loops:
            loop.start()
        self._visits.start()
        if self._copies is not None:
            self._copies.start()

    def stop(self) -> None:
        if self._copies is not None:
            self._copies.stop()
        stop_all((*self._loops, self._visits.loop), _STOP_S)
        self.engine.close()
        self._slot.release()

    def _make_loops(self) -> Iterator[Loop]:
        parts, clock = self._parts, self._parts.clock
        yield Loop(
            "heartbeat",
            self._beat,
            _HEARTBEAT_S,
            clock,
            outages=OUTAGES,
            at_end=self._leave,
        )
        waking = Loop(
            "waking",
            self._wake,
            _WAKE_S,
            clock,
            outages=OUTAGES,
            at_end=self._waker.close,
        )
        parts.rooms.on_back = waking.wake
        yield waking
        yield Loop(
            "notices", self._due_notices().step, _NOTICES_S, clock, outages=OUTAGES
        )
        yield Loop("housekeeping", self._chores(), _HEARTBEAT_S, clock)
        if parts.settings.asks_meraki:
            news = background.inventory(parts).refresh
            yield Loop("inventory", news, _NEWS_S, clock, outages=OUTAGES)
            counts = background.visitor_refreshes(parts, self._slot.executor_id)
            for name, refresh in counts:
                yield Loop(name, refresh.run, _NEWS_S, clock, outages=OUTAGES)

    def _due_notices(self) -> DueNotices:
        parts = self._parts
        return DueNotices(
            *(parts.notices, parts.job_notices(), parts.notice_rules()),
            JobList(self.engine, parts.job_states, parts.clock),
            self.engine.submit,
            parts.clock,
            OUTAGES,
        )

    def _chores(self) -> Chores:
        parts = self._parts
        chores = Chores(parts.clock, OUTAGES)
        chores.add("lost runs", lambda: self._lost.resume(), _HEARTBEAT_S)
        failed = FailedRuns(self.engine, parts.job_states, self._records, parts.clock)
        chores.add("failed runs", failed.resume, _FAILED_EVERY_S)
        chores.add("times", partial(put_times_right, self._parts), _HEARTBEAT_S)
        guard = purge_guard(self._parts)
        kinds = cleaning.kinds(self._parts, self.engine)
        for place, kind in enumerate(kinds, start=1):
            name, first_s = f"cleaning: {kind.name}", place * _HEARTBEAT_S
            chores.add(
                name, partial(_clean, guard, kind), kind.every_s, first_s=first_s
            )
        chores.add(
            "abandoned clips",
            self._finish_abandoned,
            _ABANDONED_EVERY_S,
            first_s=_ABANDONED_FIRST_S,
        )
        if (recorders := recording.lost_recorders(self._parts)) is not None:
            # Recorders do that, too; but the last one may have died.
            chores.add("lost recorders", recorders.release_clips, _LOST_EVERY_S)
        return chores

    def _beat(self) -> None:
        self._parts.clock.passed_since_step()  # notices one
        store = self._parts.store
        store.keep_alive(self._slot.executor_id)
        self._keep_id()
        now_s = self._parts.clock.monotonic()
        silent_s, self._beat_s = now_s - self._beat_s, now_s
        if silent_s > SILENT_AFTER.total_seconds() / 2:
            # If the database was away, the others were silent, too: give them a round.
            return
        for executor_id, is_alive in store.workers_alive().items():
            if not is_alive and executor_id != self._slot.executor_id:
                resumed = self.engine.take_over(executor_id)
                # At once: if the store goes away now, the next beat finds no jobs.
                log.warning(
                    "worker %s is gone: taking over %d jobs", executor_id, resumed
                )
                store.forget_worker(executor_id)

    def _keep_id(self) -> None:
        was_ours = self._is_ours
        self._is_ours = self._parts.identities.beat(self._slot.mark)
        if was_ours and not self._is_ours:
            log.error("another machine has the id of this one now: restart this one")

    def _leave(self) -> None:
        with suppress(*OUTAGES):
            self._parts.store.leave(self._slot.executor_id)
        with suppress(*OUTAGES):  # the next start then watches a little longer
            self._parts.identities.end(self._slot.mark)

    def _wake(self) -> None:
        self._waker.step()
        self.engine.let_oldest_begin()

    def _job_ended(self, finished: Finished, job: Job) -> None:
        finished.notify(job.id)
        try:
            self._waker.wake_thread(self._parts.job_states.thread(job.id))
        except OUTAGES as exc:  # it goes on when its time comes
            log.warning("the thread of job %s waits on: %s", job.id, reason(exc))

    def _finish_abandoned(self) -> None:
        self._abandoned.finish()


def _run(runner: JobRunner, repeats: RepeatStore, job: Job) -> Wait | None:
    """Run the job, with the number of triggers that joined it while it waited."""
    return runner.run(replace(job, times=1 + repeats.begin(job.id)))


def _clean(guard: PurgeGuard, kind: cleaning.DataKind) -> None:
    with with_limits(CLEANING):
        result = guard.clean(kind)
    if result.removed:
        log.info("%s: %d removed", kind.name, result.removed)


def clip_worker(parts: Parts, jobs: JobService) -> ClipWorker:
    # Imported here: only a gateway with recording cameras needs it.
    from mvsnap.camera_sources import build_recorder, open_ixon, recorder_settings
    from mvsnap.jobs.clip_worker import ClipWorker
    from mvsnap.recorder import Recorder

    settings, clock = parts.settings, parts.clock
    ixon, share = open_ixon(settings, clock), recording.camera_share(parts)
    recorder = build_recorder(
        *(settings, clock, parts.dashboards, ixon, lambda name: name in share.held),
        # A recorder that had been frozen must not replace what another has made.
        made_by=data_id(settings.data_dir)[:8] if settings.files_in_bucket else "",
    )
    if recorder is None:  # clips remain of cameras that were removed from the settings
        recorder = Recorder(recorder_settings(settings), clock)
    return ClipWorker(
        recorder,
        installation(settings.data_dir),
        settings.recorder.serials(),
        parts.clips,
        jobs,
        clock,
        parts.metrics,
        data_dir=settings.data_dir,
        copies=settings.copies_clips,
        hand_over=parts.files.hand_over,
        share=share,
        lost=recording.lost_recorders(parts),
        sign_out=ixon.close if ixon is not None else None,
    )


def abandoned_clips(parts: Parts, engine: Engine) -> AbandonedClips:
    return AbandonedClips(
        parts.clips,
        parts.store,
        parts.clip_results(),
        engine.submit,
        parts.clock,
        recorder_id=installation(parts.settings.data_dir),
        recorders=recording.lost_recorders(parts),
    )


def clip_copies(parts: Parts) -> Copies | None:
    """Return what copies clips, None where they are not copied."""
    if not parts.settings.copies_clips:
        return None
    from mvsnap.jobs.s3_copies import Copies

    settings = parts.settings
    return Copies(
        partial(clouds.bucket, settings), parts.videos(), parts.clock, settings.data_dir
    )


def badge_loop(parts: Parts, jobs: JobService, worker: str) -> BadgeLoop:
    # Imported here: only this role uses photo requests and CSV.
    from mvsnap.badges.worker import BadgeStores, make_loop

    badges = parts.badges
    stores = BadgeStores(
        badges.store,
        badges.pictures,
        badges.directory,
        badges.near,
        parts.store,
        parts.files,
    )
    cameras = parts.photographer(), parts.names
    return make_loop(parts.settings, stores, *cameras, jobs, parts.clock, worker)


def scheduler(parts: Parts, jobs: JobService) -> Scheduler:
    runs, zone = ScheduleRuns(parts.db), parts.settings.site.zone
    return Scheduler(
        lambda: schedules(parts),
        runs,
        jobs.submit_or_drop,
        parts.clock,
        zone,
        outages=OUTAGES,
    )


def schedules(parts: Parts) -> tuple[CameraSchedule, ...]:
    """Return those of the file, and those that hold now of the pages."""
    state, file = parts.live.state(), parts.live.file
    names = [f"schedule {number}" for number in range(1, len(file.schedules) + 1)]
    # One that was changed begins anew: nothing is made up that was not due before.
    names += [
        f"entry {entry.name} {entry.changed_at.isoformat()}"
        for entry in state.holding
        if entry.section == "schedules"
    ]
    return (
        *(
            _schedule(parts, name, schedule)
            for name, schedule in zip(names, state.settings.schedules, strict=True)
        ),
        *visitor_reports.schedules(state.settings),
    )


def _schedule(parts: Parts, name: str, schedule: Schedule) -> CameraSchedule:
    cameras = schedule.cameras or parts.settings.default_cameras
    # A camera that is new has no organization yet; each start looks again.
    to = parts.organizations.rooms(cameras, schedule.room)
    return CameraSchedule(
        name=name,
        cron=schedule.cron,
        serials=tuple(Serial(serial) for serial in cameras),
        rooms=to.rooms,
        prefix=schedule.prefix,
        camera_rooms=to.apart,
    )
