"""Runs a job: snapshots and clips, each stored and delivered once.

Clips were asked for when the job was accepted; here only what a crash left out is. The
clip worker records them and sees to their messages.

Running a job again is harmless: what is already in the store is not done anew. So the
engine may start it as often as it likes, and a crash needs no special care.
"""

from __future__ import annotations

import logging
import uuid
from concurrent.futures import Executor, ThreadPoolExecutor

from mvsnap.clock import SystemClock
from mvsnap.core.progress import JobProgress, PartProgress
from mvsnap.delivery import Courier, Words
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
from mvsnap.jobs.follow_up import FollowUps
from mvsnap.jobs.progress import stored_progress
from mvsnap.jobs.retry import RetryPolicy, retrying
from mvsnap.jobs.sender import Post
from mvsnap.jobs.threads import Heads, Mailing
from mvsnap.metrics import Metrics
from mvsnap.photographer import CameraNames, Photographer, Snapshot
from mvsnap.store.clips import ClipStore
from mvsnap.store.events import Store
from mvsnap.store.files import Files

log = logging.getLogger(__name__)


class JobRunner:
    """courier: None when Webex is not configured; pictures are then only kept.

    clip_bytes: a larger clip is not uploaded; its message has a link.
    comes_again: False where nobody runs an unfinished job again (a command).
    """

    def __init__(
        self,
        store: Store,
        clips: ClipStore,
        files: Files,
        photographer: Photographer,
        names: CameraNames,
        courier: Courier | None,
        words: Words,
        clock: SystemClock,
        metrics: Metrics,
        *,
        clip_bytes: int,
        comes_again: bool = True,
    ) -> None:
        self._store = store
        self._clips = clips
        self._files = files
        self._photographer = photographer
        self._names = names
        self._clock = clock
        self._metrics = metrics
        self._patience = RetryPolicy(clock, comes_again=comes_again)
        post = Post(store, courier, clock, metrics, self._patience)
        self._mailing = Mailing(store, files, post, words, clock)
        self._follow_ups = FollowUps(
            store,
            clips,
            files,
            post,
            words,
            clock,
            self._patience,
            clip_bytes=clip_bytes,
        )

    def progress(self, job: Job) -> JobProgress:
        return stored_progress(self._store, job)

    def run(self, job: Job) -> float | None:
        """Do what is left of the job.

        Returns None when nothing is left, else in how many seconds to run it again.
        """
        ask_for_clips(job, self._store, self._clips)
        if not job.serials:
            tell = self._mailing.open if job.clips else self._follow_ups.send
            return tell(job)
        parts = self.progress(job).parts
        left = [part for part in parts if part.state is PartState.PENDING]
        if not left:
            return None
        # A part waits for its link and its messages, and those for their threads'
        # heads: with a thread for each of them nobody waits for ever.
        rooms = len(job.rooms)
        threads = rooms + len(left) * (2 + rooms)
        with ThreadPoolExecutor(threads, f"job-{job.id[:8]}") as pool:
            heads = self._mailing.open_threads(job, pool)
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
            event = part.event or self._take(job, serial, pool)
        except UpstreamError as exc:
            if self._patience.lasts(job, exc):
                name = self._names.name(serial)
                self._mailing.say_that_it_follows(job, serial, name, heads, exc)
                return self._patience.park_s(job, exc)
            event = self._add_without_picture(job, serial, exc)
        return self._mailing.deliver(job, event, heads, pool)

    def _take(self, job: Job, serial: Serial, pool: Executor) -> Event:
        raised = self._store.event(job.about) if job.about else None
        snapshot = retrying(
            lambda: self._photographer.take_snapshot(
                job, serial, pool, link_at=raised.occurred_at if raised else None
            ),
            self._clock,
            limit_s=self._patience.call_s,
        )
        return self._add_snapshot(job, serial, self._names.name(serial), snapshot)

    def _add_snapshot(
        self, job: Job, serial: Serial, name: str, snapshot: Snapshot
    ) -> Event:
        event_id = _event_id(job, serial)
        path = self._files.save_snapshot(event_id, snapshot.occurred_at, snapshot.jpeg)
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
        self._store.add_event(event)
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
            camera_name=self._names.name(serial),
            title=job.prefix,
            video_link=self._photographer.video_link(serial, moment),
            error=why.message,
        )
        self._store.add_event(event)
        self._metrics.parts.labels("no_picture").inc()
        log.error("no snapshot of %s for job %s: %s", serial, job.id, why.message)
        return event


def _event_id(job: Job, serial: Serial) -> EventId:
    """Return the same id for the same part, so a second run adds nothing."""
    return EventId(str(uuid.uuid5(uuid.UUID(job.id), f"snapshot {serial}")))
