"""Time: aware UTC inside, and a single way to wait for something with a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clock; `stop()` wakes every sleeper, so a shutdown never waits."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self._stopped.wait(seconds)

    def stop(self) -> None:
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()


def poll(
    attempt: Callable[[], T | None], clock: Clock, *, every_s: float, limit_s: float
) -> T | None:
    """Call `attempt` until it returns something, for at most `limit_s` seconds.

    Returns None when the time is up.
    """
    deadline = clock.monotonic() + limit_s
    while (found := attempt()) is None:
        left_s = deadline - clock.monotonic()
        if left_s <= 0:
            return None
        clock.sleep(min(every_s, left_s))
    return found


def iso(moment: datetime) -> str:
    """Return the moment as ISO 8601 in UTC with `Z` and milliseconds."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
