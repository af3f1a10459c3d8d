"""The snapshots of a job: each taken, stored and described once.

Meraki has the moment of an alarm only minutes later. Until then a first picture, of
now, is stored as an event of its own; it never takes the place of the wanted one.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime, timedelta

from mvsnap.clock import SystemClock, iso
from mvsnap.core.moments import IS_FIRST, wanted_moment
from mvsnap.domain import Event, EventId, EventKind, Job, Serial, TriggerKind
from mvsnap.errors import CameraOffline, NoPicture, NoVideo, UpstreamError
from mvsnap.jobs.late_links import with_link
from mvsnap.jobs.retry import RepeatLimit, RetryPolicy, retrying
from mvsnap.jobs.rooms import Rooms
from mvsnap.jobs.stores import JobStores
from mvsnap.jobs.waits import CAMERA, TIME, Wait
from mvsnap.metrics import Metrics
from mvsnap.photographer import Cameras, Snapshot, moment_to_ask
from mvsnap.values import replace

log = logging.getLogger(__name__)

# Later than this, a picture of now says nothing about the alarm.
_FIRST_WITHIN = timedelta(minutes=5)
_ASKED_FOR = (
    TriggerKind.HTTP,
    TriggerKind.COMMAND,
    TriggerKind.PAGE,
    TriggerKind.WEBEX,
)


class JobSnapshots:
    def __init__(
        self,
        stores: JobStores,
        cameras: Cameras,
        policy: RetryPolicy,
        rooms: Rooms,
        clock: SystemClock,
        metrics: Metrics,
        repeats: RepeatLimit,
    ) -> None:
        self._stores = stores
        self._cameras = cameras
        self._policy = policy
        self._rooms = rooms
        self._clock = clock
        self._metrics = metrics
        self._repeats = repeats

    def kept(self, job: Job, event: Event | None) -> Event | None:
        """Return the event of a picture, None if it is to be taken (again)."""
        is_missing = event is not None and event.error is not None
        return None if is_missing and job.again_at is not None else event

    def take(self, job: Job, serial: Serial, pool: Executor) -> Event:
        """Take the snapshot and store it.

        Raises:
            UpstreamError: no picture within the retry policy.
        """
        raised = self._raised(job)
        # People wait: a first picture comes before a long wait for the wanted one.
        in_haste = self._first_helps(job) and self._known_first(job, serial) is None
        snapshot = self._ask(
            job,
            serial,
            lambda: self._cameras.photographer.take_snapshot(
                job,
                serial,
                pool,
                wanted=wanted_moment(job, raised),
                link_at=raised.occurred_at if raised else None,
                in_haste=in_haste,
            ),
            at_once=self._worth_a_first(job, in_haste=in_haste),
        )
        what = f"snapshot {iso(job.again_at)}" if job.again_at else "snapshot"
        event = self._store(job, serial, _event_id(job, serial, what), snapshot)
        self._metrics.parts.labels("snapshot").inc()
        took_s = self._clock.passed_since(job.accepted_at).total_seconds()
        name = event.camera_name
        log.info("snapshot of %s (%s) stored after %.1f s", serial, name, took_s)
        return event

    def _ask(
        self,
        job: Job,
        serial: Serial,
        call: Callable[[], Snapshot],
        at_once: type[UpstreamError] | tuple[()],
    ) -> Snapshot:
        """Retry the call, but not where the camera cannot be asked anyway."""
        camera = CAMERA + serial
        limit_s = 0.0 if self._rooms.why_away(camera) else self._policy.call_s
        self._rooms.begin(camera)
        try:
            with self._repeats.one(job.id) as may_repeat:
                found = retrying(
                    call,
                    self._clock,
                    limit_s=limit_s,
                    at_once=at_once,
                    may_repeat=may_repeat,
                )
        except UpstreamError as exc:
            if exc.retry and not isinstance(exc, NoPicture):
                asked_s = exc.retry_after_s or 0.0
                self._rooms.failed(camera, (job.id, serial), exc.as_reason, asked_s)
            else:
                self._rooms.worked(camera)
            raise
        self._rooms.worked(camera)
        return found

    def wait(self, job: Job, serial: Serial, why: UpstreamError) -> Wait:
        """Return what to wait for, as there is no picture yet."""
        is_away = self._rooms.why_away(CAMERA + serial) is not None
        what = CAMERA + serial if is_away else TIME
        return Wait(self._policy.defer_s(job, why), what, why.as_reason)

    def first(self, job: Job, serial: Serial, why: UpstreamError) -> Event | None:
        """Return a picture of now, because of `why`; None where that is of no use.

        It is taken once; a rerun of the job finds the same.
        """
        known = self._known_first(job, serial)
        is_refusal = isinstance(why, NoPicture) and not isinstance(why, CameraOffline)
        if known is not None or not (is_refusal and self._first_helps(job)):
            return known
        raised = self._raised(job)
        begin = raised.occurred_at if raised else wanted_moment(job)
        try:
            snapshot = self._cameras.photographer.take_first_snapshot(serial, begin)
        except UpstreamError as exc:
            log.info("no first picture of %s: %s", serial, exc.message)
            return None
        details: dict[str, str | int | float] = {IS_FIRST: 1}
        return self._store(job, serial, _first_id(job, serial), snapshot, details)

    def give_up(
        self, job: Job, serial: Serial, why: UpstreamError, first: Event | None
    ) -> Event:
        """Store that there is no picture of the wanted moment, and why.

        first: the picture of another moment, which is all there is.
        """
        moment = wanted_moment(job, self._raised(job))
        event = Event(
            id=_event_id(job, serial),
            kind=EventKind.SNAPSHOT,
            occurred_at=first.occurred_at if first else moment,
            recorded_at=self._clock.now(),
            serial=serial,
            job_id=job.id,
            trigger=job.trigger,
            camera_name=self._cameras.names.name(serial),
            title=job.prefix,
            snapshot_path=first.snapshot_path if first else None,
            error=why.as_reason,
            details={"times": job.times} if job.times > 1 else {},
        )
        link, no_link = self._link(serial, moment)
        event = with_link(
            event, link, no_link, moment, may_follow=self._policy.is_rerun
        )
        kept = self._add(event)
        if kept is not event:
            return kept
        self._metrics.parts.labels("no_picture").inc()
        log.error("no snapshot of %s for job %s: %s", serial, job.id, why.message)
        return event

    def _store(
        self,
        job: Job,
        serial: Serial,
        event_id: EventId,
        snapshot: Snapshot,
        details: dict[str, str | int | float] | None = None,
    ) -> Event:
        """Store picture and event, unless another process has done so meanwhile."""
        # This one may have been frozen: the picture of the other's event stays.
        known = self._stores.events.event(event_id)
        if known is not None:
            return known
        files, at = self._stores.files, snapshot.occurred_at
        path = files.save_snapshot(event_id, at, snapshot.jpeg)
        event = self._event(job, serial, event_id, snapshot, path)
        if details is not None:
            event = replace(event, details=details)
        kept = self._add(event)
        files.settle(path, named=kept.snapshot_path)
        return kept

    def _add(self, event: Event) -> Event:
        """Store an event and return the stored one: another process may be first."""
        if self._stores.events.add_event(event):
            return event
        return self._stores.events.event(event.id) or event

    def _event(
        self,
        job: Job,
        serial: Serial,
        event_id: EventId,
        snapshot: Snapshot,
        path: str,
    ) -> Event:
        at: datetime = snapshot.occurred_at
        event = Event(
            id=event_id,
            kind=EventKind.SNAPSHOT,
            occurred_at=at,
            recorded_at=self._clock.now(),
            serial=serial,
            job_id=job.id,
            trigger=job.trigger,
            camera_name=self._cameras.names.name(serial),
            title=job.prefix,
            snapshot_path=path,
            details={"times": job.times} if job.times > 1 else {},
        )
        return with_link(
            event,
            snapshot.video_link,
            snapshot.no_link,
            snapshot.link_at,
            may_follow=self._policy.is_rerun,
        )

    def _link(
        self, serial: Serial, at: datetime
    ) -> tuple[str | None, UpstreamError | None]:
        try:
            return self._cameras.photographer.ask_link(serial, at), None
        except UpstreamError as exc:
            return None, exc

    def _known_first(self, job: Job, serial: Serial) -> Event | None:
        return self._stores.events.event(_first_id(job, serial))

    def _first_helps(self, job: Job) -> bool:
        """Return whether a picture of now says something while the wanted one lacks."""
        now, wanted = self._clock.now(), wanted_moment(job, self._raised(job))
        is_past = moment_to_ask(job, wanted, now) is not None
        return self._may_be_first(job) and is_past and now - wanted < _FIRST_WITHIN

    def _worth_a_first(
        self, job: Job, *, in_haste: bool
    ) -> type[UpstreamError] | tuple[()]:
        """Return the error after which a first picture is taken, or a later run."""
        if in_haste:
            return NoPicture
        return NoVideo if self._may_be_first(job) else ()

    def _may_be_first(self, job: Job) -> bool:
        """Return whether a picture of another moment may come first.

        Not where somebody asked for a moment, nor where no second one would follow.
        """
        is_asked_for = job.at is not None and job.trigger.kind in _ASKED_FOR
        return self._policy.is_rerun and not is_asked_for

    def _raised(self, job: Job) -> Event | None:
        return self._stores.events.event(job.about) if job.about else None


def _event_id(job: Job, serial: Serial, what: str = "snapshot") -> EventId:
    """Return the id of a part's event: always the same, so that reruns add nothing."""
    return EventId(str(uuid.uuid5(uuid.UUID(job.id), f"{what} {serial}")))


def _first_id(job: Job, serial: Serial) -> EventId:
    return _event_id(job, serial, "first snapshot")
