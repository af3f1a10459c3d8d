"""The worker role: jobs, the clips of the recorder, and keeping house."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from mvsnap.config.model import Settings
from mvsnap.domain import Serial
from mvsnap.jobs.abandoned_clips import AbandonedClips
from mvsnap.jobs.engine import Engine, WorkerEngine
from mvsnap.jobs.executors import acquire_slot, installation
from mvsnap.jobs.schedule import CameraTimetable
from mvsnap.jobs.service import Finished, JobService
from mvsnap.runtime import background, cleaning, clouds
from mvsnap.runtime.parts import Parts, jobs_url
from mvsnap.store.events import SILENT_AFTER
from mvsnap.wifi.worker import VisitMaker

if TYPE_CHECKING:
    from mvsnap.badges.worker import BadgeLoop
    from mvsnap.jobs.clip_worker import ClipWorker
    from mvsnap.jobs.s3_copies import Copies

log = logging.getLogger(__name__)

_HEARTBEAT_S = 15.0
_ABANDONED_EVERY_S = 600.0


@dataclass(slots=True)
class Chore:
    """Something to do now and then; `due_s`: on the monotonic clock."""

    name: str
    step: Callable[[], None]
    every_s: float
    due_s: float = 0


class Worker:
    """The worker role: the engine, its executor id, and threads that keep house.

    The heartbeat has one of its own: who is silent while much is removed, or while the
    Dashboard is slow, would lose its jobs to another process.
    """

    def __init__(self, parts: Parts, finished: Finished) -> None:
        self._parts = parts
        self._slot = acquire_slot(parts.settings.data_dir)
        self.engine = WorkerEngine(
            jobs_url(parts.settings),
            self._slot.executor_id,
            parts.runner().run,
            clock=parts.clock,
            timetables=timetables(parts.settings),
            timezone=parts.settings.site.timezone,
            on_finished=finished.notify,
        )
        self._abandoned = abandoned_clips(parts, self.engine)
        self._beat_at = datetime.min.replace(tzinfo=UTC)
        self._copies = clip_copies(parts)
        self._threads = [
            threading.Thread(target=loop, name=name, daemon=True)
            for name, loop in (
                ("heartbeat", self._keep_beating),
                ("housekeeping", self._keep_house),
            )
        ]
        self._visits = VisitMaker(
            parts.wifi, parts.db, parts.settings.scanning, parts.clock
        )

    @property
    def executor_id(self) -> str:
        return self._slot.executor_id

    def start(self) -> None:
        self._beat()
        self.engine.launch()
        for thread in self._threads:
            thread.start()
        self._visits.start()
        if self._copies is not None:
            self._copies.start()

    def stop(self) -> None:
        if self._copies is not None:
            self._copies.stop()
        self.engine.close()
        self._slot.release()

    def _keep_beating(self) -> None:
        while not self._parts.clock.stopped:
            self._try("heartbeat", self._beat)
            self._parts.clock.sleep(_HEARTBEAT_S)

    def _keep_house(self) -> None:
        clock = self._parts.clock
        inventory = background.inventory(self._parts)
        visitors = background.visitor_refresh(self._parts, self._slot.executor_id)
        has_dashboard = self._parts.settings.meraki.configured
        chores = [
            *(
                Chore(f"cleaning: {kind.name}", partial(_clean, kind), kind.every_s)
                for kind in cleaning.kinds(self._parts, self.engine)
            ),
            Chore("abandoned clips", self._finish_abandoned, _ABANDONED_EVERY_S),
        ]
        for place, chore in enumerate(chores, start=1):
            chore.due_s = clock.monotonic() + place * _HEARTBEAT_S
        while not clock.stopped:
            if has_dashboard:
                self._try("inventory", inventory.refresh)
                self._try("visitors", visitors.refresh)
            for chore in chores:
                if clock.monotonic() >= chore.due_s:
                    self._try(chore.name, chore.step)
                    chore.due_s = clock.monotonic() + chore.every_s
            clock.sleep(_HEARTBEAT_S)

    def _try(self, what: str, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception:
            # The next round may work; a dead housekeeper would never come back.
            log.exception("%s failed", what)

    def _beat(self) -> None:
        # The database's own time: clocks of different machines differ.
        store, now = self._parts.store, self._parts.store.now()
        store.heartbeat(self._slot.executor_id, now)
        was_silent, self._beat_at = now - self._beat_at > SILENT_AFTER / 2, now
        if was_silent:
            # So were the others, if the database was away: they get a round, too.
            return
        for executor_id, seen_at in store.workers_seen().items():
            if now - seen_at > SILENT_AFTER:
                taken = self.engine.take_over(executor_id)
                store.forget_worker(executor_id)
                log.warning("worker %s is gone: %d jobs go on", executor_id, taken)

    def _finish_abandoned(self) -> None:
        self._abandoned.finish()


def _clean(kind: cleaning.Kind) -> None:
    result = kind.purge()
    if result.removed:
        log.info("%s: %d removed", kind.name, result.removed)


def clip_worker(parts: Parts, jobs: JobService) -> ClipWorker:
    # Only here: a gateway without cameras that record needs none of it.
    from mvsnap.camera_sources import build_recorder, open_ixon, recorder_settings
    from mvsnap.jobs.clip_worker import ClipWorker
    from mvsnap.recorder import Recorder

    settings, clock = parts.settings, parts.clock
    ixon = open_ixon(settings, clock)
    recorder = build_recorder(settings, clock, parts.dashboard, ixon)
    if recorder is None:  # the cameras left the settings, clips of theirs did not
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
        copies=settings.storage.s3.configured,
        sign_out=ixon.close if ixon is not None else None,
    )


def abandoned_clips(parts: Parts, engine: Engine) -> AbandonedClips:
    return AbandonedClips(
        parts.clips,
        parts.store,
        parts.filing(),
        engine.submit,
        parts.clock,
        recorder_id=installation(parts.settings.data_dir),
    )


def clip_copies(parts: Parts) -> Copies | None:
    """Return what copies clips, None when the settings name no bucket."""
    if not parts.settings.storage.s3.configured:
        return None
    from mvsnap.jobs.s3_copies import Copies

    settings = parts.settings
    return Copies(
        partial(clouds.bucket, settings), parts.videos(), parts.clock, settings.data_dir
    )


def badge_loop(parts: Parts, jobs: JobService, worker: str) -> BadgeLoop:
    # Only here: requests of photos and CSV are of use to this role alone.
    from mvsnap.badges.worker import BadgeStores, make_loop

    badges = parts.badges
    stores = BadgeStores(
        badges.store, badges.pictures, badges.directory, parts.store, parts.files
    )
    cameras = parts.photographer(), parts.names
    return make_loop(parts.settings, stores, *cameras, jobs, parts.clock, worker)


def timetables(settings: Settings) -> tuple[CameraTimetable, ...]:
    return tuple(
        CameraTimetable(
            name=f"schedule {number}",
            cron=schedule.cron,
            serials=tuple(
                Serial(s) for s in schedule.cameras or settings.meraki.cameras
            ),
            rooms=_rooms(settings, schedule.room),
            prefix=schedule.prefix,
        )
        for number, schedule in enumerate(settings.schedules, start=1)
    )


def _rooms(settings: Settings, given: str | None) -> tuple[str, ...]:
    room = given or settings.webex.room
    if settings.webex.bot_token is None or room is None:
        return ()
    return (room,)
