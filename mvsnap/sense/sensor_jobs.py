"""Jobs of sensors and sounds that wait until the queue accepts them."""

from __future__ import annotations

import logging
from collections import Counter

from mvsnap.core.shares import is_within_share
from mvsnap.domain import Job
from mvsnap.errors import OverShare, QueueFull
from mvsnap.sense.outbox import OutboxQueue

log = logging.getLogger(__name__)

_MOST_JOBS_WAITING = 1000


class SensorJobs:
    """new: whether one was added since the last batch. submitted: since last asked."""

    def __init__(self, jobs: OutboxQueue) -> None:
        self._jobs = jobs
        self._waiting: list[Job] = []
        self.new = False
        self.submitted = False

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, jobs: list[Job]) -> None:
        self.new = self.new or bool(jobs)
        for job in jobs:
            callers = Counter(each.counts_for for each in self._waiting)
            own, total = callers[job.counts_for], callers.total()
            if is_within_share(own, total, _MOST_JOBS_WAITING):
                self._waiting.append(job)
            else:
                log.error("%s: dropped, too many jobs are waiting", job.trigger.by)

    def submit(self) -> None:
        """Submit what the queue accepts; raises one of OUTAGES."""
        over: set[str] = set()
        for job in list(self._waiting):
            if job.counts_for in over:
                continue
            try:
                if self._jobs.known(job.id) is None:
                    self._jobs.submit(job)
                    log.info("%s: a job for %s", job.trigger.by, ", ".join(job.serials))
            except OverShare:  # other sensors need not wait for this one
                over.add(job.counts_for)
            except QueueFull:
                return
            else:
                self._waiting.remove(job)
                self.submitted = True
