"""Whether this machine's clock can be right: a Raspberry Pi starts without one.

What was stored while it was wrong has wrong times, so a clock that was set since is
reported, too.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, tzinfo

from mvsnap.core.site_time import to_minute

# This program did not exist before.
_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
# Two machines with one database may differ.
_TOLERANCE = timedelta(minutes=5)
_SMALLEST_JUMP_S = 60.0


def mistake(now: datetime, newest: datetime | None, zone: tzinfo) -> str:
    """Return why the clock is wrong, "" if it may be right.

    newest: when the last event was stored.
    """
    if now < _EARLIEST:
        return f"wrong: it says {to_minute(now, zone)} (is NTP running?)"
    if newest is not None and newest > now + _TOLERANCE:
        return (
            f"wrong, or it was: it says {to_minute(now, zone)}, but the last event"
            f" was stored at {to_minute(newest, zone)}"
        )
    return ""


class ClockSinceStart:
    """Notices that the clock was set while this process runs."""

    def __init__(self) -> None:
        self._first_s = self._latest_s = time.time() - _uptime_s()

    def jump(self) -> str:
        """Return by how much the clock was set, "" if it was not."""
        jump_s = self._look() - self._first_s
        if abs(jump_s) < _SMALLEST_JUMP_S:
            return ""
        way = "ahead" if jump_s > 0 else "back"
        length = timedelta(seconds=round(abs(jump_s)))
        return f"set {way} by {length} since the start: times before that are wrong"

    def has_said(self, moment: datetime, now: datetime) -> bool:
        """Return whether it was later than this moment, before it was set back."""
        set_back_s = -self._look() + self._latest_s
        return set_back_s > 0 and moment <= now + timedelta(seconds=set_back_s)

    def _look(self) -> float:
        now_s = time.time() - _uptime_s()
        self._latest_s = max(self._latest_s, now_s)
        return now_s


def _uptime_s() -> float:
    """Return a time that goes on while the machine sleeps, and is never set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
