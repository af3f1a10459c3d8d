"""Whether this machine's clock can be right: a Raspberry Pi starts without one.

What was stored while it was wrong has wrong times, so a clock that was set since is
reported, too.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

# This program did not exist before.
_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
# Two machines with one database may differ.
_TOLERANCE = timedelta(minutes=5)
_SMALLEST_JUMP_S = 60.0


def mistake(now: datetime, newest: datetime | None) -> str:
    """Return why the clock is wrong, "" if it may be right.

    newest: when the last event was stored.
    """
    if now < _EARLIEST:
        return f"wrong: it says {now:%Y-%m-%d %H:%M} UTC (is NTP running?)"
    if newest is not None and newest > now + _TOLERANCE:
        return (
            f"wrong, or it was: it says {now:%Y-%m-%d %H:%M} UTC, but the last event"
            f" was stored at {newest:%Y-%m-%d %H:%M} UTC"
        )
    return ""


@dataclass(frozen=True, slots=True)
class ClockSinceStart:
    """Notices that the clock was set while this process runs."""

    _offset_s: float = field(default_factory=lambda: time.time() - _uptime_s())

    def jump(self) -> str:
        """Return by how much the clock was set, "" if it was not."""
        jump_s = time.time() - _uptime_s() - self._offset_s
        if abs(jump_s) < _SMALLEST_JUMP_S:
            return ""
        way = "ahead" if jump_s > 0 else "back"
        length = timedelta(seconds=round(abs(jump_s)))
        return f"set {way} by {length} since the start: times before that are wrong"


def _uptime_s() -> float:
    """Return a time that goes on while the machine sleeps, and is never set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
