"""Runs a job: a snapshot of every camera, each stored and delivered once.

Running a job again is harmless: what is already in the store is not done anew. So the
engine may start it as often as it likes, and a crash needs no special care.
"""

from __future__ import annotations

import logging
import uuid
from concurrent.futures import Executor, Future, ThreadPoolExecutor

from mvsnap.actions import CameraNames, Photographer, Snapshot
from mvsnap.clock import SystemClock
from mvsnap.core.progress import JobProgress, PartProgress
from mvsnap.delivery import HEAD, Courier, Letter, Words, note_part
from mvsnap.domain import (
    DeliveryState,
    Event,
    EventId,
    EventKind,
    Job,
    MessageId,
    PartState,
    Serial,
)
from mvsnap.errors import UpstreamError
from mvsnap.jobs.progress import stored_progress
from mvsnap.jobs.retry import (
    COMMAND_PATIENCE_S,
    GIVE_UP_AFTER,
    PATIENCE_S,
    park_delay_s,
    retrying,
)
from mvsnap.metrics import Metrics
from mvsnap.store.files import Files
from mvsnap.store.store import Store

log = logging.getLogger(__name__)

Head = Future[MessageId] | None


class JobRunner:
    """courier: None when Webex is not configured; pictures are then only kept.

    comes_again: False where nobody runs an unfinished job again (a command).
    """

    def __init__(
        self,
        store: Store,
        files: Files,
        photographer: Photographer,
        names: CameraNames,
        courier: Courier | None,
        words: Words,
        clock: SystemClock,
        metrics: Metrics,
        *,
        comes_again: bool = True,
    ) -> None:
        self._store = store
        self._files = files
        self._photographer = photographer
        self._names = names
        self._courier = courier
        self._words = words
        self._clock = clock
        self._metrics = metrics
        self._jobs_come_again = comes_again
        self._patience_s = PATIENCE_S if comes_again else COMMAND_PATIENCE_S

    def progress(self, job: Job) -> JobProgress:
        return stored_progress(self._store, job)

    def run(self, job: Job) -> float | None:
        """Do what is left of the job.

        Returns None when nothing is left, else in how many seconds to run it again.
        """
        parts = self.progress(job).parts
        left = [part for part in parts if part.state is PartState.PENDING]
        with ThreadPoolExecutor(2 * len(left) + 1, f"job-{job.id[:8]}") as pool:
            has_head = bool(left) and _has_head(job)
            head = pool.submit(self._open_thread, job) if has_head else None
            runs = [pool.submit(self._run_part, job, part, head, pool) for part in left]
            waits = [run.result() for run in runs]
        return min((wait for wait in waits if wait is not None), default=None)

    def _run_part(
        self, job: Job, part: PartProgress, head: Head, pool: Executor
    ) -> float | None:
        serial = part.serial
        try:
            event = part.event or self._take(job, serial, pool)
        except UpstreamError as exc:
            if self._comes_again(job, exc):
                self._say_that_it_follows(job, serial, head, exc)
                return self._park(job, exc)
            event = self._add_without_picture(job, serial, exc)
        if job.room is None:
            return None
        try:
            self._deliver(job, event, head)
        except UpstreamError as exc:
            if self._comes_again(job, exc):
                return self._park(job, exc)
            self._give_up(job, serial, exc.message)
        return None

    def _take(self, job: Job, serial: Serial, pool: Executor) -> Event:
        snapshot = retrying(
            lambda: self._photographer.take_snapshot(job, serial, pool),
            self._clock,
            limit_s=self._patience_s,
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

    def _deliver(self, job: Job, event: Event, head: Head) -> None:
        courier = self._need_courier()

        def words(repeat: bool) -> str:
            now = self._clock.now()
            return self._words.snapshot(job, event, now, repeat=repeat)

        parent_id = head.result() if head else self._note_id(job, event.serial)
        picture = self._files.for_webex(event)
        letter = Letter(event.serial, words, picture, parent_id)
        self._send(courier, job, letter)
        self._metrics.parts.labels("delivered").inc()
        took_s = (self._clock.now() - job.accepted_at).total_seconds()
        self._metrics.delivery_s.observe(took_s)
        log.info("%s posted to %s after %.1f s", event.serial, job.room, took_s)

    def _open_thread(self, job: Job) -> MessageId:
        courier = self._need_courier()
        letter = Letter(HEAD, lambda repeat: self._words.head(job, repeat=repeat))
        return self._send(courier, job, letter)

    def _send(self, courier: Courier, job: Job, letter: Letter) -> MessageId:
        return retrying(
            lambda: courier.send_once(job, letter),
            self._clock,
            limit_s=self._patience_s,
        )

    def _need_courier(self) -> Courier:
        if self._courier is None:
            # Accepted while Webex was configured, which it is no more.
            raise UpstreamError("Webex is not configured", retry=False)
        return self._courier

    def _give_up(self, job: Job, serial: Serial, why: str) -> None:
        self._store.set_delivery(
            job.id,
            serial,
            job.room or "",
            DeliveryState.FAILED,
            self._clock.now(),
            error=why,
        )
        self._metrics.parts.labels("undelivered").inc()
        log.error("%s of job %s not delivered: %s", serial, job.id, why)

    def _say_that_it_follows(
        self, job: Job, serial: Serial, head: Head, why: UpstreamError
    ) -> None:
        """Tell the person now that the picture is late; best effort, once."""
        if self._courier is None or job.room is None or self._clock.stopped:
            return
        name = self._names.name(serial)
        try:
            self._courier.send_once(
                job,
                Letter(
                    note_part(serial),
                    lambda repeat: self._words.note(
                        job, name, why.message, repeat=repeat
                    ),
                    parent_id=head.result() if head else None,
                ),
            )
        except UpstreamError as exc:
            log.warning("could not say that a picture is late: %s", exc.message)

    def _note_id(self, job: Job, serial: Serial) -> MessageId | None:
        note = self._store.deliveries_of_job(job.id).get(note_part(serial))
        return note.message_id if note else None

    def _comes_again(self, job: Job, why: UpstreamError) -> bool:
        young = self._clock.now() - job.accepted_at < GIVE_UP_AFTER
        return self._jobs_come_again and why.retry and young

    def _park(self, job: Job, why: UpstreamError) -> float:
        if self._clock.stopped:
            return 0.0
        age = self._clock.now() - job.accepted_at
        return park_delay_s(age, why.retry_after_s)


def _has_head(job: Job) -> bool:
    """Several cameras of one trigger make one thread."""
    return job.room is not None and len(job.serials) > 1


def _event_id(job: Job, serial: Serial) -> EventId:
    """Return the same id for the same part, so a second run adds nothing."""
    return EventId(str(uuid.uuid5(uuid.UUID(job.id), f"snapshot {serial}")))
