"""Listener: the loop from the broker to the store.

receive -> detect -> save -> acknowledge -> job. A message at QoS 1 is acknowledged only
when its effects are saved. The settings from the pages are read every second.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta

from mvsnap.camera_organizations import CameraOrganizations
from mvsnap.clock import StepWatch, SystemClock
from mvsnap.config.model import Settings
from mvsnap.config.sense import Sense
from mvsnap.core.sense_messages import Topic
from mvsnap.domain import Event
from mvsnap.loop import Every, Loop
from mvsnap.metrics import Metrics
from mvsnap.sense.broker_connection import BrokerConnection, broker_of
from mvsnap.sense.detector import Detector
from mvsnap.sense.eligibility import Eligibility
from mvsnap.sense.framing import Frame
from mvsnap.sense.heartbeat import Heartbeat
from mvsnap.sense.lag import note_batch
from mvsnap.sense.lock import InstanceLock, acquire_lock
from mvsnap.sense.outbox import Outbox, OutboxQueue
from mvsnap.sense.receiver import Batch, Broker
from mvsnap.sense.rules import SenseRules
from mvsnap.sense.sensor_jobs import SensorJobs
from mvsnap.sense.sensors import Sensors, targets
from mvsnap.sense.site_settings import SiteSettings
from mvsnap.sense.stores import Stores
from mvsnap.sense.unacknowledged import Unacknowledged
from mvsnap.sense.zone_share import BUCKETS, ZoneShare, bucket_of
from mvsnap.store.database import OUTAGES
from mvsnap.store.sense import Findings
from mvsnap.values import replace

log = logging.getLogger(__name__)

_RECEIVE_S = 1.0
_FAILED_S = 1.0
_EVERY_S = {
    "settings": 1.0,
    "expire": 5.0,
    # How much a power cut may lose of what has not led to an event yet, at QoS 0.
    "save": 5.0,
    # Zones where people stay: only the time of the last count has changed.
    "checkpoint": 15.0,
    "beat": 15.0,
    "lock": 5.0,
}
_STOP_S = 10.0
# Of one zone, in a second.
_MOST_IN_A_SPAN = 1000
# An older state says nothing about now.
_STATE_AGE = timedelta(hours=24)


class ListenerLoop:
    """The sense role: `start` returns at once, `stop` saves the current state."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        jobs: OutboxQueue,
        clock: SystemClock,
        metrics: Metrics,
        organizations: CameraOrganizations,
        share: ZoneShare | None = None,
    ) -> None:
        """share: with other listeners; None: this one works on everything."""
        self._settings = settings
        self._stores = stores
        self._clock = clock
        self._metrics = metrics
        self._sense = settings.sense
        rules = SenseRules(self._sense, settings.recipients, organizations.of)
        self._outbox = Outbox(jobs, stores.events, stores.site, clock, rules)
        most = settings.sense.max_zones
        self._detector = Detector(
            rules, self._on_sensor, most=most, keeps_lines=share is not None
        )
        self.zones = self._detector.zones
        self._sensors = Sensors(targets(settings, organizations), most)
        self._sensor_jobs = SensorJobs(jobs)
        self._share = share
        self._received_s = clock.monotonic()
        self._lock: InstanceLock | None = None
        self._clock_steps = StepWatch(clock)
        self._connection = BrokerConnection(clock)
        self._unsaved: Findings | None = None
        self._saved_until_s: float | None = None
        self._unacknowledged = Unacknowledged()
        self._heartbeat = Heartbeat(stores.sense, stores.events, clock)
        self._eligibility = Eligibility(stores.sense, stores.events, clock)
        self._site = SiteSettings(stores.site, self._sense, clock, stores.changes)
        self._loop = Loop(
            "listener",
            self._round,
            0,
            clock,
            failed_s=_FAILED_S,
            outages=OUTAGES,
            at_end=self._end,
        )
        every_s = _EVERY_S | {"share": share.turn_s if share else 0}
        self._every = {what: Every(each_s, clock) for what, each_s in every_s.items()}

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
        is_news = self._connection.state != self._heartbeat.reported
        if self._every["beat"].due() or is_news:
            self._beat()
        if self._connection.is_contested and self._lock is not None:
            self._take_another_id(self._lock)
        batch = self._connection.receive(_RECEIVE_S)
        self._received_s = self._clock.monotonic()
        if step := self._clock_steps.step():
            self._detector.clock_was_set(step)
        if batch is not None:
            self._work_on(batch, step)
        if self._every["expire"].due():
            self._detector.expire(self._clock.now())
            self._heartbeat.note_last_seen(self._detector)
        self._save_if_due()

    def _work_on(self, batch: Batch, step: timedelta) -> None:
        received_at = datetime.fromtimestamp(batch.received_at_ns / 1e9, UTC)
        if abs(self._clock.now() - received_at) > abs(step) / 2 > timedelta():
            received_at += step  # it came just before
        frames = batch.frames if self._share is None else self._share.ours(batch)
        self._detector.process(frames, received_at)
        self._heartbeat.count(len(batch.frames))
        note_batch(self._metrics, batch)
        if not any(frame[3] for frame in batch.frames):
            return
        has_job, self._sensor_jobs.new = self._sensor_jobs.new, False
        self._unacknowledged.add(batch, has_job=has_job)

    # --- saving

    def _save_if_due(self) -> None:
        share = self._share
        if share is not None and (share.is_over or self._every["share"].due()):
            self._share_out(share)
        # What an outage has held up goes first: what is due now is due after it, too.
        if self._unsaved is not None:
            self._save(checkpoint=False)
        if self._unsaved is None:
            self._save_what_is_due()
        self._sensor_jobs.submit()
        self._acknowledge()

    def _save_what_is_due(self) -> None:
        must = self._detector.needs_saving or self._sensors.changed
        checkpoint = self._every["checkpoint"].due()
        urgent = (
            self._detector.events.has_events or self._unacknowledged.waits_to_be_saved
        )
        # A press has no state: who takes over has to know that its job exists.
        submitted = self._share is not None and self._sensor_jobs.submitted
        if checkpoint or submitted or (must and (urgent or self._every["save"].due())):
            self._save(checkpoint=checkpoint)

    def _save(self, *, checkpoint: bool) -> None:
        """Save; on failure keep everything and try again in the next round."""
        if self._unsaved is None:
            found = self._detector.drain(checkpoint=checkpoint)
            self._unsaved = replace(
                found, states={**found.states, **self._sensors.drain()}
            )
            self._saved_until_s = None
            if (checkpoint or self._sensor_jobs.submitted) and not self._sensor_jobs:
                self._saved_until_s = self._received_s
                self._sensor_jobs.submitted = False
        found = self._unsaved
        if not self._is_written(found):
            return
        self._unsaved = None
        for event in found.events:
            self._notify(event)

    def _save_all(self) -> None:
        if self._unsaved is not None:
            self._save(checkpoint=False)
        self._save(checkpoint=True)

    def _is_written(self, found: Findings) -> bool:
        """Return False when others have taken some of it: `renew` says which."""
        share, now = self._share, self._clock.now()
        if share is None:
            return not found or self._stores.sense.save(found, now)
        if not share.mine or (not found and self._saved_until_s is None):
            return True
        fence = share.fence(self._saved_until_s)
        if self._stores.sense.save(found, now, fence):
            return True
        log.warning("zones were taken over by another listener meanwhile")
        self._every["share"].put_off(0)
        return False

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
        for batch in self._unacknowledged.pop(jobs_are_accepted=not self._sensor_jobs):
            self._connection.acknowledge(batch)

    # --- settings of the pages

    def _read_settings(self) -> None:
        self._site.read()
        self._detector.events.names = self._site.names
        if self._site.sense != self._sense:
            self._follow(self._site.sense)
        self._switch(self._sense.enabled)

    def _follow(self, sense: Sense) -> None:
        log.info("MV Sense settings changed")
        self._sense = sense
        rules = self._outbox.rules.changed(sense)
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
        """Acquire the lock; alone, resume where the last listener was."""
        if self._lock is not None:
            return True
        if not self._every["lock"].due():
            return False
        lock = acquire_lock(self._settings.data_dir, self._stores.identities)
        if lock is None:
            return False
        try:
            if self._share is None:
                self._restore(lambda _: True)
            else:
                self._share.begin(lock.listener_id)
        except BaseException:
            lock.leave()  # or the next try would take us for another process
            raise
        self._lock = lock
        return True

    # --- sensors

    def _on_sensor(self, topic: Topic, frame: Frame) -> None:
        self._sensor_jobs.add(self._sensors.jobs(topic, frame, self._clock.now()))

    # --- the zones of this listener, of several

    def _share_out(self, share: ZoneShare) -> None:
        """Let go of zones that others work on, and take over what is free."""
        connected, _ = self._connection.state
        may_have_zones = self._connection.is_open and (
            self._eligibility.may_have_zones(connected=connected)
        )
        if not may_have_zones:
            self._leave(share)
            return
        change = share.renew()
        self._forget(share, change.lost)
        if change.leaving:
            self._sensor_jobs.submit()
            self._save_all()
            self._forget(share, change.leaving)
        if change.new:
            self._take_over(share, change.new)
        if change.lost or change.leaving or change.new:
            mine, all_of_them = len(share.mine), len(BUCKETS)
            log.info("%d of %d parts of the zones are ours", mine, all_of_them)

    def _leave(self, share: ZoneShare) -> None:
        if share.mine:
            self._sensor_jobs.submit()
            self._save_all()
            self._forget(share, share.mine)
            share.leave()

    def _forget(self, share: ZoneShare, buckets: Collection[str]) -> None:
        if not buckets:
            return

        def gone(source: str) -> bool:
            return bucket_of(source) in buckets

        self._detector.drop(gone)
        self._sensors.drop(gone)
        if self._unsaved is not None:
            self._unsaved = self._unsaved.without(gone)
        share.forget(buckets)

    def _take_over(self, share: ZoneShare, buckets: Collection[str]) -> None:
        """Resume where another listener was, with what came since."""
        until = share.take(buckets)
        self._restore(lambda source: bucket_of(source) in buckets)
        share.resume(buckets)
        for span in share.missed(buckets, until):
            self._detector.expect_old(_MOST_IN_A_SPAN)
            for arrival in span:
                at = datetime.fromtimestamp(arrival.received_at_ns / 1e9, UTC)
                self._detector.process(arrival.frames, at)
        self._detector.expect_old(0)
        # Whoever had them before kept nothing of what it worked on and did not save.
        self._every["checkpoint"].put_off(0)

    def _restore(self, ours: Callable[[str], bool]) -> None:
        now = self._clock.now()
        known = self._stores.sense.states(self._clock.moment_before(_STATE_AGE))
        states = {key: state for key, state in known.items() if ours(key[0])}
        found = [each for each in self._outbox.unsubmitted() if ours(each.serial)]
        self._sensors.restore(states)
        self._detector.restore(states, now)
        for event in found:
            self._outbox.put(event)

    # --- the state for the pages

    def _beat(self) -> None:
        if self._lock is not None:
            refused = self._detector.refused + self._sensors.limit.refused
            self._lock.beat()
            self._heartbeat.beat(
                self._lock.listener_id,
                self._connection.state,
                (self._detector.topics, refused),
                self._connection.lost,
            )

    # --- the end

    def _disconnect(self) -> None:
        self._connection.close()
        self._unacknowledged.clear()

    def _end(self) -> None:
        try:
            self._save_all()
            self._acknowledge()
            self._disconnect()
            self._beat()
            if self._share is not None and self._lock is not None:
                self._share.leave()
            if self._lock is not None:
                self._lock.end()
        except OUTAGES as exc:
            log.error("the last counts cannot be saved: %s", type(exc).__name__)
            self._disconnect()
        self._site.close()
        self._heartbeat.end()
        if self._lock is not None:
            self._lock.leave()
