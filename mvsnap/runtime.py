"""The one place that builds and starts things, by role: web, worker, sense."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mvsnap.actions import CameraNames, Photographer
from mvsnap.clients.meraki import Dashboard
from mvsnap.clients.webex import Webex
from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.delivery import Courier, Words
from mvsnap.domain import Serial
from mvsnap.inventory import Inventory
from mvsnap.jobs.engine import ClientEngine, Engine, WorkerEngine
from mvsnap.jobs.executors import take_slot
from mvsnap.jobs.runner import JobRunner
from mvsnap.jobs.schedule import CameraTimetable
from mvsnap.jobs.service import Finished, JobService
from mvsnap.metrics import Metrics
from mvsnap.store import database
from mvsnap.store.badge_pictures import BadgePictures
from mvsnap.store.badges import BadgeStore, PurgedBadges
from mvsnap.store.directory import DirectoryStore
from mvsnap.store.files import Files
from mvsnap.store.people import People
from mvsnap.store.sense import SenseStore
from mvsnap.store.site import SiteStore
from mvsnap.store.store import SILENT_AFTER, Purged, Store

if TYPE_CHECKING:
    from flask import Flask

    from mvsnap.jobs.badges import BadgeLoop
    from mvsnap.sense.listener import ListenerLoop

log = logging.getLogger(__name__)

_HEARTBEAT_S = 15.0
_CLEAN_EVERY_S = 3600.0


@dataclass(frozen=True, slots=True)
class Roles:
    web: bool = True
    worker: bool = True
    sense: bool = True


class Parts:
    """Everything one process shares, built from the settings; starts no thread."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.metrics = Metrics()
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        self.files = Files(settings.data_dir)
        engine = database.open_database(store_url(settings))
        database.upgrade(engine)
        db = database.Database(engine)
        self.store = Store(db)
        self.sense = SenseStore(db)
        self.site = SiteStore(db)
        self.people = People(db)
        self.badges = BadgeStore(db)
        self.badge_pictures = BadgePictures(db)
        self.directory = DirectoryStore(db)
        meraki = settings.meraki
        self.dashboard = Dashboard(
            meraki.base_url,
            meraki.api_key.get_secret_value() if meraki.api_key else "",
            clock=self.clock,
            requests_per_s=meraki.requests_per_s,
        )
        self.names = CameraNames(
            self.dashboard, self.clock, organization_id=meraki.organization_id
        )

    def inventory(self) -> Inventory:
        meraki = self.settings.meraki
        return Inventory(
            self.dashboard,
            self.names,
            self.site,
            self.sense,
            self.clock,
            organization_id=meraki.organization_id,
            network_id=meraki.network_id,
            wanted=tuple(Serial(serial) for serial in meraki.cameras),
        )

    def webex(self) -> Webex | None:
        webex = self.settings.webex
        if webex.bot_token is None:
            return None
        return Webex(webex.base_url, webex.bot_token.get_secret_value())

    def words(self) -> Words:
        site, prefix = self.settings.site, self.settings.webex.message_prefix
        return Words(site.timezone, prefix, site.name)

    def oldest_kept(self) -> datetime:
        days = self.settings.storage.retention_days
        return self.clock.now() - timedelta(days=days)

    def purge(self) -> Purged:
        """Remove events older than the retention, and their pictures."""
        purged = self.store.purge(self.oldest_kept())
        for path in purged.snapshot_paths:
            self.files.remove(path)
        self.sense.purge(self.oldest_kept())
        self.site.purge(self.clock.now())
        return purged

    def purge_badges(self) -> PurgedBadges:
        """Remove old badge events with their pictures, and photos of nobody."""
        purged = self.badges.purge(self.oldest_kept())
        for path in purged.picture_paths:
            self.files.remove(path)
        self.files.keep_photos(self.directory.photo_paths(), self.clock.now())
        return purged

    def photographer(self) -> Photographer:
        wait_s = self.settings.meraki.picture_wait_s
        return Photographer(self.dashboard, self.clock, picture_wait_s=wait_s)

    def runner(self, *, comes_again: bool = True) -> JobRunner:
        """comes_again: False where nobody will run an unfinished job again."""
        webex = self.webex()
        return JobRunner(
            self.store,
            self.files,
            self.photographer(),
            self.names,
            Courier(webex, self.store, self.clock) if webex else None,
            self.words(),
            self.clock,
            self.metrics,
            comes_again=comes_again,
        )


class Service:
    """A running mvsnap: `start`, then `app` can be served; `stop` parks work."""

    def __init__(self, settings: Settings, roles: Roles) -> None:
        self._roles = roles
        self.parts = Parts(settings)
        self._finished = Finished() if roles.worker else None
        self._worker: Worker | None = None
        self._listener: ListenerLoop | None = None
        self._badges: BadgeLoop | None = None
        self._engine: Engine | None = None
        self._jobs: JobService | None = None

    def start(self) -> None:
        if self._roles.worker:
            self._worker = Worker(self.parts, self._finished or Finished())
            self._worker.start()
            self._engine = self._worker.engine
        else:
            self._engine = ClientEngine(jobs_url(self.parts.settings))
        self._jobs = job_service(self.parts, self._engine, self._finished)
        if self._worker is not None:
            self._badges = badge_loop(self.parts, self._jobs, self._worker.executor_id)
            self._badges.start()
        if self._roles.sense:
            self._listener = listener(self.parts, self._jobs)
            self._listener.start()

    def app(self) -> Flask:
        assert self._jobs is not None
        return make_app(self.parts, self._jobs)

    def interrupt(self) -> None:
        """Wake everything that waits; quick enough for a signal handler."""
        self.parts.clock.stop()
        if self._finished is not None:
            self._finished.wake_all()

    def stop(self) -> None:
        self.interrupt()
        if self._listener is not None:
            self._listener.stop()
        if self._badges is not None:
            self._badges.stop()
        if self._worker is not None:
            self._worker.stop()
        elif self._engine is not None:
            self._engine.close()
        self.parts.store.close()


class Worker:
    """The worker role: the engine, its executor id, and a thread that keeps house."""

    def __init__(self, parts: Parts, finished: Finished) -> None:
        self._parts = parts
        self._slot = take_slot(parts.settings.data_dir)
        self.engine = WorkerEngine(
            jobs_url(parts.settings),
            self._slot.executor_id,
            parts.runner().run,
            clock=parts.clock,
            timetables=timetables(parts.settings),
            timezone=parts.settings.site.timezone,
            on_finished=finished.tell,
        )
        self._beat_at = datetime.min.replace(tzinfo=UTC)
        self._house = threading.Thread(
            target=self._keep_house, name="housekeeping", daemon=True
        )

    @property
    def executor_id(self) -> str:
        return self._slot.executor_id

    def start(self) -> None:
        self._beat()
        self.engine.launch()
        self._house.start()

    def stop(self) -> None:
        self.engine.close()
        self._slot.release()

    def _keep_house(self) -> None:
        clock = self._parts.clock
        inventory = self._parts.inventory()
        has_dashboard = self._parts.settings.meraki.api_key is not None
        clean_at = clock.monotonic() + _HEARTBEAT_S
        while not clock.stopped:
            self._try("heartbeat", self._beat)
            if has_dashboard:
                self._try("inventory", inventory.refresh)
            if clock.monotonic() >= clean_at:
                self._try("cleaning", self._clean)
                clean_at = clock.monotonic() + _CLEAN_EVERY_S
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

    def _clean(self) -> None:
        purged = self._parts.purge()
        badges = self._parts.purge_badges().badges
        self.engine.forget_finished(self._parts.oldest_kept())
        if purged.events:
            log.info("%d old events removed", purged.events)
        if badges:
            log.info("%d old badge events removed", badges)


def job_service(parts: Parts, engine: Engine, finished: Finished | None) -> JobService:
    server = parts.settings.server
    return JobService(
        engine,
        parts.store,
        parts.clock,
        parts.metrics,
        queue_size=server.queue_size,
        max_waiting=server.threads // 2,
        finished=finished,
    )


def listener(parts: Parts, jobs: JobService) -> ListenerLoop:
    # Only here: paho and msgspec are of no use to the other roles.
    from mvsnap.sense.listener import ListenerLoop, Stores

    stores = Stores(parts.store, parts.sense, parts.site)
    return ListenerLoop(parts.settings, stores, jobs, parts.clock, parts.metrics)


def badge_loop(parts: Parts, jobs: JobService, worker: str) -> BadgeLoop:
    # Only here: requests of photos and CSV are of use to this role alone.
    from mvsnap.jobs.badges import BadgeStores, make_loop

    stores = BadgeStores(
        parts.badges, parts.badge_pictures, parts.directory, parts.store, parts.files
    )
    cameras = parts.photographer(), parts.names
    return make_loop(parts.settings, stores, *cameras, jobs, parts.clock, worker)


def make_app(parts: Parts, jobs: JobService) -> Flask:
    from mvsnap.web.app import create_app
    from mvsnap.web.context import Gateway

    return create_app(
        Gateway(
            settings=parts.settings,
            jobs=jobs,
            store=parts.store,
            sense=parts.sense,
            site=parts.site,
            people=parts.people,
            badges=parts.badges,
            badge_pictures=parts.badge_pictures,
            directory=parts.directory,
            files=parts.files,
            clock=parts.clock,
            metrics=parts.metrics,
        )
    )


def store_url(settings: Settings) -> str:
    return _database_url(settings, "mvsnap.db")


def jobs_url(settings: Settings) -> str:
    """Return the engine's database: a file of its own, or the same PostgreSQL."""
    return _database_url(settings, "jobs.db")


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


def _database_url(settings: Settings, file_name: str) -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return database.sqlite_url(Path(settings.data_dir) / file_name)
