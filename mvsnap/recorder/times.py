"""Times: between the wall clock, which people read, and the monotonic one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mvsnap.clock import Clock


class Times:
    """Converts by what both clocks say now: a step of the wall clock is followed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.monotonic()

    def mono(self, at: datetime) -> float:
        return self.of_epoch(at.timestamp())

    def of_epoch(self, epoch_s: float) -> float:
        return self._clock.monotonic() + epoch_s - self._clock.now().timestamp()

    def epoch(self, mono: float) -> float:
        return self._clock.now().timestamp() + mono - self._clock.monotonic()

    def wall(self, mono: float) -> datetime:
        now = self._clock.now().astimezone(UTC)
        return now + timedelta(seconds=mono - self._clock.monotonic())


def anchored(
    at: datetime, received_at: datetime, max_age_s: float, ahead_s: float = 5
) -> datetime:
    """Return the moment to show: the event's own, if it is recent.

    Clouds deliver seconds late. A time that is far off comes from a wrong clock.
    """
    age_s = (received_at - at).total_seconds()
    return at if -ahead_s <= age_s <= max_age_s else received_at
