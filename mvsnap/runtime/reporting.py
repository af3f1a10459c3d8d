"""The loops of a worker that report on the site: alerts, and the heartbeat."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from mvsnap.alerts.heartbeat import SignOfLife
from mvsnap.alerts.watch import AlertWatch
from mvsnap.clients.heartbeat import ping
from mvsnap.config.model import Settings
from mvsnap.jobs.engine_interface import Engine
from mvsnap.jobs.listing import JobList
from mvsnap.jobs.service import JobService
from mvsnap.loop import Loop, stop_all
from mvsnap.runtime.leadership import leadership_of
from mvsnap.runtime.parts import Parts
from mvsnap.status.read import StatusSources
from mvsnap.store.cleanings import CleaningStore
from mvsnap.store.database import OUTAGES
from mvsnap.upstreams import OUTCOMES
from mvsnap.visitors.occupancy import ZoneSources, occupancy_sights

_NAME = "alerts"
# A leader says so four times in twenty seconds.
_LOOK_S, _PING_S = 5.0, 60.0
_STOP_S = 1.0


class Reporting:
    """One process does it for all; `start` does nothing where nothing is configured."""

    def __init__(self, parts: Parts, engine: Engine, jobs: JobService) -> None:
        self._parts = parts
        self._sources = status_sources(parts, engine, jobs)
        self._jobs = jobs
        self._settings = parts.settings
        self._leadership = leadership_of(parts, _NAME)
        self._loops = list(self._make_loops())

    def start(self) -> None:
        for loop in self._loops:
            loop.start()

    def follow(self, settings: Settings) -> None:
        """Report by other settings: what is known to be in trouble stays known."""
        before, self._settings = self._settings, settings
        if _of_reporting(before) == _of_reporting(settings):
            return
        self.stop()
        self._leadership = leadership_of(self._parts, _NAME)
        self._loops = list(self._make_loops())
        self.start()

    def stop(self) -> None:
        stop_all(self._loops, _STOP_S)

    def _make_loops(self) -> Iterator[Loop]:
        parts, clock, sources = self._parts, self._parts.clock, self._sources
        alerts, url = self._settings.alerts, self._settings.heartbeat_url
        places = self._settings.visitors.occupancy
        zones = ZoneSources(parts.sense, parts.site, parts.settings)
        rooms = parts.settings.recipients.only(alerts.channel)
        now = partial(database_now, parts)
        if rooms or url is not None:
            yield Loop(
                "leader of alerts",
                self._try_to_lead,
                _LOOK_S,
                clock,
                outages=OUTAGES,
                at_end=self._leadership.leave,
            )
        if rooms:
            watch = AlertWatch(
                sources,
                parts.troubles,
                self._jobs,
                clock,
                leads=self._leads,
                now=now,
                after=timedelta(seconds=alerts.after_s),
                kinds=frozenset(alerts.kinds),
                rooms=rooms,
                others=occupancy_sights(places, zones),
            )
            every_s = min(_LOOK_S, alerts.after_s / 4)
            yield Loop(_NAME, watch.step, every_s, clock, outages=OUTAGES)
        if url is not None:
            sign = SignOfLife(
                sources,
                partial(ping, url.get_secret_value()),
                OUTCOMES,
                leads=self._leads,
                now=now,
                prove_writable=self._prove_writable,
            )
            yield Loop("sign of life", sign.step, _PING_S, clock, outages=OUTAGES)

    def _try_to_lead(self) -> None:
        self._leadership.is_ours()

    def _leads(self) -> bool:
        return self._leadership.had

    def _prove_writable(self) -> None:
        """Begin to write, and write nothing."""
        with self._parts.db.writing():
            pass


def _of_reporting(settings: Settings) -> tuple[object, ...]:
    return settings.alerts, settings.heartbeat_url, settings.visitors.occupancy


def status_sources(parts: Parts, engine: Engine, jobs: JobService) -> StatusSources:
    return StatusSources(
        parts.settings_now,
        parts.processes,
        parts.store,
        parts.clips,
        parts.sense,
        parts.site,
        CleaningStore(parts.db),
        jobs.backlog,
        JobList(engine, parts.job_states, parts.clock).oldest_at,
    )


def database_now(parts: Parts) -> datetime:
    """Return the database's time: the clocks of machines differ."""
    return parts.clock.now() if parts.db.is_sqlite else parts.store.now()
