"""Whether this machine's clock can be right: a Raspberry Pi starts without one.

What was stored while it was wrong has wrong times, so a clock that was set since is
reported, too.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta, tzinfo

from mvsnap.clock import PLAUSIBLE_FROM
from mvsnap.core.site_time import stored_to_minute as to_minute
from mvsnap.texts import status_wordings as said
from mvsnap.texts.wording import Reason

# Two machines with one database may differ.
_TOLERANCE = timedelta(minutes=5)
_SMALLEST_JUMP_S = 60.0
# From here on a length is said in days.
_LONG_S = 2 * 86_400.0


def mistake(now: datetime, zone: tzinfo) -> Reason:
    """Return why the clock is certainly wrong, "" if it may be right."""
    if now < PLAUSIBLE_FROM:
        return said.CLOCK_WRONG(clock_at=to_minute(now, zone))
    return Reason("")


def doubt(now: datetime, newest: datetime | None, zone: tzinfo) -> str:
    """Return why the clock may be wrong, or may have been; "" for no reason.

    newest: when the last event was stored.
    """
    if newest is None or newest <= now + _TOLERANCE:
        return ""
    return (
        f"wrong, or it was: it says {to_minute(now, zone)}, but the last event"
        f" was stored at {to_minute(newest, zone)}"
    )


class ClockSinceStart:
    """Notices that the clock was set while this process runs."""

    def __init__(self) -> None:
        self._first_s = self._look()

    def jump(self) -> Reason:
        """Return by how much the clock was set, "" if it was not."""
        jump_s = self._look() - self._first_s
        if abs(jump_s) < _SMALLEST_JUMP_S:
            return Reason("")
        length_s, is_ahead = abs(jump_s), jump_s > 0
        if length_s >= _LONG_S:
            days = said.DAYS_AHEAD if is_ahead else said.DAYS_BACK
            return days(count=round(length_s / 86_400))
        way = said.SET_AHEAD if is_ahead else said.SET_BACK
        return way(length_s=round(length_s))

    def _look(self) -> float:
        return time.time() - _uptime_s()


def _uptime_s() -> float:
    """Return a time that goes on while the machine sleeps, and is never set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
