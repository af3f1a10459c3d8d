"""Times: between the wall clock, which people read, and the monotonic one.

What is written down is monotonic, with the boot it belongs to: the wall clock may be
set while the service is down, and a Raspberry Pi starts with a wrong one.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from msgspec import Struct

from mvsnap.clock import Clock, ClockSettings

AHEAD_S = 5.0  # a trigger's clock may be this much ahead, a picture lasts a while
# NTP steps a clock that is off by more; less does not show in a clip.
_SMALLEST_STEP = timedelta(seconds=0.5)
# A look at both clocks is one moment, unless the machine had other things to do.
_AT_ONCE_S = 0.05
_MOST_LOOKS = 5
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Instant(Struct, frozen=True):
    """A moment by the monotonic clock of one boot, which starts anew with the next."""

    boot: str
    mono: float


class Times:
    """Converts by what both clocks say now: only for what has just happened.

    `read_at` knows how the wall clock was set since the start, too; thread-safe.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._settings = ClockSettings(_SMALLEST_STEP)
        self.boot = boot_id()
        self.look()

    def look(self) -> None:
        """Notice whether the wall clock was set; call it at least every few seconds."""
        self._settings.nows(*self._both())

    def read_at(self, received_at: datetime) -> float | None:
        """Return when the wall clock said that, by the monotonic one.

        None if it cannot have: it was another clock, or it was set before the start.
        """
        return self._settings.read_s(received_at, *self._both(), AHEAD_S)

    def _both(self) -> tuple[datetime, float]:
        for _ in range(_MOST_LOOKS):
            before = self._clock.monotonic()
            wall = self._clock.now()
            if self._clock.monotonic() - before < _AT_ONCE_S:
                break
        return wall, before

    def now(self) -> float:
        return self._clock.monotonic()

    def mono(self, at: datetime) -> float:
        return self.of_epoch(at.timestamp())

    def of_epoch(self, epoch_s: float) -> float:
        return self._clock.monotonic() + epoch_s - self._clock.now().timestamp()

    def instant(self, mono: float) -> Instant:
        return Instant(self.boot, mono)

    def is_ours(self, past: Instant) -> bool:
        """Return whether a past moment is of this boot; else it cannot be placed."""
        return past.boot == self.boot and past.mono <= self.now() + AHEAD_S


@cache
def boot_id() -> str:
    """Return what identifies this boot of the machine.

    Where the kernel has no name for it, each process counts as a boot of its own.
    """
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return secrets.token_hex(16)


def anchored(at: datetime, received_at: datetime, max_age_s: float) -> datetime:
    """Return the moment to show: the event's own, if it is recent.

    Clouds deliver seconds late. A time that is far off comes from a wrong clock.
    """
    age_s = (received_at - at).total_seconds()
    return at if -AHEAD_S <= age_s <= max_age_s else received_at


def shifted(at: datetime | None, by_s: float) -> datetime | None:
    return None if at is None else at + timedelta(seconds=by_s)
