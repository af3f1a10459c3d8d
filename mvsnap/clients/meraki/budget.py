"""Request budget: a limit of Dashboard calls per second, urgent ones first.

Meraki allows 10 requests per second and organization and refills a token bucket. Of the
libraries considered, pyrate-limiter 4 has the same bucket (its `TokenBucket`), but a
refused caller sleeps on the machine's clock and then tries again: waiters overtake each
other, a test cannot move the time, and a shutdown waits for the sleeper.
requests-ratelimiter is a wrapper around the same library. `limits` has windows and no
bucket, no order among those who wait, and of the storages that processes share none is
PostgreSQL (Redis, Memcached, MongoDB).
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from mvsnap.clients.call_budget import (
    BudgetRule,
    BudgetState,
    BudgetStore,
    MemoryBudget,
    Turn,
    give_back,
)
from mvsnap.clock import Clock
from mvsnap.errors import UpstreamError
from mvsnap.texts import wordings

# A call that is not urgent books a turn after this wait, or it might never get one.
_PATIENCE_S = 1.0
# For the end of a hold nobody waits longer: the call fails with the time that is left.
_LONGEST_WAIT_FOR_HOLD_S = 5.0
# A turn this far away may have been overtaken by a hold.
_FAR_S = 0.2


def waited(clock: Clock, seconds: float) -> bool:
    """Sleep; False if the clock woke us early because the program is stopping."""
    if seconds < 1e-6:  # rounding, not waiting
        return True
    began = clock.monotonic()
    clock.sleep(seconds)
    # Timers may be a few milliseconds short; a stop is much shorter.
    return clock.monotonic() - began >= seconds - 0.05


class Budget(Protocol):
    def acquire(self, *, urgent: bool = False) -> None: ...

    def hold(self, seconds: float) -> None: ...

    def calls_left(self) -> float: ...


class RequestBudget:
    """Hands out turns by a `BudgetRule`; thread-safe.

    Calls that are not urgent stand in line: one of each process at a time looks whether
    something is left.
    store: where the state is kept, for other processes; default: in this one alone.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        per_s: float,
        burst: int,
        borrow: int = 0,
        store: BudgetStore | None = None,
    ) -> None:
        self._clock = clock
        self._rule = BudgetRule(per_s, burst, borrow)
        self._store = store or MemoryBudget(clock)
        self._line = threading.Lock()

    def acquire(self, *, urgent: bool = False) -> None:
        """Wait for a turn.

        Raises:
            UpstreamError: the call was not made: the program is stopping, or Meraki
                wants no calls for a while.
        """
        line: AbstractContextManager[object] = nullcontext() if urgent else self._line
        with line:
            began = self._clock.monotonic()
            while not self._has_turn(
                urgent=urgent, books=self._clock.monotonic() - began >= _PATIENCE_S
            ):
                pass

    def hold(self, seconds: float) -> None:
        """Let no call leave for so many seconds: Meraki said so."""
        self._store.hold(seconds)

    def calls_left(self) -> float:
        """Return how many calls may leave at once now."""

        def step(
            known: BudgetState | None, now: float, among: int
        ) -> tuple[BudgetState, float]:
            rule = self._rule.share(among)
            return known or rule.full(now), rule.calls_left(known, now)

        return self._store.change(step)

    def _has_turn(self, *, urgent: bool, books: bool) -> bool:
        def step(
            known: BudgetState | None, now: float, among: int
        ) -> tuple[BudgetState, Turn]:
            rule = self._rule.share(among)
            return rule.take(known, now, urgent=urgent, books=books)

        turn = self._store.change(step)
        if turn.is_held and turn.wait_s > _LONGEST_WAIT_FOR_HOLD_S:
            why = wordings.MERAKI_HOLDS(wait_s=round(turn.wait_s))
            raise UpstreamError(why, retry=True, retry_after_s=turn.wait_s)
        if not waited(self._clock, turn.wait_s):
            raise UpstreamError(wordings.STOPPING_UNASKED(), retry=True)
        if turn.is_given and turn.wait_s >= _FAR_S and self._store.held_s():
            # It will book another one; kept, each hold would double what is booked.
            self._store.change(give_back)
            return False
        return turn.is_given


class SpareBudget:
    """What others leave: at most `per_s` calls per second, none of them urgent."""

    def __init__(self, shared: Budget, clock: Clock, *, per_s: float) -> None:
        self._shared = shared
        self._own = RequestBudget(clock, per_s=per_s, burst=1)

    def acquire(self, *, urgent: bool = False) -> None:
        """Wait for a turn, also for a picture; raises as RequestBudget does."""
        self._own.acquire()
        self._shared.acquire()

    def hold(self, seconds: float) -> None:
        self._shared.hold(seconds)

    def calls_left(self) -> float:
        return self._shared.calls_left()
