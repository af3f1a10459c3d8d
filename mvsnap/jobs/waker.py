"""Lets jobs that wait go on when they can: the newest and the oldest in turns.

A room that works again has maybe thousands of jobs: a few at a time go on, so that a
new trigger finds a free thread, and a service that refuses again is called only by
those few. Every worker does this; the store gives each job to one of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from mvsnap.clock import SystemClock
from mvsnap.domain import JobId
from mvsnap.jobs.rooms import Rooms
from mvsnap.jobs.waits import CAMERA, JOB, ROOM, TIME
from mvsnap.loop import Every
from mvsnap.store.changes import FileChanges
from mvsnap.store.job_states import JobStateStore

# A job that got its turn and has not ended by then: whoever gave it may have died.
_OVERDUE = timedelta(seconds=30)
# One that has not even then was run by another release, which keeps no such rows.
_GIVEN_UP_AFTER = timedelta(minutes=10)
_LOOKS_EVERY_S = 10.0
# Nothing is deferred for as long: the clock was set back since.
_TOO_LONG = timedelta(hours=2)
# What jobs wait for that were to wait for a time, before the clock was set.
_CLOCK = "clock"
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Waker:
    """go_on: lets the engine begin a deferred run now.

    most: jobs of all processes that go on at once; no more than this one has threads
        for, else the newest would always go before the oldest.
    changes: of the file that `states` are in; None: it is looked at in each step.
    """

    def __init__(
        self,
        states: JobStateStore,
        rooms: Rooms,
        go_on: Callable[[str], None],
        clock: SystemClock,
        changes: FileChanges | None = None,
        *,
        most: int,
    ) -> None:
        self._most = most
        self._changes = changes
        self._may_wait = True
        self._states = states
        self._rooms = rooms
        self._go_on = go_on
        self._clock = clock
        self._is_newest_next = True
        # What a job waited for that got the last turn.
        self._last_kind = ""
        self._since_step = timedelta()
        self._looks = Every(_LOOKS_EVERY_S, clock)

    def step(self) -> None:
        """Called several times a second; while nothing waits it costs nothing."""
        now, looks = self._clock.now(), self._looks.due()
        is_written = self._changes is None or self._changes.seen()
        if not (looks or is_written or self._may_wait):
            return
        self._may_wait = True  # unless all goes well
        if looks:
            self._release_after_a_step(now)
            span = now - _GIVEN_UP_AFTER, now - _OVERDUE
            for run_id in self._states.overdue_turns(*span, now):
                self._go_on(run_id)
        kinds = [
            found
            for kind in (ROOM, CAMERA, _CLOCK)
            for found in self._states.waited_for(kind)
        ]
        self._may_wait = bool(kinds)
        if not kinds:
            return
        free = self._most - self._states.turns(now - 2 * _OVERDUE, now)
        # There may be more of them than turns: those that had none are first now.
        kinds.sort()
        first = bisect_right(kinds, self._last_kind)
        for place, waits_for in enumerate(kinds[first:] + kinds[:first]):
            share = -(-free // (len(kinds) - place))
            if share <= 0:
                break
            free -= self._let_go_on(waits_for, share, now)
            self._last_kind = waits_for

    def close(self) -> None:
        """In the thread of the steps, after the last."""
        if self._changes is not None:
            self._changes.close()

    def wake_thread(self, thread: JobId) -> None:
        """A message of this thread was told, or given up: the next one goes on."""
        run_id = self._states.take(JOB + thread, self._clock.now(), newest=False)
        if run_id is not None:
            self._go_on(run_id)

    def _let_go_on(self, waits_for: str, most: int, now: datetime) -> int:
        """Return how many jobs were let go on."""
        room = waits_for.removeprefix(ROOM)
        if self._rooms.why_away(room) is not None:
            most = min(most, 1) if self._rooms.is_due(room) else 0
        for many in range(most):
            newest = self._is_newest_next
            run_id = self._states.take(waits_for, now, newest=newest)
            if run_id is None:
                return many
            self._is_newest_next = not newest
            self._go_on(run_id)
        return most

    def _release_after_a_step(self, now: datetime) -> None:
        """Let no job wait for a time that a clock set since then would not reach."""
        passed = self._clock.passed_since_step()
        was_set, self._since_step = passed < self._since_step, passed
        later_than = _EVER if was_set else now + _TOO_LONG
        self._states.release((TIME, JOB, CAMERA), _CLOCK, later_than)
