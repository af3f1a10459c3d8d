"""Writes down why a job waits, and how it ended; for `jobs.listing`."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from mvsnap.clock import SystemClock
from mvsnap.core.message_parts import HEAD
from mvsnap.delivery.kinds import kind_of
from mvsnap.domain import Delivery, DeliveryState, Job, JobId, PartState
from mvsnap.jobs.codec import encode
from mvsnap.jobs.progress import stored_progress
from mvsnap.jobs.waits import Wait
from mvsnap.store.events import Store
from mvsnap.store.job_states import JobRow, JobStage, JobStateStore
from mvsnap.texts.wording import Reason
from mvsnap.values import replace


class KeepsRecords(Protocol):
    """The part of `JobRecords` that the engine needs."""

    def waits(self, job: Job, run_id: str, wait: Wait) -> bool: ...

    def ended(self, job: Job, run_id: str) -> None: ...

    def gave_up(self, job: Job, run_id: str, why: Reason) -> None: ...


class JobRecords:
    def __init__(self, events: Store, states: JobStateStore, clock: SystemClock):
        self._events = events
        self._states = states
        self._clock = clock

    def waits(self, job: Job, run_id: str, wait: Wait) -> bool:
        """Write that it waits; False: it has ended, in the process that took it over.

        run_id: of the run that is to follow.
        """
        now = self._clock.now()
        row = self._row(job, run_id, JobStage.WAITING, wait.why)
        next_at = now + timedelta(seconds=wait.delay_s)
        row = replace(row, waits_for=wait.what, next_at=next_at)
        return self._states.put(row, now, unless_ended=True)

    def ended(self, job: Job, run_id: str) -> None:
        stage, why = self._outcome(job)
        self._states.put(self._row(job, run_id, stage, why), self._clock.now())

    def gave_up(self, job: Job, run_id: str, why: Reason) -> None:
        """Write that it failed, unless it has ended in the process that took over."""
        row = self._row(job, run_id, JobStage.FAILED, why)
        self._states.put(row, self._clock.now(), unless_ended=True)

    def _row(self, job: Job, run_id: str, stage: JobStage, why: Reason) -> JobRow:
        return JobRow(
            job.id,
            stage,
            job.accepted_at,
            encode(job),
            run_id,
            why,
            since=self._clock.now(),
            thread=self._thread(job),
        )

    def _thread(self, job: Job) -> JobId:
        """Return the job in whose thread it writes."""
        event = None
        if job.about and not job.serials and not job.clips:
            event = self._events.event(job.about)
        return event.job_id if event else job.id

    def _outcome(self, job: Job) -> tuple[JobStage, Reason]:
        """Return how the job ended, and why not better."""
        if job.serials:
            return self._of_pictures(job)
        if job.clips:
            return _of_messages(self._deliveries(job.id, HEAD, job))
        event = self._events.event(job.about) if job.about else None
        if event is None or not job.rooms:
            return JobStage.DONE, Reason("")
        kind = kind_of(event)
        stored_with = event.job_id if kind.is_part_of_job else job.id
        return _of_messages(self._deliveries(stored_with, kind.part(event), job))

    def _of_pictures(self, job: Job) -> tuple[JobStage, Reason]:
        parts = stored_progress(self._events, job).parts
        failed = [part for part in parts if part.state is not PartState.DELIVERED]
        if not failed:
            return JobStage.DONE, Reason("")
        several = len(failed) == len(parts)
        stage = JobStage.FAILED if several else JobStage.PARTIAL
        return stage, next((part.error for part in failed if part.error), Reason(""))

    def _deliveries(self, job_id: JobId, part: str, job: Job) -> list[Delivery]:
        known = self._events.deliveries_of_job(job_id)
        return [known[part, room] for room in job.rooms if (part, room) in known]


def _of_messages(messages: list[Delivery]) -> tuple[JobStage, Reason]:
    failed = [one for one in messages if one.state is DeliveryState.FAILED]
    if not failed:
        return JobStage.DONE, Reason("")
    stage = JobStage.FAILED if len(failed) == len(messages) else JobStage.PARTIAL
    return stage, failed[0].error or Reason("")
