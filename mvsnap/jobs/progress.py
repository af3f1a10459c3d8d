"""The progress of a job, read from the store."""

from __future__ import annotations

from mvsnap.core.progress import JobProgress, job_progress
from mvsnap.domain import Job
from mvsnap.store.events import Store


def stored_progress(store: Store, job: Job) -> JobProgress:
    return job_progress(
        job, store.events_of_job(job.id), store.deliveries_of_job(job.id)
    )
