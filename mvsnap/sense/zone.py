"""One watched topic: which time to use, and what its counts amount to.

Whether a camera is silent is judged by arrivals only, as its clock may be minutes off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mvsnap.core.crowd import SILENCE_MS, CrowdRule, CrowdWatch, Finding
from mvsnap.core.presence import PresenceSpan, PresenceWatch
from mvsnap.domain import Serial, ZoneId
from mvsnap.sense.message_times import AHEAD_MS, BEHIND_MS, ClockSteps, SteadyTimes

# This many messages in a row older than the last one: the clock was set back.
_SET_BACK = 50


class ZoneWatch:
    """The counts of one zone, for the crowd rule and for presences.

    dirty: the set of watches with changes that are not saved yet.
    late: messages in a row that were older; negative: as many more are expected.
    people: the last count; -1: none yet.
    times: of a camera whose own could not be believed once.
    steps_back: only `people` is kept: another zone of the camera counts instead.
    """

    __slots__ = (
        "crowd",
        "has_odd_time",
        "last_seen_ms",
        "last_ms",
        "late",
        "people",
        "dirty",
        "presence",
        "saved_ms",
        "serial",
        "steps",
        "steps_back",
        "times",
        "zone_id",
    )

    def __init__(
        self,
        serial: Serial,
        zone_id: ZoneId,
        rule: CrowdRule,
        dirty: dict[ZoneWatch, None],
        steps: ClockSteps,
    ) -> None:
        self.dirty = dirty
        self.steps = steps
        self.times: SteadyTimes | None = None
        self.serial = serial
        self.zone_id = zone_id
        self.crowd = CrowdWatch(rule)
        self.presence = PresenceWatch()
        self.last_ms = -1
        self.last_seen_ms = -1
        self.saved_ms = -1
        self.late = 0
        self.people = -1
        self.has_odd_time = False
        self.steps_back = False

    def see(
        self, ts_ms: int, people: int, received_ms: int
    ) -> Sequence[Finding | PresenceSpan] | None:
        """Process one count; return what it led to, None for nothing."""
        self.last_seen_ms = received_ms
        # Mostly the camera is right, and costs no call.
        if not -AHEAD_MS <= received_ms - ts_ms <= BEHIND_MS or self.times is not None:
            ts_ms = self._time_ms(ts_ms, received_ms)
        if ts_ms <= self.last_ms and not self._was_set_back(received_ms):
            return None
        self.late = 0
        self.people = people
        crowd, presence = self.crowd, self.presence
        if people == 0 and presence.in_ms < 0 and crowd.began_ms < 0:
            # Mostly nobody is there: nothing to decide, at up to 100,000 a second.
            self.last_ms = crowd.last_ms = ts_ms
            return None
        if self.steps_back:
            self.last_ms = crowd.last_ms = ts_ms
            return None
        self.last_ms = ts_ms
        found = crowd.see(ts_ms, people)
        seen = presence.see(ts_ms + self.offset_ms, people)
        if crowd.changed or presence.changed:
            self.dirty[self] = None
        if seen is not None:
            return [*found, seen]
        return found or None

    def _time_ms(self, ts_ms: int, received_ms: int) -> int:
        if self.times is None:
            self.times = SteadyTimes(self.steps)
        if self.times.offset_ms and not self.crowd.is_open:
            self._rebase(self.times)
        time_ms = self.times.time_ms(ts_ms, received_ms)
        if ts_ms not in (0, time_ms + self.times.offset_ms):
            self.has_odd_time = True
        return time_ms

    def _rebase(self, times: SteadyTimes) -> None:
        by_ms = times.rebase()
        if self.last_ms >= 0:
            self.last_ms += by_ms
        self.crowd.shift(by_ms)
        self.dirty[self] = None

    def clock_was_set(self, by_ms: int) -> PresenceSpan | None:
        """Go on; return the presence that is split there, by the times it had.

        A crowd is one event, and keeps its times to its end.
        """
        self.last_seen_ms += by_ms
        before_ms = self.offset_ms
        if self.times is not None:
            self.times.clock_was_set(by_ms)
        if self.offset_ms == before_ms:
            return None
        self.dirty[self] = None
        return self.presence.finish()

    @property
    def offset_ms(self) -> int:
        """Return how far the clock was set since the crowd began, if it goes by it."""
        return 0 if self.times is None else self.times.offset_ms

    def _was_set_back(self, received_ms: int) -> bool:
        """Return whether the camera's clock was set back; start over then."""
        self.late += 1
        if self.late <= 0:
            return False
        latest_ms = received_ms - self.offset_ms + AHEAD_MS
        if self.last_ms <= latest_ms and self.late < _SET_BACK:
            return False
        self.last_ms = self.crowd.last_ms = -1
        return True

    def expire(self, now_ms: int) -> list[Finding | PresenceSpan]:
        """End what the camera no longer reports."""
        if now_ms - self.last_seen_ms <= SILENCE_MS:
            return []
        return self.finish()

    def finish(self) -> list[Finding | PresenceSpan]:
        """End whatever is under way."""
        found: list[Finding | PresenceSpan] = [*self.crowd.finish()]
        seen = self.presence.finish()
        if seen is not None:
            found.append(seen)
        if found:
            self.dirty[self] = None
        return found

    @property
    def is_open(self) -> bool:
        return self.crowd.is_open or self.presence.is_open

    def state(self) -> dict[str, Any]:
        """Return the state that a restart needs, as JSON, and count it as saved."""
        self.crowd.changed = self.presence.changed = False
        self.saved_ms = self.last_ms
        # The number is for the pages; a restart does without.
        known = {"crowd": self.crowd.state(), "people": self.people}
        if self.offset_ms:
            known["offset_ms"] = self.offset_ms
        present = self.presence.state()
        return known if present is None else known | {"presence": present}

    def restore(self, known: dict[str, Any], now_ms: int) -> None:
        """Resume; nobody can have been seen while nobody listened."""
        self.last_seen_ms = now_ms
        self.crowd.restore(known.get("crowd", {}))
        self.presence.restore(known.get("presence"))
        if offset_ms := known.get("offset_ms", 0):
            self.times = SteadyTimes(self.steps, offset_ms)
        self.last_ms = self.saved_ms = self.crowd.last_ms
