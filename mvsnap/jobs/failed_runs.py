"""Jobs whose run the engine has ended, by an error or by hand, or was never given.

No run of the engine's follows, so the job is begun again here, or noted as failed: each
that was accepted can be seen.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from mvsnap.clock import SystemClock
from mvsnap.domain import Job, JobId
from mvsnap.jobs.codec import decode
from mvsnap.jobs.engine_interface import Engine
from mvsnap.jobs.records import KeepsRecords
from mvsnap.jobs.retry import GIVE_UP_AFTER, is_too_old
from mvsnap.jobs.waiting import FailedRun, job_of_run, next_run_id
from mvsnap.jobs.waits import Wait
from mvsnap.store.job_states import TURN, JobStage, JobStateStore
from mvsnap.texts.channel_wordings import RUN_ENDED

log = logging.getLogger(__name__)

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
# Its row is written first.
_OVERDUE = timedelta(seconds=30)


class FailedRuns:
    def __init__(
        self,
        engine: Engine,
        states: JobStateStore,
        records: KeepsRecords,
        clock: SystemClock,
    ) -> None:
        self._engine, self._states = engine, states
        self._records, self._clock = records, clock

    def resume(self) -> None:
        """May be done any number of times, and by several processes at once."""
        for run in self._engine.failed_runs():
            if self._clock.stopped:
                return
            job_id = job_of_run(run.run_id)
            if self._is_last(run, job_id):
                job = self._engine.job(JobId(run.run_id))
                if job is not None:
                    self._resume(run, job)
        self._give_missing()

    def _give_missing(self) -> None:
        """Run what waits for its turn, as whoever gave it may have died before that."""
        now = self._clock.now()
        for run_id in self._states.overdue_turns(_EVER, now - _OVERDUE, now):
            if self._engine.job(JobId(run_id)) is not None:
                continue
            row = self._states.row(job_of_run(run_id))
            if row is not None and row.run_id == run_id:
                job = decode(row.job, row.job_id, row.accepted_at)
                # Of an old one the engine has forgotten that it ended.
                if self._is_young(job):
                    self._engine.run_again(job, run_id)

    def _is_young(self, job: Job) -> bool:
        since = job.again_at or job.accepted_at
        return self._clock.passed_since(since) < GIVE_UP_AFTER

    def _is_last(self, run: FailedRun, job_id: JobId) -> bool:
        """Return whether the job waits for this run, or was never heard of since."""
        row = self._states.row(job_id)
        if row is None:
            return run.run_id == job_id
        # The next one may be noted without being with the engine: a process may die.
        is_it = row.run_id in (run.run_id, next_run_id(run.run_id))
        return is_it and row.stage is JobStage.WAITING

    def _resume(self, run: FailedRun, job: Job) -> None:
        is_over = is_too_old(job.again_at or job.accepted_at, self._clock)
        if run.was_cancelled or is_over:
            log.error("gave up on job %s: its run was ended", job.id)
            self._records.gave_up(job, run.run_id, RUN_ENDED())
            return
        next_id = next_run_id(run.run_id)
        if not self._is_young(job):
            return  # of a wrong clock, perhaps: given up when it is set
        if self._engine.job(JobId(next_id)) is not None:
            return
        log.warning("job %s begins again: its run had ended in an error", job.id)
        if self._records.waits(job, next_id, Wait(0, TURN, RUN_ENDED())):
            self._engine.run_again(job, next_id)
