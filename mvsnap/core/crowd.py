"""Crowd detector: levels of one zone in, at most one crowd per gathering out.

Pure. A level is a number of people, or an audio level in dB: the rule is the same.

The rule, with times in milliseconds of the camera's clock:

* A crowd begins with the first message at or above `start`. It counts once it has
  lasted `dwell_ms`, `min_messages` have confirmed it and the level is at or above
  `limit`.
* Levels below `end` for up to `dropout_ms` change nothing. After that, the crowd is
  over, and it ended with the last message at or above `end`. Only then can the next
  begin.
* Without a `start` or `end` of its own, a rule has one threshold for all three.
* No message at all for `SILENCE_MS` ends it as well: nobody knows who is still there. A
  shorter silence (a broker that restarts) changes nothing.
* For `cooldown_ms` after a crowd was raised, the next one is held back. If it is still
  there when that time is over, it is raised then; if not, it is stored without an
  alert.
* A message that is not newer than the last one is a repeat or late: it changes nothing,
  because decisions made since were already sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

SILENCE_MS = 60_000


@dataclass(frozen=True, slots=True)
class CrowdRule:
    """When a level counts as a crowd; `limit` is people, or dB.

    to_start, to_end: other thresholds for its begin and its end. An end above either of
        the other two would end what has just begun: the lowest of the three holds.
    """

    limit: int
    dwell_ms: int = 60_000
    min_messages: int = 1
    dropout_ms: int = 5_000
    cooldown_ms: int = 300_000
    to_start: int | None = None
    to_end: int | None = None
    start: int = field(init=False)
    end: int = field(init=False)

    def __post_init__(self) -> None:
        # Worked out once: they are compared with every message.
        start = self.limit if self.to_start is None else self.to_start
        lowest = min(start, self.limit)
        end = lowest if self.to_end is None else min(self.to_end, lowest)
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "end", end)


class Raised(Struct, frozen=True):
    """A crowd counts since `raised_ms`. `quiet`: it was only there in the cool-down."""

    began_ms: int
    raised_ms: int
    level: int
    quiet: bool = False


class Ended(Struct, frozen=True):
    """A raised crowd is over since `ended_ms`."""

    began_ms: int
    ended_ms: int
    peak: int


Finding = Raised | Ended


class CrowdWatch:
    """One zone under the rule.

    changed: set when the state that a restart needs has changed; the caller clears it.
    """

    __slots__ = (
        "began_ms",
        "changed",
        "last_ms",
        "messages",
        "peak",
        "quiet_until_ms",
        "raised",
        "ripe",
        "rule",
        "seen_ms",
    )

    def __init__(self, rule: CrowdRule) -> None:
        self.rule = rule
        self.last_ms = -1
        self.quiet_until_ms = -1
        self.changed = False
        self.began_ms = -1
        self.seen_ms = -1
        self.messages = 0
        self.peak = 0
        self.raised = False
        self.ripe: Raised | None = None

    def see(self, ts_ms: int, level: int) -> list[Finding]:
        """Process one message; return what it led to, usually nothing."""
        if ts_ms <= self.last_ms:
            return []
        if self.began_ms < 0 and level < self.rule.start:
            # The usual case: nothing is under way and nothing begins.
            self.last_ms = ts_ms
            return []
        silence_ms = ts_ms - self.last_ms
        is_over = silence_ms > max(SILENCE_MS, self.rule.dropout_ms)
        found = self.finish() if is_over else []
        self.last_ms = ts_ms
        is_under_way = self.began_ms >= 0
        if level >= (self.rule.end if is_under_way else self.rule.start):
            found += self._above(ts_ms, level)
        elif is_under_way and ts_ms - self.seen_ms > self.rule.dropout_ms:
            found += self._end()
        return found

    def finish(self) -> list[Finding]:
        """End what is under way: no more messages will be received."""
        return self._end() if self.began_ms >= 0 else []

    @property
    def is_open(self) -> bool:
        """Return whether there is a crowd, or may be one soon."""
        return self.began_ms >= 0

    def _above(self, ts_ms: int, level: int) -> list[Finding]:
        if self.began_ms < 0:
            self.began_ms = ts_ms
        self.seen_ms = ts_ms
        self.messages += 1
        if level > self.peak or self.messages == 1:
            self.peak = level
            self.changed = True
        if self.raised:
            return []
        self.changed = True
        rule = self.rule
        lasted_ms = ts_ms - self.began_ms
        if lasted_ms < rule.dwell_ms or self.messages < rule.min_messages:
            return []
        if level < rule.limit:
            return []
        if ts_ms < self.quiet_until_ms:
            if self.ripe is None:
                self.ripe = Raised(self.began_ms, ts_ms, level, quiet=True)
            return []
        self.raised = True
        self.quiet_until_ms = ts_ms + rule.cooldown_ms
        return [Raised(self.began_ms, ts_ms, level)]

    def _end(self) -> list[Finding]:
        found: list[Finding] = [] if self.ripe is None or self.raised else [self.ripe]
        if self.raised or found:
            found.append(Ended(self.began_ms, self.seen_ms, self.peak))
        self._forget()
        self.changed = True
        return found

    def _forget(self) -> None:
        self.began_ms = -1
        self.seen_ms = -1
        self.messages = 0
        self.peak = 0
        self.raised = False
        self.ripe = None

    def shift(self, by_ms: int) -> None:
        """Move what is known by so much while nothing is under way: time was set."""
        if self.last_ms >= 0:
            self.last_ms += by_ms
        if self.quiet_until_ms >= 0:
            self.quiet_until_ms += by_ms
        self.changed = True

    def state(self) -> dict[str, Any]:
        """Return the state that a restart needs, as JSON."""
        known: dict[str, Any] = {"last_ms": self.last_ms}
        if self.quiet_until_ms >= 0:
            known["quiet_until_ms"] = self.quiet_until_ms
        if self.began_ms >= 0:
            known |= {
                "began_ms": self.began_ms,
                "seen_ms": self.seen_ms,
                "messages": self.messages,
                "peak": self.peak,
                "raised": self.raised,
            }
        if self.ripe is not None:
            known["ripe"] = [self.ripe.raised_ms, self.ripe.level]
        return known

    def restore(self, known: dict[str, Any]) -> None:
        """Resume from the state of an earlier run."""
        self.last_ms = known.get("last_ms", -1)
        self.quiet_until_ms = known.get("quiet_until_ms", -1)
        self.began_ms = known.get("began_ms", -1)
        self.seen_ms = known.get("seen_ms", -1)
        self.messages = known.get("messages", 0)
        self.peak = known.get("peak", 0)
        self.raised = known.get("raised", False)
        if "ripe" in known:
            raised_ms, level = known["ripe"]
            self.ripe = Raised(self.began_ms, raised_ms, level, quiet=True)
