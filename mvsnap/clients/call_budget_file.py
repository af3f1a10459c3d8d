"""State of a call budget for the processes of one machine, in files of its data_dir.

As long as only one process makes calls, its state stays in its memory and nothing is
written: an SD card wears out. Who comes second says so by a lock, and from then on both
use the file.
"""

from __future__ import annotations

import logging
import threading
import weakref
from pathlib import Path

from mvsnap.clients.call_budget import (
    LONGEST_HOLD_S,
    BudgetState,
    MemoryBudget,
    Step,
    T,
    held_step,
)
from mvsnap.clock import Clock
from mvsnap.file_lock import FileLock, acquire, acquire_shared, try_acquire
from mvsnap.values import replace

log = logging.getLogger(__name__)

# Longer than anything that is booked or borrowed.
_DEBTS_S = 60.0
# Where the files cannot be used: a guess of how many others there are.
_UNKNOWN = 2


class FileBudget:
    """Times are those of the machine's monotonic clock, which its processes share."""

    spare = 0

    def __init__(self, folder: Path, name: str, clock: Clock) -> None:
        self._first = folder / f"{name}.first"
        self._others = folder / f"{name}.others"
        self._state = folder / f"{name}.state"
        self._clock = clock
        self._own = MemoryBudget(clock)
        self._looking = threading.Lock()
        self._place: FileLock | None = None
        self._is_first = False
        self._was_alone = True
        self._is_broken = False

    def change(self, step: Step[T]) -> T:
        return self._changed(step, even_alone=False)

    def _changed(self, step: Step[T], *, even_alone: bool) -> T:
        try:
            with self._looking:
                is_alone = self._is_alone()
            if is_alone and not even_alone:
                return self._own.change(step)
            with acquire(self._state) as file:
                return self._own.change(self._with(file, step))
        except OSError as exc:
            self._report(exc)
            return self._own.change(step, among=_UNKNOWN)

    def held_s(self) -> float:
        own_s = self._own.held_s()
        try:
            with self._looking:
                is_alone = self._is_alone()
            if is_alone:
                return self._own.held_s()
            with acquire(self._state) as file:
                now = self._clock.monotonic()
                known = _parsed(file.read(), now)
        except OSError as exc:
            self._report(exc)
            return own_s
        return max(own_s, known.held_s(now)) if known else own_s

    def hold(self, seconds: float) -> None:
        # Rare, and for those who come next.
        self._changed(held_step(seconds), even_alone=True)

    def _with(self, file: FileLock, step: Step[T]) -> Step[T]:
        """Return the same step on the file's state; called with the file locked."""

        def shared(
            own: BudgetState | None, now: float, among: int
        ) -> tuple[BudgetState, T]:
            known = _parsed(file.read(), now)
            if self._was_alone and own is not None:
                # What this process has used up alone is not in the file, and what an
                # older one lacked has grown since.
                is_news = known is not None and known.filled_at_s > own.filled_at_s
                known = own.at_most(known) if known and is_news else own.held_as(known)
            self._was_alone = False
            bucket, answer = step(known, now, among)
            file.write(_text(bucket), durable=False)
            return bucket, answer

        return shared

    def _is_alone(self) -> bool:
        """Return whether no other process makes calls, and be seen by those that do."""
        if not self._is_first and (first := try_acquire(self._first)):
            self._take(first, is_first=True)
            with acquire(self._state) as file:
                known = _parsed(file.read(), self._clock.monotonic())
                self._own.state = self._own.state or known
        if self._place is None:
            self._take(acquire_shared(self._others), is_first=False)
            with acquire(self._state) as file:
                # The first one may have used up all, and wrote it nowhere.
                now = self._clock.monotonic()
                empty, known = BudgetState(0.0, now), _parsed(file.read(), now)
                file.write(_text(empty.at_most(known or empty)), durable=False)
        if not self._is_first:
            return False
        nobody = try_acquire(self._others)
        if nobody is not None:
            nobody.release()
            self._was_alone = True
        return nobody is not None

    def _take(self, place: FileLock, *, is_first: bool) -> None:
        if self._place is not None:
            self._place.release()
        self._place, self._is_first = place, is_first
        weakref.finalize(self, place.release)

    def _report(self, exc: OSError) -> None:
        if not self._is_broken:
            log.warning("the request budget is not shared: %s", exc)
        self._is_broken = True


def _text(bucket: BudgetState) -> str:
    return (
        f"{bucket.calls_left:.4f} {bucket.filled_at_s:.4f} {bucket.lends}"
        f" {bucket.lends_until_s:.4f} {bucket.held_until_s:.4f}"
    )


def _parsed(text: str, now: float) -> BudgetState | None:
    """Return the state, None if there is none of this run of the machine.

    Left alone for some time it has no debts; what has grown since, its rule knows.
    """
    words = text.split()
    try:
        calls_left, filled_at_s, lends, lends_until_s, held_until_s = map(float, words)
        known = BudgetState(
            calls_left, filled_at_s, int(lends), lends_until_s, held_until_s
        )
    except ValueError:
        return None
    if not 0 <= now - filled_at_s < LONGEST_HOLD_S:
        return None
    return known if now - filled_at_s < _DEBTS_S else replace(known, calls_left=0.0)
