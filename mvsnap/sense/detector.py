"""Detector: frames from the broker in; events, presences and states out. No I/O.

Each topic is watched separately, found by the topic's bytes. Their number is limited: a
broker full of invented topics must not exhaust the memory.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from mvsnap.core.crowd import Finding, Raised
from mvsnap.core.presence import PresenceSpan
from mvsnap.core.sense_messages import (
    BadMessage,
    Topic,
    TopicKind,
    decode_counts,
    parse_topic,
)
from mvsnap.domain import EventKind, Serial, ZoneId
from mvsnap.sense.events import EventBuffer, Place, moment
from mvsnap.sense.framing import Frame
from mvsnap.sense.full_frame import FullFrames
from mvsnap.sense.limits import WatchLimit
from mvsnap.sense.message_times import ClockSteps
from mvsnap.sense.noise_and_lines import ALL_OF_IT, LineCrossingDetector, NoiseDetector
from mvsnap.sense.odd_times import OddTimes
from mvsnap.sense.rules import SenseRules
from mvsnap.sense.zone import ZoneWatch
from mvsnap.store.sense import Findings, ZoneKey

log = logging.getLogger(__name__)

_MOST_REMEMBERED = 20_000
# A topic that is silent for this long makes room for another; when full, this long.
_FORGET_MS = 3_600_000
_FORGET_WHEN_FULL_MS = 60_000

OnSensor = Callable[[Topic, Frame], None]


class Detector:
    """on_sensor: receives messages of MT sensors, and sounds that a camera names.

    most: of the zones, of cameras with noise, and of lines.
    keeps_lines: whether crossings are part of the state; a line at a busy door is
        written again and again.
    """

    def __init__(
        self,
        rules: SenseRules,
        on_sensor: OnSensor,
        *,
        most: int,
        keeps_lines: bool = False,
    ) -> None:
        self._rules = rules
        self._on_sensor = on_sensor
        self._keeps_lines = keeps_lines
        self._limit = WatchLimit("zones", most)
        self.events = EventBuffer()
        self.bad_messages = 0
        # Some bridges change the spelling of topics: several may belong to one zone.
        self._zones: dict[bytes, ZoneWatch] = {}
        self._watches: dict[ZoneKey, ZoneWatch] = {}
        self._frames = FullFrames(self._watches, self._end_frame)
        self._dirty: dict[ZoneWatch, None] = {}
        self._odd_times = OddTimes()
        self._steps = steps = ClockSteps()
        shared = self.events, self._odd_times, steps, most
        self._noises = NoiseDetector(*shared)
        self._lines = LineCrossingDetector(*shared)
        # Topics without counts; None: not ours.
        self._others: dict[bytes, Topic | None] = {}
        self._full_until_ms = 0

    def restore(self, states: Mapping[ZoneKey, dict[str, Any]], now: datetime) -> None:
        """Resume the states of an earlier run."""
        now_ms = round(now.timestamp() * 1000)
        for (serial, zone_id), known in states.items():
            if "sensor" in known:  # a door: see Sensors
                continue
            if "line" in known:
                self._lines.restore(serial, known, self._rules, now_ms)
            elif zone_id == ALL_OF_IT:
                self._noises.restore(serial, known, self._rules, now_ms)
            elif self._rules.counts(serial, zone_id):
                self._watch(serial, zone_id).restore(known, now_ms)
        self._frames.review(self._rules, now)

    def follow(self, rules: SenseRules, now: datetime) -> None:
        """Switch to other rules; what is under way continues under them."""
        self._rules = rules
        self._others.clear()
        self._noises.follow(rules)
        for zone in self._watches.values():
            zone.crowd.rule = rules.crowd(zone.serial, zone.zone_id)
            if not rules.counts(zone.serial, zone.zone_id):
                self._add(zone, zone.finish(), now)
        self._keep(lambda zone: rules.counts(zone.serial, zone.zone_id))
        self._frames.review(self._rules, now)

    def process(self, frames: Iterable[Frame], now: datetime) -> None:
        """Process frames that arrived by `now`, in order."""
        received_ms = round(now.timestamp() * 1000)
        zones, decode = self._zones, decode_counts
        for frame in frames:
            topic, payload, _, _ = frame
            try:
                zone = zones.get(topic)
                if zone is None:
                    self._process_other(frame, received_ms, now)
                    continue
                count = decode(payload)
            except BadMessage as exc:
                self._complain(topic, exc)
                continue
            if count is None:
                continue
            found = zone.see(count[0], count[1], received_ms)
            if found is not None:
                self._add(zone, found, now)

    def clock_was_set(self, by: timedelta) -> None:
        """Go on as before: what is under way is neither over nor longer for it."""
        by_ms = round(by.total_seconds() * 1000)
        self._steps.note(by_ms)
        for zone in self._watches.values():
            if (split := zone.clock_was_set(by_ms)) is not None:
                self.events.add_presence(zone.serial, zone.zone_id, split)
        self._noises.clock_was_set(by_ms)
        self._lines.clock_was_set(by_ms)
        self._full_until_ms = 0

    def expire(self, now: datetime) -> None:
        """End what has been silent for too long, and forget what ended long ago."""
        now_ms = round(now.timestamp() * 1000)
        for zone in self._watches.values():
            if zone.is_open and (found := zone.expire(now_ms)):
                self._add(zone, found, now)
            if zone.has_odd_time:
                zone.has_odd_time = False
                self._odd_times.note(zone.serial, now_ms)
        self._frames.review(self._rules, now)
        self._noises.expire(now_ms, now)
        self._lines.expire(now_ms)
        self._forget(now_ms - _FORGET_MS)
        for limit in self._limits():
            limit.expire(now_ms)

    def finish(self, now: datetime) -> None:
        """End whatever is under way: nobody listens any more."""
        for zone in self._watches.values():
            if found := zone.finish():
                self._add(zone, found, now)
        self._noises.finish(now)

    def drop(self, gone: Callable[[str], bool]) -> None:
        """Forget cameras that others watch now, by serial, with what is not saved."""
        for zone in [zone for zone in self._dirty if gone(zone.serial)]:
            del self._dirty[zone]
        self._keep(lambda zone: not gone(zone.serial))
        self._noises.drop(gone)
        self._lines.drop(gone)
        self.events.drop(gone)

    def expect_old(self, messages: int) -> None:
        """Take that many of each zone for old, not for a clock that was set back."""
        for zone in self._watches.values():
            zone.late = -messages

    @property
    def needs_saving(self) -> bool:
        """Return whether a restart now would lose something."""
        lines = self._keeps_lines and bool(self._lines.changed)
        return bool(self._dirty) or self.events.has_events or lines

    def drain(self, *, checkpoint: bool) -> Findings:
        """Return what is to be saved, and count it as saved.

        checkpoint: also zones where only the time has advanced.
        """
        moved = [
            zone
            for zone in (self._watches.values() if checkpoint else ())
            if zone.is_open and zone.last_ms > zone.saved_ms
        ]
        states = {
            (zone.serial, zone.zone_id): zone.state() for zone in (*self._dirty, *moved)
        }
        self._dirty.clear()
        events, presences = self.events.gather()
        states |= self._noises.drain()
        if self._keeps_lines:
            states |= self._lines.drain()
        return Findings(events, presences, states)

    def zones(self) -> list[ZoneWatch]:
        """Return what is watched, to be read only; from any thread."""
        return list(self._watches.values())

    @property
    def topics(self) -> int:
        """Return how many topics with counts are watched."""
        return len(self._zones)

    @property
    def refused(self) -> int:
        """Return how many zones, microphones and lines are not: too many."""
        return sum(limit.refused for limit in self._limits())

    def _limits(self) -> tuple[WatchLimit, ...]:
        return self._limit, self._noises.limit, self._lines.limit

    def last_seen(self, since: datetime) -> dict[Serial, datetime]:
        """Return when each camera was last seen, of those seen after `since`."""
        since_ms = round(since.timestamp() * 1000)
        newest: dict[Serial, int] = {}
        for zone in self._watches.values():
            if zone.last_seen_ms > max(since_ms, newest.get(zone.serial, 0)):
                newest[zone.serial] = zone.last_seen_ms
        return {serial: moment(ms) for serial, ms in newest.items()}

    def _process_other(self, frame: Frame, received_ms: int, now: datetime) -> None:
        topic, payload = frame[0], frame[1]
        if topic not in self._others:
            self._others[topic] = parse_topic(topic)
            if len(self._others) > _MOST_REMEMBERED:
                self._others.clear()
                self._others[topic] = parse_topic(topic)
        parsed = self._others[topic]
        if parsed is None:
            return
        serial = Serial(parsed.source)
        if parsed.kind is TopicKind.COUNTS:
            zone_id = ZoneId(parsed.part)
            if self._rules.counts(serial, zone_id) and self._has_room(
                topic, received_ms
            ):
                # A topic without counts is not watched.
                has_people = decode_counts(payload) is not None
                zone = self._zones[topic] = self._watch(serial, zone_id)
                if has_people:
                    self._frames.note_new(zone, self._rules, now)
                del self._others[topic]
                self.process([frame], now)
        elif parsed.kind is TopicKind.AUDIO_LEVEL:
            self._noises.process(serial, payload, received_ms, self._rules, now)
        elif parsed.kind is TopicKind.CROSSING:
            line = parsed.part
            self._lines.process(serial, line, payload, received_ms, self._rules, now)
        else:
            self._on_sensor(parsed, frame)

    def _watch(self, serial: Serial, zone_id: ZoneId) -> ZoneWatch:
        zone = self._watches.get((serial, zone_id))
        if zone is None:
            rule = self._rules.crowd(serial, zone_id)
            zone = ZoneWatch(serial, zone_id, rule, self._dirty, self._steps)
            self._watches[serial, zone_id] = zone
        return zone

    def _end_frame(self, frame: ZoneWatch, now: datetime) -> None:
        self._add(frame, frame.finish(), now)
        self.events.withdraw(frame.serial, frame.zone_id)

    def _has_room(self, topic: bytes, now_ms: int) -> bool:
        if len(self._zones) >= self._limit.most and now_ms >= self._full_until_ms:
            self._full_until_ms = now_ms + _FORGET_WHEN_FULL_MS
            self._forget(now_ms - _FORGET_WHEN_FULL_MS)
        if len(self._zones) < self._limit.most:
            return True
        self._limit.refuse(topic)
        return False

    def _forget(self, seen_before_ms: int) -> None:
        self._keep(lambda zone: zone.is_open or zone.last_seen_ms >= seen_before_ms)

    def _keep(self, wanted: Callable[[ZoneWatch], bool]) -> None:
        gone = [key for key, zone in self._watches.items() if not wanted(zone)]
        for key in gone:
            del self._watches[key]
        if gone:
            self._zones = {t: z for t, z in self._zones.items() if wanted(z)}

    def _add(
        self,
        zone: ZoneWatch,
        found: Iterable[Finding | PresenceSpan],
        now: datetime,
    ) -> None:
        place = Place(EventKind.CROWD, zone.serial, zone.zone_id)
        for finding in found:
            if isinstance(finding, PresenceSpan):
                self.events.add_presence(zone.serial, zone.zone_id, finding)
            else:
                self._add_crowd(zone, place, finding, now)

    def _add_crowd(
        self, zone: ZoneWatch, place: Place, finding: Finding, now: datetime
    ) -> None:
        muted_by = self.events.names.muted_by(zone.serial, zone.zone_id, now)
        if isinstance(finding, Raised) and muted_by is not None:
            # A muted alert does not hold back the next one.
            zone.crowd.quiet_until_ms = -1
        self.events.add_crowd(place, finding, zone.crowd.rule, now)

    def _complain(self, topic: bytes, why: BadMessage) -> None:
        self.bad_messages += 1
        # The first, the second, the fourth ...: a broken camera must not fill the log.
        if self.bad_messages & (self.bad_messages - 1) == 0:
            shown = topic[:120].decode(errors="replace")
            log.warning(
                "message %d not understood, on %r: %s", self.bad_messages, shown, why
            )
