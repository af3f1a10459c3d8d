"""Outbox: every raised event gets its job, also after a crash.

For a muted one the picture is stored, but not posted.
"""

from __future__ import annotations

import logging
from collections import deque
from datetime import datetime, timedelta
from typing import Protocol

from mvsnap.clock import SystemClock
from mvsnap.domain import (
    RAISED,
    Event,
    EventKind,
    Job,
    JobId,
    Trigger,
    TriggerKind,
    ZoneId,
)
from mvsnap.errors import OverShare, QueueFull
from mvsnap.loop import Loop
from mvsnap.rule_names import crossing_rule, sense_rule
from mvsnap.sense.events import Place
from mvsnap.sense.rules import SenseRules
from mvsnap.store.database import OUTAGES
from mvsnap.store.events import EventFilter, Store
from mvsnap.store.site import SiteStore

log = logging.getLogger(__name__)

# An event older than this is history, not an alarm.
_STILL_NEWS = timedelta(hours=24)
# Older than this, a picture of now would not show what happened.
_NOW = timedelta(minutes=1)
_AGAIN_S = 1.0
_POLL_S = 60.0  # it is woken by every event


class OutboxQueue(Protocol):
    """The parts of the job service that the outbox uses."""

    def submit(self, job: Job) -> None: ...

    def known(self, job_id: JobId) -> Job | None: ...


class Outbox:
    """A thread of its own: accepting a job may take longer than a count may wait."""

    def __init__(
        self,
        jobs: OutboxQueue,
        store: Store,
        site: SiteStore,
        clock: SystemClock,
        rules: SenseRules,
    ) -> None:
        self._jobs = jobs
        self._store = store
        self._site = site
        self._clock = clock
        self.rules = rules
        self._waiting: deque[Event] = deque()
        self._loop = Loop(
            "outbox",
            self._submit_all,
            _POLL_S,
            clock,
            failed_s=_AGAIN_S,
            outages=(QueueFull, *OUTAGES),
        )

    def start(self) -> None:
        self._loop.start()

    def stop(self) -> None:
        self._loop.stop()

    def put(self, event: Event) -> None:
        self._waiting.append(event)
        self._loop.wake()

    def unsubmitted(self) -> list[Event]:
        """Return events saved by an earlier run; one that has its job is harmless."""
        since = self._clock.moment_before(_STILL_NEWS)
        wanted = EventFilter(kinds=(*RAISED, EventKind.END), since=since)
        found = [event for page in self._store.pages(wanted, None) for event in page]
        return found[::-1]

    def _submit_all(self) -> None:
        held: list[Event] = []
        over: OverShare | None = None
        try:
            while self._waiting and not self._clock.stopped:
                try:
                    self._submit(self._waiting[0])
                except OverShare as exc:  # other zones need not wait for this one
                    held.append(self._waiting[0])
                    over = exc
                self._waiting.popleft()
        finally:
            self._waiting.extendleft(reversed(held))
        if over is not None:
            raise over

    def _submit(self, event: Event) -> None:
        """Raises QueueFull or one of OUTAGES: to be retried."""
        try:
            job = self._job(event)
            if job is not None and self._jobs.known(job.id) is None:
                self._jobs.submit(job)
        except (QueueFull, *OUTAGES):
            raise
        except Exception:
            # It must not hold up the ones behind it.
            log.exception("no job for event %s", event.id)

    def _job(self, event: Event) -> Job | None:
        if event.kind is EventKind.END:
            return self._job_of_end(event)
        is_muted = "muted_by" in event.details or self._is_muted(event)
        rooms = () if is_muted else self.rules.rooms(event.serial, event.zone_id)
        raised_at = datetime.fromisoformat(str(event.details["raised_at"]))
        return Job(
            id=event.job_id,
            trigger=event.trigger,
            serials=(event.serial,),
            accepted_at=self._clock.now(),
            at=raised_at if self._clock.passed_since(raised_at) > _NOW else None,
            rooms=rooms,
            prefix=event.title,
            about=event.id,
            rule=self._rule(event),
        )

    def _rule(self, event: Event) -> str:
        """Return the name of the rule that has raised it."""
        zone_id = event.zone_id or ZoneId("")
        if event.kind is EventKind.CROSSING:
            began_ms = round(event.occurred_at.timestamp() * 1000)
            for number, _rule in self.rules.crossings(event.serial, zone_id):
                place = Place(event.kind, event.serial, zone_id, number)
                if place.event_id(began_ms) == event.id:
                    return crossing_rule(number, event.serial, zone_id)
        return sense_rule(event.serial, zone_id)

    def _is_muted(self, event: Event) -> bool:
        """Return whether it is muted by now; it may have waited for long."""
        now = self._clock.now()
        zone_id = event.zone_id or ZoneId("")
        mutes = self._site.mutes(now)
        return any(mute.covers(event.serial, zone_id, now) for mute in mutes)

    def _job_of_end(self, end: Event) -> Job | None:
        first = self._jobs.known(end.job_id)
        if first is None or not first.rooms:  # muted, or without recipients
            return None
        if self._is_muted(end):
            return None
        return Job(
            id=JobId(str(end.id)),
            trigger=Trigger(TriggerKind.SENSE, end.zone_name),
            serials=(),
            accepted_at=self._clock.now(),
            rooms=first.rooms,
            prefix=end.title,
            about=end.id,
            rule=first.rule,
        )
