"""A running mvsnap: its roles in one process."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from mvsnap.config.model import Settings
from mvsnap.jobs.engine import ClientEngine
from mvsnap.jobs.engine_interface import Engine
from mvsnap.jobs.listing import JobList
from mvsnap.jobs.service import Finished, JobService
from mvsnap.loop import Loop, stop_all
from mvsnap.runtime.extras import require_libraries
from mvsnap.runtime.hand_over import SharedFiles, data_folders, problem
from mvsnap.runtime.parts import Parts, jobs_url
from mvsnap.runtime.process_beat import ProcessBeat
from mvsnap.runtime.reporting import Reporting
from mvsnap.runtime.trial import channel_trial
from mvsnap.runtime.worker import Worker, badge_loop, clip_worker, scheduler
from mvsnap.store.cleanings import CleaningStore
from mvsnap.store.counts import RowCounts
from mvsnap.store.database import OUTAGES
from mvsnap.values import asdict

if TYPE_CHECKING:
    from flask import Flask

    from mvsnap.badges.worker import BadgeLoop
    from mvsnap.home_assistant.publisher import Publisher
    from mvsnap.jobs.clip_worker import ClipWorker
    from mvsnap.runtime.bot import BotService
    from mvsnap.sense.listener import ListenerLoop
    from mvsnap.web.entry_trials import EntryTrials

log = logging.getLogger(__name__)

_PUBLISHERS_STOP_S = 3.0


class Roles(Struct, frozen=True):
    web: bool = True
    worker: bool = True
    sense: bool = True
    record: bool = True


class Service:
    """A running mvsnap: after `start`, serve its `app`; `stop` defers what is left."""

    def __init__(self, settings: Settings, roles: Roles) -> None:
        self._roles = roles
        self.parts = Parts(settings)
        self._finished = Finished() if roles.worker else None
        self._worker: Worker | None = None
        self._listener: ListenerLoop | None = None
        self._clip_worker: ClipWorker | None = None
        self._badges: BadgeLoop | None = None
        self._schedules: Loop | None = None
        self._reporting: Reporting | None = None
        self._engine: Engine | None = None
        self._jobs: JobService | None = None
        names = (name for name, runs in asdict(roles).items() if runs)
        self._beat = ProcessBeat(self.parts, names)
        self._shared_files: SharedFiles | None = None
        self._publishers: list[Publisher] = []
        self._bot: BotService | None = None

    def start(self) -> None:
        require_libraries(self.parts.settings, is_worker=self._roles.worker)
        if self._roles.worker and not self._roles.record:
            self._say_that_it_does_not_record()
        if self._roles.worker:
            self._worker = Worker(self.parts, self._finished or Finished())
            self._worker.start()
            self._engine = self._worker.engine
        else:
            url, pool = jobs_url(self.parts.settings), self.parts.jobs_pool()
            self._engine = ClientEngine(url, pool)
        self._jobs = job_service(
            self.parts, self._engine, self._finished, on_clips=self._wake_clip_worker
        )
        if self._worker is not None:
            self._schedules = scheduler(self.parts, self._jobs).loop
            self._schedules.start()
            self._reporting = Reporting(self.parts, self._engine, self._jobs)
            self._reporting.start()
            if self.parts.settings.webex.takes_commands:
                self._bot = self._answering(self._engine, self._jobs)
                self._bot.start()
        if self._roles.record and self._has_clips():
            self._clip_worker = clip_worker(self.parts, self._jobs)
            self._clip_worker.start()
        if self._worker is not None and self.parts.settings.badges.configured:
            self._badges = badge_loop(self.parts, self._jobs, self._worker.executor_id)
            self._badges.start()
        if self.parts.settings.on_postgresql:
            self._shared_files = SharedFiles(self.parts)
            self._shared_files.start()
        if self._roles.sense:
            self._listener = listener(self.parts, self._jobs)
            self._listener.start()
        self._publish()
        self._beat.start()

    def app(self, settings: Settings | None = None) -> Flask:
        """settings: others for the pages and the API than for the rest."""
        assert self._jobs is not None
        assert self._engine is not None
        file = settings or self.parts.live.file
        return make_app(self.parts, self._engine, self._jobs, file, self._bot)

    def follow(self, settings: Settings) -> None:
        """Report troubles, and that all is well, as these settings say."""
        self.parts.heartbeat_url = settings.heartbeat_url
        if self._reporting is not None:
            self._reporting.follow(settings)

    def interrupt(self) -> None:
        """Wake everything that waits; it takes locks, so not from a signal handler."""
        self.parts.clock.stop()
        if self._finished is not None:
            self._finished.wake_all()

    def stop(self) -> None:
        self.interrupt()
        stop_all([publisher.loop for publisher in self._publishers], _PUBLISHERS_STOP_S)
        for part in (
            *(self._listener, self._clip_worker, self._badges, self._schedules),
            *(self._reporting, self._bot, self._shared_files),
        ):
            if part is not None:
                part.stop()
        if self._worker is not None:
            self._worker.stop()
        elif self._engine is not None:
            self._engine.close()
        self._beat.stop()
        self.parts.store.close()

    def _answering(self, engine: Engine, jobs: JobService) -> BotService:
        # Imported here: most gateways have nobody to answer.
        from mvsnap.runtime.bot import BotService

        return BotService(self.parts, engine, jobs)

    def _publish(self) -> None:
        if not self.parts.settings.home_assistant.enabled:
            return
        # Imported here: its library is an extra.
        from mvsnap.runtime import home_assistant

        assert self._jobs is not None
        if self._worker is not None:
            self._publishers.append(home_assistant.site(self.parts, self._jobs))
        if self._listener is not None:
            zones = home_assistant.zones(self.parts, self._listener.zones)
            self._publishers.append(zones)
        for publisher in self._publishers:
            publisher.loop.start()

    def _has_clips(self) -> bool:
        """Return whether clips need work, even with no cameras configured."""
        has_cameras = bool(self.parts.settings.recorder.cameras)
        return has_cameras or self.parts.clips.are_left()

    def _say_that_it_does_not_record(self) -> None:
        """Until this release, a worker recorded: an update may have ended that."""
        if self.parts.settings.recorder.cameras:
            log.warning(
                "this process records no clips; one has to, with the role record: "
                "serve --roles worker,record"
            )

    def _wake_clip_worker(self) -> None:
        if self._clip_worker is not None:
            self._clip_worker.wake()


def job_service(
    parts: Parts,
    engine: Engine,
    finished: Finished | None,
    *,
    on_clips: Callable[[], None] = lambda: None,
) -> JobService:
    """on_clips: called when clips were requested."""
    server = parts.settings.server
    return JobService(
        engine,
        parts.store,
        parts.clips,
        parts.repeats,
        parts.job_states,
        parts.clock,
        parts.metrics,
        queue_size=server.queue_size,
        max_waiting=server.threads // 2,
        finished=finished,
        on_clips=on_clips,
    )


def listener(parts: Parts, jobs: JobService) -> ListenerLoop:
    # Imported here: the other roles need neither paho nor msgspec.
    from mvsnap.sense.listener import ListenerLoop
    from mvsnap.sense.stores import Stores
    from mvsnap.sense.zone_share import ZoneShare

    stores = Stores(
        *(parts.store, parts.sense, parts.site, parts.identities), parts.changes()
    )
    share = None if parts.db.is_sqlite else ZoneShare(parts.db, parts.clock)
    return ListenerLoop(
        parts.settings,
        stores,
        jobs,
        parts.clock,
        parts.metrics,
        parts.organizations,
        share,
    )


def make_app(
    parts: Parts,
    engine: Engine,
    jobs: JobService,
    file: Settings,
    bot: BotService | None = None,
) -> Flask:
    """file: the settings of the file.

    bot: None where another process answers what is written to it.
    """
    from mvsnap.runtime.web_app import create_app
    from mvsnap.web.context import Gateway
    from mvsnap.web.recipients import RecipientCheck
    from mvsnap.wifi import parts as wifi

    live = parts.live if file is parts.live.file else parts.following(file, parts.live)
    settings, channels = live.now(), parts.channels()
    _note_data_folder(parts)
    return create_app(
        Gateway(
            settings=settings,
            following=live,
            entries=parts.entries,
            trials=_trials(parts),
            organizations=parts.organizations,
            jobs=jobs,
            job_list=JobList(engine, parts.job_states, parts.clock),
            store=parts.store,
            clips=parts.clips,
            videos=parts.videos(),
            sense=parts.sense,
            site=parts.site,
            users=parts.users,
            keys=parts.keys,
            session_keys=parts.session_keys,
            audit=parts.audit,
            cleanings=CleaningStore(parts.db),
            processes=parts.processes,
            notices=parts.notices,
            files=parts.files,
            clock=parts.clock,
            metrics=parts.metrics,
            files_problem=partial(problem, parts.settings, parts.db),
            row_counts=RowCounts(parts.db),
            calls_left=parts.calls_left,
            recipients=RecipientCheck(channels.require_recipient),
            test_messages=RecipientCheck(
                channel_trial(settings, parts.clock, channels).send
            ),
            features=(
                parts.badges,
                parts.visitors,
                wifi.build(settings, parts.db, parts.wifi),
                *_answers(parts, settings, bot),
            ),
        )
    )


def _note_data_folder(parts: Parts) -> None:
    """A WSGI server's process has no thread for it."""
    if parts.settings.on_postgresql:
        with suppress(*OUTAGES):
            data_folders(parts.settings, parts.db).note()


def _trials(parts: Parts) -> EntryTrials:
    # Imported here: the other roles have no pages.
    from mvsnap.runtime.entry_trial import try_entry
    from mvsnap.web.entry_trials import EntryTrials

    return EntryTrials(parts.clock, partial(try_entry, parts))


def _answers(parts: Parts, settings: Settings, bot: BotService | None) -> list[object]:
    if not settings.webex.takes_commands:
        return []
    # Imported here: most gateways have nobody to answer.
    from mvsnap.runtime.bot_reports import answer_parts

    return [answer_parts(parts, bot.wake if bot is not None else lambda: None)]
