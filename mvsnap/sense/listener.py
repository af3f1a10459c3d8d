"""Listener: the loop from the broker to the store.

receive -> detect -> save -> acknowledge -> job. A message at QoS 1 is acknowledged only
when its effects are saved. The settings from the pages are read every second.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from mvsnap.clock import SystemClock
from mvsnap.config.model import Settings
from mvsnap.config.sense import Sense
from mvsnap.core.sense_messages import Topic
from mvsnap.core.shares import is_within_share
from mvsnap.domain import Event, Job
from mvsnap.errors import OverShare, QueueFull
from mvsnap.loop import Every, Loop
from mvsnap.metrics import Metrics
from mvsnap.sense.broker_connection import BrokerConnection, broker_of
from mvsnap.sense.detector import Detector
from mvsnap.sense.framing import Frame
from mvsnap.sense.heartbeat import Heartbeat
from mvsnap.sense.lock import InstanceLock, acquire_lock
from mvsnap.sense.outbox import Outbox, OutboxQueue
from mvsnap.sense.receiver import Batch, Broker
from mvsnap.sense.rules import SenseRules
from mvsnap.sense.sensors import Sensors, targets
from mvsnap.sense.site_settings import read_mutes, read_names, read_sense
from mvsnap.store.database import OUTAGES
from mvsnap.store.events import Store
from mvsnap.store.identities import IdentityStore
from mvsnap.store.sense import Findings, SenseStore
from mvsnap.store.site import SiteStore

log = logging.getLogger(__name__)

_RECEIVE_S = 0.5
_SETTINGS_S = 1.0
_NAMES_S = 5.0
_EXPIRE_S = 5.0
# How much a power cut may lose of what has not led to an event yet, at QoS 0.
_SAVE_S = 5.0
# Zones where people stay: only the time of the last count has changed.
_CHECKPOINT_S = 15.0
_BEAT_S = 15.0
_LOCK_S = 5.0
_STOP_S = 10.0
# Of sensors, while no job can be accepted.
_MOST_JOBS_WAITING = 1000
# An older state says nothing about now.
_STATE_AGE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Stores:
    events: Store
    sense: SenseStore
    site: SiteStore
    identities: IdentityStore | None = None  # None: nobody shares the store


class ListenerLoop:
    """The sense role: `start` returns at once, `stop` saves the current state."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        jobs: OutboxQueue,
        clock: SystemClock,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._stores = stores
        self._jobs = jobs
        self._clock = clock
        self._metrics = metrics
        self._sense = settings.sense
        rules = SenseRules(self._sense, settings.recipients)
        self._outbox = Outbox(jobs, stores.events, stores.site, clock, rules)
        self._detector = Detector(rules, self._on_sensor)
        self._sensors = Sensors(targets(settings))
        self._lock: InstanceLock | None = None
        self._connection = BrokerConnection(clock)
        self._unsaved: Findings | None = None
        self._unacknowledged: list[Batch] = []
        self._held: list[Batch] = []
        self._has_new_jobs = False
        self._jobs_waiting: list[Job] = []
        self._heartbeat = Heartbeat(stores.sense, stores.events, clock)
        self._mistake = ""
        self._loop = Loop(
            "listener",
            self._round,
            0,
            clock,
            failed_s=_SETTINGS_S,
            outages=OUTAGES,
            at_end=self._end,
        )
        self._every = {
            what: Every(seconds, clock)
            for what, seconds in (
                ("settings", _SETTINGS_S),
                ("names", _NAMES_S),
                ("expire", _EXPIRE_S),
                ("save", _SAVE_S),
                ("checkpoint", _CHECKPOINT_S),
                ("beat", _BEAT_S),
                ("lock", _LOCK_S),
            )
        }

    def start(self) -> None:
        self._outbox.start()
        self._loop.start()

    def stop(self) -> None:
        """End within seconds; call it after the clock was stopped."""
        self._loop.stop(_STOP_S)
        self._outbox.stop()

    def _round(self) -> None:
        if self._every["settings"].due():
            self._read_settings()
        if (
            self._every["beat"].due()
            or self._connection.state != self._heartbeat.reported
        ):
            self._beat()
        if self._connection.is_contested and self._lock is not None:
            self._take_another_id(self._lock)
        batch = self._connection.receive(_RECEIVE_S)
        if batch is not None:
            self._work_on(batch)
        if self._every["expire"].due():
            self._detector.expire(self._clock.now())
            self._heartbeat.note_last_seen(self._detector)
        self._save_if_due()

    def _work_on(self, batch: Batch) -> None:
        received_at = datetime.fromtimestamp(batch.received_at_ns / 1e9, UTC)
        self._detector.process(batch.frames, received_at)
        self._heartbeat.count(len(batch.frames))
        self._metrics.sense_messages.inc(len(batch.frames))
        if not any(frame[3] for frame in batch.frames):
            return
        # Only messages that started a job wait for it: counts go on with a full queue.
        with_job, self._has_new_jobs = self._has_new_jobs, False
        (self._held if with_job else self._unacknowledged).append(batch)

    # --- saving

    def _save_if_due(self) -> None:
        must = self._detector.needs_saving or self._sensors.changed
        checkpoint = self._every["checkpoint"].due()
        urgent = self._detector.events.has_events or bool(self._unacknowledged)
        due = checkpoint or (must and (urgent or self._every["save"].due()))
        if due or self._unsaved is not None:
            self._save(checkpoint=checkpoint)
        self._submit_jobs()
        self._acknowledge()

    def _save(self, *, checkpoint: bool) -> None:
        """Save; on failure keep everything and try again in the next round."""
        if self._unsaved is None:
            found = self._detector.drain(checkpoint=checkpoint)
            self._unsaved = replace(
                found, states={**found.states, **self._sensors.drain()}
            )
        found = self._unsaved
        if found:
            self._stores.sense.save(found, self._clock.now())
        self._unsaved = None
        for event in found.events:
            self._notify(event)

    def _notify(self, event: Event) -> None:
        self._metrics.sense_events.labels(event.kind).inc()
        muted_by = event.details.get("muted_by")
        muted = f", muted by {muted_by}" if muted_by else ""
        log.info("%s at %s%s", event.title, event.camera_name, muted)
        self._outbox.put(event)

    def _acknowledge(self) -> None:
        """Acknowledge what is saved and has its jobs accepted."""
        if self._unsaved is not None:
            return
        safe, self._unacknowledged = self._unacknowledged, []
        if not self._jobs_waiting:
            safe, self._held = [*safe, *self._held], []
        for batch in safe:
            self._connection.acknowledge(batch)

    # --- settings of the pages, and names of cameras

    def _read_settings(self) -> None:
        site, events = self._stores.site, self._detector.events
        if self._every["names"].due():
            events.names = read_names(site, events.names)
        events.names = read_mutes(site, events.names, self._clock.now())
        sense, mistake = read_sense(site, self._settings.sense)
        if mistake and mistake != self._mistake:
            log.error("a value from the settings page is not usable: %s", mistake)
        self._mistake = mistake
        if sense != self._sense:
            self._follow(sense)
        self._switch(sense.enabled)

    def _follow(self, sense: Sense) -> None:
        log.info("MV Sense settings changed")
        self._sense = sense
        rules = SenseRules(sense, self._settings.recipients)
        self._detector.follow(rules, self._clock.now())
        self._outbox.rules = rules

    def _switch(self, enabled: bool) -> None:
        if not enabled and self._connection.is_open:
            self._disconnect()
            self._detector.finish(self._clock.now())
            self._connection.forget(self._broker())
        elif enabled and not self._connection.is_open and self._acquire_lock():
            self._connection.open(self._broker())

    def _take_another_id(self, lock: InstanceLock) -> None:
        """Once: if it is no better then, something else ends the connections."""
        self._disconnect()
        lock.renew()
        self._connection.open(self._broker(), can_be_contested=False)

    def _broker(self) -> Broker:
        assert self._lock is not None
        return broker_of(self._sense, self._lock.listener_id)

    def _acquire_lock(self) -> bool:
        """Acquire the lock; the first time, resume where the last listener was."""
        if self._lock is not None:
            return True
        if not self._every["lock"].due():
            return False
        now = self._clock.now()
        states = self._stores.sense.states(now - _STATE_AGE)
        found = self._outbox.unsubmitted()
        self._lock = acquire_lock(self._settings.data_dir, self._stores.identities)
        if self._lock is None:
            return False
        self._sensors.restore(states)
        self._detector.restore(states, now)
        for event in found:
            self._outbox.put(event)
        return True

    # --- sensors

    def _on_sensor(self, topic: Topic, frame: Frame) -> None:
        jobs = self._sensors.jobs(topic, frame, self._clock.now())
        self._has_new_jobs = self._has_new_jobs or bool(jobs)
        for job in jobs:
            callers = Counter(each.counts_for for each in self._jobs_waiting)
            own, total = callers[job.counts_for], callers.total()
            if is_within_share(own, total, _MOST_JOBS_WAITING):
                self._jobs_waiting.append(job)
            else:
                log.error("%s: dropped, too many jobs are waiting", job.trigger.by)

    def _submit_jobs(self) -> None:
        """Submit the jobs before their messages are acknowledged."""
        over: set[str] = set()
        for job in list(self._jobs_waiting):
            if job.counts_for in over:
                continue
            try:
                if self._jobs.known(job.id) is None:
                    self._jobs.submit(job)
                    log.info("%s: a job for %s", job.trigger.by, ", ".join(job.serials))
            except OverShare:  # other sensors need not wait for this one
                over.add(job.counts_for)
            except QueueFull:
                return
            else:
                self._jobs_waiting.remove(job)

    # --- the state for the pages

    def _beat(self) -> None:
        if self._lock is not None:
            if self._stores.identities is not None:
                self._stores.identities.beat(self._lock.mark)
            self._heartbeat.beat(
                self._lock.listener_id,
                self._connection.state,
                self._detector.topics,
                self._connection.lost,
            )

    # --- the end

    def _disconnect(self) -> None:
        self._connection.close()
        self._unacknowledged.clear()
        self._held.clear()

    def _end(self) -> None:
        try:
            if self._unsaved is not None:
                self._save(checkpoint=False)
            self._save(checkpoint=True)
            self._acknowledge()
            self._disconnect()
            self._beat()
            if self._lock is not None and self._stores.identities is not None:
                self._stores.identities.end(self._lock.mark)
        except OUTAGES as exc:
            log.error("the last counts cannot be saved: %s", type(exc).__name__)
            self._disconnect()
        if self._lock is not None:
            self._lock.leave()
