"""Runs a job: snapshots and clips, each stored and delivered once.

Clips were requested when the job was accepted; only those that a crash left out are
requested here. The clip worker records them and sees to their messages.

Running a job again is harmless: what is already stored is not done again. So the
engine may start it any number of times, and a crash needs no special care.
"""

from __future__ import annotations

import logging
import uuid
from concurrent.futures import Executor, ThreadPoolExecutor

from mvsnap.clock import SystemClock
from mvsnap.core.progress import JobProgress, PartProgress
from mvsnap.delivery.attachments import Attachments
from mvsnap.delivery.sender import MessageSender
from mvsnap.domain import (
    Event,
    EventId,
    EventKind,
    Job,
    PartState,
    Serial,
)
from mvsnap.errors import UpstreamError
from mvsnap.jobs.clip_requests import ask_for_clips
from mvsnap.jobs.progress import stored_progress
from mvsnap.jobs.retry import RetryPolicy, retrying
from mvsnap.jobs.sender import RetryingSender
from mvsnap.jobs.stores import JobStores
from mvsnap.jobs.threaded_replies import ThreadedReplies
from mvsnap.jobs.threads import Heads, Threads
from mvsnap.metrics import Metrics
from mvsnap.photographer import Cameras, Snapshot

log = logging.getLogger(__name__)


class JobRunner:
    """is_rerun: False where nothing runs an unfinished job again (a command)."""

    def __init__(
        self,
        stores: JobStores,
        cameras: Cameras,
        sender: MessageSender,
        clock: SystemClock,
        metrics: Metrics,
        *,
        is_rerun: bool = True,
    ) -> None:
        self._stores = stores
        self._cameras = cameras
        self._clock = clock
        self._metrics = metrics
        self._policy = RetryPolicy(clock, is_rerun=is_rerun)
        retrying_sender = RetryingSender(
            sender, stores.events, self._policy, clock, metrics
        )
        attachments = Attachments(stores.files, stores.clips, sender.limits)
        self._threads = Threads(stores.events, attachments, retrying_sender)
        self._replies = ThreadedReplies(
            stores, attachments, retrying_sender, self._policy, clock
        )

    def progress(self, job: Job) -> JobProgress:
        return stored_progress(self._stores.events, job)

    def run(self, job: Job) -> float | None:
        """Do what remains of the job.

        Returns None when nothing remains, else in how many seconds to run it again.
        """
        ask_for_clips(job, self._stores.events, self._stores.clips)
        if not job.serials:
            send = self._threads.open if job.clips else self._replies.send
            return send(job)
        parts = self.progress(job).parts
        left = [part for part in parts if part.state is PartState.PENDING]
        if not left:
            return None
        # A part waits for its link and its messages, and those for the heads of their
        # threads: with a thread per part, none blocks another forever.
        rooms = len(job.rooms)
        workers = rooms + len(left) * (2 + rooms)
        with ThreadPoolExecutor(workers, f"job-{job.id[:8]}") as pool:
            heads = self._threads.open_threads(job, pool)
            runs = [
                pool.submit(self._run_part, job, part, heads, pool) for part in left
            ]
            waits = [run.result() for run in runs]
        return min((wait for wait in waits if wait is not None), default=None)

    def _run_part(
        self, job: Job, part: PartProgress, heads: Heads, pool: Executor
    ) -> float | None:
        serial = part.serial
        try:
            event = part.event or self._take_snapshot(job, serial, pool)
        except UpstreamError as exc:
            if self._policy.allows_retry(job, exc):
                name = self._cameras.names.name(serial)
                self._threads.post_delay_notice(job, serial, name, heads, exc)
                return self._policy.defer_s(job, exc)
            event = self._add_without_picture(job, serial, exc)
        return self._threads.deliver(job, event, heads, pool)

    def _take_snapshot(self, job: Job, serial: Serial, pool: Executor) -> Event:
        raised = self._stores.events.event(job.about) if job.about else None
        snapshot = retrying(
            lambda: self._cameras.photographer.take_snapshot(
                job, serial, pool, link_at=raised.occurred_at if raised else None
            ),
            self._clock,
            limit_s=self._policy.call_s,
        )
        return self._add_snapshot(
            job, serial, self._cameras.names.name(serial), snapshot
        )

    def _add_snapshot(
        self, job: Job, serial: Serial, name: str, snapshot: Snapshot
    ) -> Event:
        event_id = _event_id(job, serial)
        path = self._stores.files.save_snapshot(
            event_id, snapshot.occurred_at, snapshot.jpeg
        )
        event = Event(
            id=event_id,
            kind=EventKind.SNAPSHOT,
            occurred_at=snapshot.occurred_at,
            recorded_at=self._clock.now(),
            serial=serial,
            job_id=job.id,
            trigger=job.trigger,
            camera_name=name,
            title=job.prefix,
            video_link=snapshot.video_link,
            snapshot_path=path,
        )
        self._stores.events.add_event(event)
        self._metrics.parts.labels("snapshot").inc()
        took_s = (self._clock.now() - job.accepted_at).total_seconds()
        log.info("snapshot of %s (%s) stored after %.1f s", serial, name, took_s)
        return event

    def _add_without_picture(
        self, job: Job, serial: Serial, why: UpstreamError
    ) -> Event:
        moment = job.at or job.accepted_at
        event = Event(
            id=_event_id(job, serial),
            kind=EventKind.SNAPSHOT,
            occurred_at=moment,
            recorded_at=self._clock.now(),
            serial=serial,
            job_id=job.id,
            trigger=job.trigger,
            camera_name=self._cameras.names.name(serial),
            title=job.prefix,
            video_link=self._cameras.photographer.video_link(serial, moment),
            error=why.message,
        )
        self._stores.events.add_event(event)
        self._metrics.parts.labels("no_picture").inc()
        log.error("no snapshot of %s for job %s: %s", serial, job.id, why.message)
        return event


def _event_id(job: Job, serial: Serial) -> EventId:
    """Return the id of a part's event: always the same, so that reruns add nothing."""
    return EventId(str(uuid.uuid5(uuid.UUID(job.id), f"snapshot {serial}")))
