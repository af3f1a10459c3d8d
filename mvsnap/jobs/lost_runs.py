"""Jobs that wait in the store while the engine knows of none: its own file was lost.

A power cut may empty it, and one that is damaged is moved away. What such a job waits
for and all that it is to do is in the store, too; those in their first run are gone.
"""

from __future__ import annotations

import logging

from mvsnap.clock import SystemClock
from mvsnap.core.amounts import amount
from mvsnap.jobs.codec import decode
from mvsnap.jobs.engine_interface import Engine
from mvsnap.jobs.retry import is_too_old
from mvsnap.store.job_states import JobFilter, JobStage, JobStateStore
from mvsnap.values import replace

log = logging.getLogger(__name__)

_AT_ONCE = 200


class LostRuns:
    """Made before the engine gets new jobs: then it knows none if its file is new."""

    def __init__(
        self, engine: Engine, states: JobStateStore, clock: SystemClock
    ) -> None:
        self._engine, self._states, self._clock = engine, states, clock
        self._are_lost = not engine.waiting(1)

    def resume(self) -> None:
        """Let them run again, once; a run that the engine does know is left alone."""
        if not self._are_lost:
            return
        wanted, many = JobFilter(stages=(JobStage.WAITING,)), 0
        while rows := self._states.rows(wanted, _AT_ONCE):
            wanted = replace(wanted, behind=rows[-1].place())
            for row in rows:
                job = decode(row.job, row.job_id, row.accepted_at)
                if is_too_old(job.again_at or job.accepted_at, self._clock):
                    continue
                self._engine.run_again(job, row.run_id)
                many += 1
        self._are_lost = False
        if many:
            log.warning(
                "the file of jobs is new: %s from the store", amount(many, "job")
            )
