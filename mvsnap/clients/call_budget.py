"""Call budget: the rule, and where its state is kept.

Other processes use up the same limit, so the state may be kept where all see it: in a
row of the database, or in a file. Nothing here waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from msgspec import Struct

from mvsnap.clock import Clock
from mvsnap.values import replace

T = TypeVar("T")

LONGEST_HOLD_S = 3600.0
# Long enough for the threads of one job to call; later the bucket is full again.
_LENDS_FOR_S = 0.2
_ALMOST = 1e-6  # rounding


class BudgetState(Struct, frozen=True):
    """State of a budget; all times are of one clock, in seconds.

    calls_left: calls that may leave now; below zero: calls that left or were booked too
    early. lends: calls that may still be borrowed until `lends_until_s`. Until
    `held_until_s` the cloud wants no call at all.
    """

    calls_left: float
    filled_at_s: float
    lends: int = 0
    lends_until_s: float = float("-inf")
    held_until_s: float = float("-inf")

    def held_s(self, now: float) -> float:
        # A clock that was set back must not hold for longer than anybody asked.
        return min(max(0.0, self.held_until_s - now), LONGEST_HOLD_S)

    def hold(self, now: float, seconds: float) -> BudgetState:
        until = now + min(max(seconds, 0.0), LONGEST_HOLD_S)
        return replace(
            self,
            calls_left=min(self.calls_left, 0.0),
            held_until_s=max(self.held_until_s, until),
        )

    def held_as(self, other: BudgetState | None) -> BudgetState:
        """Return this state, held at least as long as another."""
        until = other.held_until_s if other else self.held_until_s
        return replace(self, held_until_s=max(self.held_until_s, until))

    def at_most(self, other: BudgetState) -> BudgetState:
        """Return the less generous of two states of the same moment."""
        return replace(
            self,
            calls_left=min(self.calls_left, other.calls_left),
            lends=0,
            held_until_s=max(self.held_until_s, other.held_until_s),
        )


class Turn(Struct, frozen=True):
    """wait_s: until the call may leave, or, without a turn, until to ask again."""

    wait_s: float
    is_given: bool
    is_held: bool = False


class BudgetRule(Struct, frozen=True):
    """A token bucket: `burst` calls at once, then `per_s` per second.

    To urgent calls a full bucket lends `borrow` more, which are paid back before the
    next ones: Meraki grants 10 more in the first second, and a trigger for many cameras
    needs all its pictures of the same moment.

    Urgent calls book a turn of the future, others only take what is left now. So urgent
    ones go first, whichever process they are in.
    """

    per_s: float
    burst: int
    borrow: int = 0

    def share(self, processes: int) -> BudgetRule:
        """Return what one of so many may use when they know nothing of each other."""
        if processes < 2:
            return self
        return BudgetRule(self.per_s / processes, max(1, self.burst // processes))

    def full(self, now: float) -> BudgetState:
        return BudgetState(float(self.burst), now)

    def take(
        self,
        known: BudgetState | None,
        now: float,
        *,
        urgent: bool,
        books: bool = False,
    ) -> tuple[BudgetState, Turn]:
        """books: a call that is not urgent, but has waited for long."""
        bucket = self._refilled(known or self.full(now), now)
        if held_s := bucket.held_s(now):
            return bucket, Turn(held_s, is_given=False, is_held=True)
        # One call short of full counts as full: background calls would spoil every
        # other burst, and those two share the same second anyway.
        if urgent and bucket.calls_left >= max(1, self.burst - 1) - _ALMOST:
            bucket = replace(
                bucket, lends=self.borrow, lends_until_s=now + _LENDS_FOR_S
            )
        burst_s = min(bucket.lends_until_s - now, _LENDS_FOR_S)
        if not urgent and burst_s > _ALMOST:
            return bucket, Turn(burst_s, is_given=False)
        if not (urgent or books) and bucket.calls_left < 1 - _ALMOST:
            return bucket, Turn((1 - bucket.calls_left) / self.per_s, is_given=False)
        bucket = replace(bucket, calls_left=bucket.calls_left - 1)
        if bucket.calls_left >= -_ALMOST:
            return bucket, Turn(0.0, is_given=True)
        if urgent and bucket.lends and burst_s >= 0:
            return replace(bucket, lends=bucket.lends - 1), Turn(0.0, is_given=True)
        return bucket, Turn(-bucket.calls_left / self.per_s, is_given=True)

    def calls_left(self, known: BudgetState | None, now: float) -> float:
        """Return how many calls may leave now; 0 while the cloud wants none."""
        bucket = self._refilled(known or self.full(now), now)
        return 0.0 if bucket.held_s(now) else max(0.0, bucket.calls_left)

    def _refilled(self, bucket: BudgetState, now: float) -> BudgetState:
        # Clocks of databases are set back, too: then nothing has grown.
        grown = max(0.0, now - bucket.filled_at_s) * self.per_s
        calls = min(float(self.burst), bucket.calls_left + grown)
        return replace(bucket, calls_left=calls, filled_at_s=now)


# A change of the state: from it, None at first, the time of its clock, and the number
# of processes among which the budget has to be divided; returns the state after it.
Step = Callable[[BudgetState | None, float, int], tuple[BudgetState, T]]


class BudgetStore(Protocol):
    """Where the state of one budget is kept; thread-safe. Never fails.

    spare: calls of a burst to leave unused: those of several machines arrive less
    evenly than they were sent.
    """

    spare: int

    def change(self, step: Step[T]) -> T: ...

    def held_s(self) -> float:
        """Return for how long the cloud wants no call."""
        ...

    def hold(self, seconds: float) -> None: ...


class MemoryBudget:
    """In the memory of this process."""

    spare = 0

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.state: BudgetState | None = None

    def change(self, step: Step[T], *, among: int = 1) -> T:
        with self._lock:
            self.state, answer = step(self.state, self._clock.monotonic(), among)
            return answer

    def held_s(self) -> float:
        known = self.state
        return known.held_s(self._clock.monotonic()) if known else 0.0

    def hold(self, seconds: float) -> None:
        self.change(held_step(seconds))


def give_back(
    known: BudgetState | None, now: float, _among: int
) -> tuple[BudgetState, None]:
    """Return a turn that was booked and not used."""
    bucket = known or BudgetState(0.0, now)
    return replace(bucket, calls_left=bucket.calls_left + 1), None


def held_step(seconds: float) -> Step[None]:
    """Return the change that lets no call leave for so many seconds."""

    def step(
        known: BudgetState | None, now: float, _among: int
    ) -> tuple[BudgetState, None]:
        return (known or BudgetState(0.0, now)).hold(now, seconds), None

    return step
