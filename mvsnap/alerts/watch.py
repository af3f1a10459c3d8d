"""Watches the site for all its processes, and has troubles reported once.

What is reported is in the store before it is handed to the jobs, and its job has an id
that follows from it: a process that dies in between loses nothing and repeats nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from mvsnap.alerts.sights import sights
from mvsnap.clock import SMALLEST_STEP, Clock
from mvsnap.core.troubles import Sight, Trouble, looked, moved, reported
from mvsnap.domain import Job, JobId, Trigger, TriggerKind
from mvsnap.errors import QueueFull
from mvsnap.status.read import StatusSources
from mvsnap.store.troubles import TroubleStore

log = logging.getLogger(__name__)

# As a trigger. Not a kind of its own: the release before could not read its jobs.
_BY = Trigger(TriggerKind.SCHEDULE, "alerts")


class AlertJobs(Protocol):
    """What this needs of the job service."""

    def submit(self, job: Job) -> None: ...


class AlertWatch:
    """leads: whether this process watches for all, now. rooms: who is notified.

    others: sights that are no rows of the status.
    """

    def __init__(
        self,
        sources: StatusSources,
        troubles: TroubleStore,
        jobs: AlertJobs,
        clock: Clock,
        *,
        leads: Callable[[], bool],
        now: Callable[[], datetime],
        after: timedelta,
        kinds: Collection[str],
        rooms: tuple[str, ...],
        others: Callable[[datetime], Iterable[Sight]] = lambda _now: (),
    ) -> None:
        self._sources = sources
        self._troubles = troubles
        self._jobs = jobs
        self._clock = clock
        self._leads = leads
        self._now = now
        self._after = after
        self._kinds = kinds
        self._rooms = rooms
        self._others = others
        # The last look, by the database's clock and by one that nobody sets.
        self._looked: tuple[datetime, float] | None = None
        self._is_full = False

    def step(self) -> None:
        if not self._leads():
            self._looked = None
            return
        now = self._now()
        step = self._clock_step(now)
        seen = list(sights(self._sources.rows(now), self._kinds))
        seen += [one for one in self._others(now) if one.kind in self._kinds]

        def change(known: Sequence[Trouble]) -> list[Trouble]:
            right = moved(known, step) if step else known
            return reported(looked(right, seen, now, self._after), now, self._after)

        self._troubles.change(change)
        self._looked = now, self._clock.monotonic()
        for job_id, troubles in self._troubles.not_handed_over().items():
            self._hand_over(job_id, troubles)

    def _clock_step(self, now: datetime) -> timedelta:
        """Return by how much the clock was set since the last look."""
        if self._looked is None:
            return timedelta()
        before, before_s = self._looked
        passed = timedelta(seconds=self._clock.monotonic() - before_s)
        step = now - before - passed
        return step if abs(step) >= SMALLEST_STEP else timedelta()

    def _hand_over(self, job_id: JobId, troubles: Sequence[Trouble]) -> None:
        job = Job(job_id, _BY, (), self._clock.now(), rooms=self._rooms)
        try:
            self._jobs.submit(job)
        except QueueFull as exc:
            if not self._is_full:
                log.warning("an alert is waiting to be posted: %s", exc.message)
            self._is_full = True
            return
        self._is_full = False
        self._troubles.handed_over(job_id)
        names = ", ".join(one.name for one in troubles[:10])
        what = "over" if troubles[0].over_by else "in trouble"
        log.warning("%s, reported by job %s: %s", what, job_id, names)
