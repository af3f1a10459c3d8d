"""The progress of a job, read from the store."""

from __future__ import annotations

from mvsnap.core.notices import admitted
from mvsnap.core.progress import JobProgress, job_progress
from mvsnap.domain import Job
from mvsnap.store.events import Store
from mvsnap.store.notices import notices_of


def stored_progress(store: Store, job: Job) -> JobProgress:
    return job_progress(
        admitted(job, notices_of(store, job.id)),
        store.events_of_job(job.id),
        store.deliveries_of_job(job.id),
    )
