"""Line crossings: a number of them within a window raises an event. Pure."""

from __future__ import annotations

from collections import deque
from typing import Any

from msgspec import Struct


class CrossingRule(Struct, frozen=True):
    """`event` and `type` use Meraki's terms, such as crossing_in and person."""

    event: str
    type: str
    count: int = 1
    window_ms: int = 60_000
    cooldown_ms: int = 300_000


class Crossed(Struct, frozen=True):
    began_ms: int
    raised_ms: int
    count: int


class CrossingWatch:
    """One line of one camera under one rule.

    Crossings are events, not states: each counts once, also a late one within the
    window; a repeat of the same object at the same time is not counted.
    """

    __slots__ = ("_seen", "quiet_until_ms", "rule")

    def __init__(self, rule: CrossingRule) -> None:
        self.rule = rule
        self.quiet_until_ms = -1
        self._seen: deque[tuple[int, int]] = deque(maxlen=max(rule.count, 64))

    def see(self, ts_ms: int, object_id: int, event: str, type: str) -> Crossed | None:
        """Process one crossing; return an event if it was the last one needed."""
        rule = self.rule
        if event != rule.event or type != rule.type or (ts_ms, object_id) in self._seen:
            return None
        self._seen.append((ts_ms, object_id))
        newest_ms = max(at_ms for at_ms, _ in self._seen)
        recent = [at for at, _ in self._seen if newest_ms - at <= rule.window_ms]
        if len(recent) < rule.count or newest_ms < self.quiet_until_ms:
            return None
        self.quiet_until_ms = newest_ms + rule.cooldown_ms
        return Crossed(min(recent), newest_ms, len(recent))

    def shift(self, by_ms: int) -> None:
        """Move what is known by so much: time was set."""
        if self.quiet_until_ms >= 0:
            self.quiet_until_ms += by_ms
        moved = [(at_ms + by_ms, object_id) for at_ms, object_id in self._seen]
        self._seen.clear()
        self._seen.extend(moved)

    def state(self) -> dict[str, Any]:
        """Return the state that another process needs, as JSON."""
        return {"quiet_until_ms": self.quiet_until_ms, "seen": [*self._seen]}

    def restore(self, known: dict[str, Any]) -> None:
        self.quiet_until_ms = known["quiet_until_ms"]
        self._seen.extend((at_ms, object_id) for at_ms, object_id in known["seen"])
