"""What others need of the engine, in whatever process it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from mvsnap.domain import Job, JobId
from mvsnap.jobs.waiting import FailedRun, FirstRun


class Engine(Protocol):
    def submit(self, job: Job, equal: str = "") -> None:
        """Accept the job durably; a known id is not run again.

        equal: the mark of what may wait for others of its kind, see `jobs.equal`.
        """

    def job(self, job_id: JobId) -> Job | None: ...

    def waiting(self, at_most: int) -> Counter[str]:
        """Count what is accepted and not finished by caller; stops at `at_most`."""

    def waiting_equal(self, equal: str) -> JobId | None:
        """Return a job with this mark that waits and has never begun."""

    def first_runs(
        self, since: datetime | None, until: datetime | None, at_most: int
    ) -> list[FirstRun]:
        """Return jobs that were never deferred, the newest first."""

    def oldest_run(self) -> datetime | None:
        """Return when the run that waits longest was stored, None if none waits."""

    def known_jobs(self, job_ids: Sequence[JobId]) -> list[Job]:
        """Return these jobs in any order, without those that are unknown."""

    def go_on(self, run_id: str) -> None:
        """Let a deferred run begin now; nothing happens to any other."""

    def has_failed(self, run_id: str) -> bool:
        """Return whether this run has ended by itself and left its job undone."""

    def failed_runs(self) -> list[FailedRun]:
        """Return the runs that ended by themselves and left their jobs undone."""

    def run_again(self, job: Job, run_id: str) -> None:
        """Run a job that has ended once more, with what it says now.

        A known run_id is not run again.
        """

    def close(self) -> None: ...
