"""Time: aware UTC inside, and a single way to wait for something with a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol, TypeVar

from msgspec import Struct

T = TypeVar("T")

# This program did not exist before: what says so is wrong.
PLAUSIBLE_FROM = datetime(2026, 1, 1, tzinfo=UTC)
# A clock that NTP keeps is never set by as much at once.
SMALLEST_STEP = timedelta(minutes=1)
# Clocks of machines differ a little.
AHEAD = timedelta(minutes=1)
# After this no age is reckoned by what the clock said before it was set.
_SETTING_KEPT_S = 2 * 86400.0
# A faulty clock may step for ever.
_MOST_SETTINGS = 50


class Clock(Protocol):
    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...

    def passed_since(self, moment: datetime) -> timedelta: ...


class SystemClock:
    """The machine's clock; `stop()` wakes every sleeper, so a shutdown never waits."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._settings = ClockSettings()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self._stopped.wait(seconds)

    def passed_since(self, moment: datetime) -> timedelta:
        """Return how long ago that was, whatever the clock was set to since.

        The moment was read from the clock, which may have been set since then, or
        before: of the ages that this gives the shortest counts. So something may seem
        younger than it is, never older.
        """
        return self._settings.age(moment, self.now(), self.monotonic())

    def moment_before(self, age: timedelta) -> datetime:
        """Return a moment at least this long ago, whatever the clock was set to.

        For rows of the store: what is older than this is older than `age`.
        """
        return min(self._nows()) - age

    def latest(self) -> datetime:
        """Return what it would say now by the setting that is ahead of the others."""
        return max(self._nows())

    def removable_before(self, age: timedelta) -> datetime:
        """Return the moment before which rows are as old as that, to remove them.

        What this process wrote while the clock was far behind, as that of a machine
        which starts in 1970 until NTP sets it, is not among them.
        """
        now = self._nows()[-1]
        return min([now - age, *self._settings.begins_behind()])

    def wrong_times(self) -> list[WrongTime]:
        """Return the times that were plainly wrong and are known to be so by now.

        Rows with such times can be put right; `are_put_right` says that they were, so
        that they need not hold back the removal of others.
        """
        now = self._nows()[-1]
        return self._settings.wrong_times() if now >= PLAUSIBLE_FROM else []

    def are_put_right(self, wrong: Sequence[WrongTime]) -> None:
        self._settings.are_put_right(wrong)

    def was_wrong_within(self, span: timedelta) -> bool:
        """Return whether it was plainly wrong as short a time ago, or is."""
        is_short_ago = self.passed_since_step() < span
        return is_short_ago and min(self._nows()) < PLAUSIBLE_FROM

    def passed_since_start(self) -> timedelta:
        """Return how long this process has looked at its clock."""
        self._nows()
        return timedelta(seconds=self.monotonic() - self._settings.began_s)

    def passed_since_step(self) -> timedelta:
        """Return how long nobody has set the clock, as far as this process knows."""
        self._nows()
        return timedelta(seconds=self.monotonic() - self._settings.last_s)

    def _nows(self) -> list[datetime]:
        return self._settings.nows(self.now(), self.monotonic())

    def stop(self) -> None:
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()


class StepWatch:
    """Says by how much the clock was set since the last time it was asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._zero = self._now_zero()

    def step(self) -> timedelta:
        """Return how far the clock was set ahead; nothing if NTP only keeps it."""
        before, self._zero = self._zero, self._now_zero()
        by = self._zero - before
        return by if abs(by) >= SMALLEST_STEP else timedelta()

    def _now_zero(self) -> datetime:
        return self._clock.now() - timedelta(seconds=self._clock.monotonic())


class WrongTime(Struct, frozen=True):
    """A clock that was plainly wrong: what it said at last, and by how much it was."""

    until: datetime
    behind: timedelta


class _Setting(Struct, frozen=True):
    """zero: what it said when the monotonic clock was 0; seen_s: when it held last."""

    zero: datetime
    began_s: float
    seen_s: float


class ClockSettings:
    """How a clock was set since this process looked at it first.

    It is compared with the monotonic clock, which nobody sets; thread-safe.
    began_s, last_s: the monotonic time of the first look, and of the last step.
    """

    def __init__(self, smallest_step: timedelta = SMALLEST_STEP) -> None:
        self._smallest_step = smallest_step
        self.began_s = self.last_s = 0.0
        # The last one holds now.
        self._settings: list[_Setting] = []
        # What was written by these has the right time by now.
        self._put_right: frozenset[_Setting] = frozenset()
        self._lock = threading.Lock()

    def age(self, moment: datetime, now: datetime, monotonic_s: float) -> timedelta:
        """Return the shortest that the moment can be ago, by any of the settings.

        What no setting has reached was read before this process began to look.
        """
        nows = self.nows(now, monotonic_s)
        ages = [now - moment for now in nows if now - moment > -SMALLEST_STEP]
        if not ages:
            return timedelta(seconds=monotonic_s - self.began_s)
        return max(min(ages), timedelta())

    def read_s(
        self, moment: datetime, now: datetime, monotonic_s: float, ahead_s: float
    ) -> float | None:
        """Return the monotonic time at which the clock said that; None if it never did.

        Of several the last, since a clock that is set back says the same again.
        ahead_s: how far the clock of another machine may be from this one.
        """
        self.nows(now, monotonic_s)
        with self._lock:
            known = list(self._settings)
        # A step was between the last look before it and the first one after it.
        begins = [float("-inf"), *(one.seen_s for one in known[:-1])]
        ends = [*(one.began_s for one in known[1:]), monotonic_s]
        held = [
            ((moment - one.zero).total_seconds(), begin, end)
            for one, begin, end in zip(known, begins, ends, strict=True)
        ]
        exact, near = (
            [s for s, begin, end in held if begin - more_s <= s <= end + more_s]
            for more_s in (0.0, ahead_s)
        )
        if not near:
            return None
        # A clock that is a little ahead is likelier than an alarm of long ago.
        if exact and max(near) - max(exact) <= ahead_s:
            return max(exact)
        return max(near)

    def nows(self, now: datetime, monotonic_s: float) -> list[datetime]:
        """Return what the clock would say now, by each of its settings."""
        zero, began_s = now - timedelta(seconds=monotonic_s), monotonic_s
        with self._lock:
            known = self._settings
            if not known:
                self.began_s = self.last_s = monotonic_s
            elif abs(zero - known[-1].zero) < self._smallest_step:
                began_s = known[-1].began_s
                known = known[:-1]
            else:
                self.last_s = monotonic_s
            recent_s = monotonic_s - _SETTING_KEPT_S
            known = [one for one in known if one.seen_s > recent_s]
            now_set = _Setting(zero, began_s, monotonic_s)
            self._settings = [*known, now_set][-_MOST_SETTINGS:]
            passed = timedelta(seconds=monotonic_s)
            return [one.zero + passed for one in self._settings]

    def begins_behind(self) -> list[datetime]:
        """Return when each setting that was behind today's began, by itself."""
        with self._lock:
            *earlier, last = self._settings
        return [
            one.zero + timedelta(seconds=one.began_s)
            for one in earlier
            if one.zero < last.zero and one not in self._put_right
        ]

    def wrong_times(self) -> list[WrongTime]:
        with self._lock:
            known, done = self._settings, self._put_right
        return [
            WrongTime(until, known[-1].zero - one.zero)
            for one, until in _ends(known)
            # One that is ahead of today's is not put right: times would only get older.
            if until < PLAUSIBLE_FROM and one.zero < known[-1].zero and one not in done
        ]

    def are_put_right(self, wrong: Sequence[WrongTime]) -> None:
        ends = {each.until for each in wrong}
        with self._lock:
            found = {one for one, until in _ends(self._settings) if until in ends}
            self._put_right = self._put_right & {*self._settings} | found


def _ends(known: Sequence[_Setting]) -> list[tuple[_Setting, datetime]]:
    """Return each setting but the last with what it can have said at the latest."""
    return [
        (one, one.zero + timedelta(seconds=then.began_s))
        for one, then in zip(known, known[1:], strict=False)
    ]


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


def is_to_come(moment: datetime, now: datetime) -> bool:
    """Return whether the moment has not been yet: a clock that said so was wrong."""
    return moment > now + AHEAD


def has_passed(length: timedelta, since: datetime, now: datetime) -> bool:
    """Return whether something is due that was done last at `since`.

    It is also where that is still to come: nothing waits until a wrong time is over.
    """
    return is_to_come(since, now) or now - since >= length


def iso(moment: datetime, zone: tzinfo = UTC) -> str:
    """Return the moment as ISO 8601 with milliseconds and its offset, `Z` for UTC."""
    text = moment.astimezone(zone).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
