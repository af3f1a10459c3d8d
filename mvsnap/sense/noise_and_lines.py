"""Audio levels and line crossings of cameras under their rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from mvsnap.core.crossing import CrossingRule, CrossingWatch
from mvsnap.core.crowd import SILENCE_MS, CrowdWatch, Finding
from mvsnap.core.sense_messages import decode_audio_level, decode_crossing
from mvsnap.domain import EventKind, Serial, ZoneId
from mvsnap.sense.events import EventBuffer, Place
from mvsnap.sense.limits import WatchLimit
from mvsnap.sense.message_times import ClockSteps, SteadyTimes
from mvsnap.sense.odd_times import OddTimes
from mvsnap.sense.rules import SenseRules
from mvsnap.store.sense import ZoneKey

# The zone of a noise, which is of the whole camera.
ALL_OF_IT = ZoneId("")
_FORGET_MS = 3_600_000

LineKey = tuple[Serial, str, CrossingRule]


class NoiseDetector:
    """A watch for each camera that publishes its audio level."""

    def __init__(
        self, events: EventBuffer, odd_times: OddTimes, steps: ClockSteps, most: int
    ) -> None:
        self._events = events
        self._odd_times = odd_times
        self._steps = steps
        self.limit = WatchLimit("cameras with noise", most)
        self._watches: dict[Serial, CrowdWatch] = {}
        self._last_seen_ms: dict[Serial, int] = {}
        # Of those that are watched and have sent something since the start.
        self._times: dict[Serial, SteadyTimes] = {}

    def follow(self, rules: SenseRules) -> None:
        rule = rules.noise()
        if rule is None:
            self.drop(lambda _: True)
        for watch in self._watches.values():
            assert rule is not None
            watch.rule = rule

    def process(
        self,
        serial: Serial,
        payload: bytes,
        received_ms: int,
        rules: SenseRules,
        now: datetime,
    ) -> None:
        """Raises BadMessage."""
        rule = rules.noise()
        if rule is None or not rules.includes(serial):
            return
        ts_ms, level_db = decode_audio_level(payload)
        watch = self._watches.get(serial)
        if watch is None:
            if len(self._watches) >= self.limit.most:
                self.limit.refuse(serial)
                return
            watch = self._watches[serial] = CrowdWatch(rule)
        self._last_seen_ms[serial] = received_ms
        times = self._times.setdefault(serial, SteadyTimes(self._steps))
        if times.offset_ms and not watch.is_open:
            watch.shift(times.rebase())
        at_ms = times.time_ms(ts_ms, received_ms)
        if ts_ms not in (0, at_ms + times.offset_ms):
            self._odd_times.note(serial, received_ms)
        found = watch.see(at_ms, level_db)
        self._add(serial, watch, found, now)

    def clock_was_set(self, by_ms: int) -> None:
        for serial in self._last_seen_ms:
            self._last_seen_ms[serial] += by_ms
        for times in self._times.values():
            times.clock_was_set(by_ms)

    def expire(self, now_ms: int, now: datetime) -> None:
        for serial, watch in list(self._watches.items()):
            silent_ms = now_ms - self._last_seen_ms[serial]
            if silent_ms > SILENCE_MS:
                self._add(serial, watch, watch.finish(), now)
            if silent_ms > _FORGET_MS:
                self._remove(serial)

    def finish(self, now: datetime) -> None:
        for serial, watch in self._watches.items():
            self._add(serial, watch, watch.finish(), now)

    def drop(self, gone: Callable[[str], bool]) -> None:
        for serial in [serial for serial in self._watches if gone(serial)]:
            self._remove(serial)

    def _remove(self, serial: Serial) -> None:
        del self._watches[serial], self._last_seen_ms[serial]
        self._times.pop(serial, None)

    def restore(
        self, serial: Serial, known: dict[str, Any], rules: SenseRules, now_ms: int
    ) -> None:
        rule = rules.noise()
        if rule is not None:
            self._last_seen_ms[serial] = now_ms
            self._watches[serial] = watch = CrowdWatch(rule)
            watch.restore(known.get("crowd", {}))

    def drain(self) -> dict[ZoneKey, dict[str, Any]]:
        """Return the states that changed, and count them as saved."""
        changed = {s: watch for s, watch in self._watches.items() if watch.changed}
        for watch in changed.values():
            watch.changed = False
        return {(s, ALL_OF_IT): {"crowd": w.state()} for s, w in changed.items()}

    def _add(
        self, serial: Serial, watch: CrowdWatch, found: list[Finding], now: datetime
    ) -> None:
        place = Place(EventKind.NOISE, serial, ALL_OF_IT)
        for finding in found:
            self._events.add_crowd(place, finding, watch.rule, now)


class LineCrossingDetector:
    """A watch for each line and rule. changed: those whose state is not saved yet."""

    def __init__(
        self, events: EventBuffer, odd_times: OddTimes, steps: ClockSteps, most: int
    ) -> None:
        self._events = events
        self._odd_times = odd_times
        self._steps = steps
        self.limit = WatchLimit("lines", most)
        self._unstamped = 0
        self.changed: dict[LineKey, int] = {}
        self._watches: dict[LineKey, CrossingWatch] = {}
        self._last_seen_ms: dict[LineKey, int] = {}
        # Those whose last crossing had no time to believe.
        self._by_arrival: set[LineKey] = set()

    def process(
        self,
        serial: Serial,
        line_id: str,
        payload: bytes,
        received_ms: int,
        rules: SenseRules,
        now: datetime,
    ) -> None:
        """Raises BadMessage."""
        for number, rule in rules.crossings(serial, line_id):
            crossing = decode_crossing(payload)
            key = (serial, line_id, rule)
            watch = self._watches.get(key)
            if watch is None:
                if len(self._watches) >= self.limit.most:
                    self.limit.refuse(f"{serial} {line_id}")
                    return
                watch = self._watches[key] = CrossingWatch(rule)
            self._last_seen_ms[key] = received_ms
            ts_ms = self._steps.believed_ms(crossing.ts_ms, received_ms)
            object_id = crossing.object_id
            self._by_arrival.discard(key)
            if ts_ms != crossing.ts_ms:
                self._by_arrival.add(key)
                # All of a batch arrive at the same time: a repeat cannot be told from
                # the next person, who must be counted.
                self._unstamped -= 1
                object_id = self._unstamped
                if crossing.ts_ms:
                    self._odd_times.note(serial, received_ms)
            found = watch.see(ts_ms, object_id, crossing.event, crossing.type)
            self.changed[key] = number
            if found is not None:
                where = EventKind.CROSSING, serial, ZoneId(line_id), number
                place = Place(*where, line=crossing.label)
                self._events.add_crossing(place, found, rule, now)

    def clock_was_set(self, by_ms: int) -> None:
        for key in self._last_seen_ms:
            self._last_seen_ms[key] += by_ms
        for key in self._by_arrival:
            self._watches[key].shift(by_ms)

    def expire(self, now_ms: int) -> None:
        """Forget lines that have not been crossed for long."""
        for key, last_seen_ms in list(self._last_seen_ms.items()):
            rule = key[2]
            if now_ms - last_seen_ms > _FORGET_MS + rule.window_ms + rule.cooldown_ms:
                self._remove(key)

    def drain(self) -> dict[ZoneKey, dict[str, Any]]:
        """Return the states that changed, and count them as saved."""
        changed, self.changed = self.changed, {}
        return {
            (key[0], ZoneId(f"line {key[1]} {number}")): {
                "line": [key[1], number],
                **self._watches[key].state(),
            }
            for key, number in changed.items()
        }

    def restore(
        self, serial: Serial, known: dict[str, Any], rules: SenseRules, now_ms: int
    ) -> None:
        line_id, known_number = known["line"]
        for number, rule in rules.crossings(serial, line_id):
            if number == known_number:
                key = (serial, line_id, rule)
                self._last_seen_ms[key] = now_ms
                self._watches[key] = watch = CrossingWatch(rule)
                watch.restore(known)

    def drop(self, gone: Callable[[str], bool]) -> None:
        for key in [key for key in self._watches if gone(key[0])]:
            self._remove(key)

    def _remove(self, key: LineKey) -> None:
        del self._watches[key], self._last_seen_ms[key]
        self.changed.pop(key, None)
        self._by_arrival.discard(key)
