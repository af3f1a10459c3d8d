"""Posts mismatches to a room: each is an event and a durable job, posted once."""

from __future__ import annotations

import logging
import uuid
from typing import Protocol

from mvsnap.badges.model import BadgeEvent, Judgement
from mvsnap.badges.store import BadgeStore
from mvsnap.clock import Clock
from mvsnap.core.video_links import awaited
from mvsnap.domain import Event, EventId, EventKind, Job, Serial, Trigger, TriggerKind
from mvsnap.errors import EvidenceAway, OverShare, QueueFull
from mvsnap.photographer import CameraNames
from mvsnap.store.events import Store
from mvsnap.store.files import Files
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import NO_PICTURE_YET, PICTURE_LOST

log = logging.getLogger(__name__)

_AT_ONCE = 20


class JobQueue(Protocol):
    """What this needs of the job service."""

    def submit(self, job: Job) -> None: ...


class MismatchNotifier:
    """rooms: the recipients; empty: mismatches are not posted."""

    def __init__(
        self,
        badges: BadgeStore,
        store: Store,
        files: Files,
        names: CameraNames,
        jobs: JobQueue,
        clock: Clock,
        *,
        rooms: tuple[str, ...],
    ) -> None:
        self._badges = badges
        self._store = store
        self._files = files
        self._names = names
        self._jobs = jobs
        self._clock = clock
        self._rooms = rooms

    def step(self) -> None:
        """Create a job for every mismatch that is due.

        Safe to repeat by two workers or after a crash: it gives the same event and job.
        """
        for made in self._badges.to_notify(self._clock.now(), _AT_ONCE):
            badge = self._badges.badge(made.badge_id)
            if badge is None or not self._rooms:
                self._badges.mark_notified(made, None)
                continue
            event = self._event(badge, made)
            self._add(event)
            try:
                self._jobs.submit(self._job(event))
            except QueueFull as exc:
                log.warning("a mismatch is waiting to be posted: %s", exc.message)
                if isinstance(exc, OverShare):
                    continue  # those of other reviewers need not wait
                return
            self._badges.mark_notified(made, made.job_id)
            log.info("mismatch %s is job %s", badge.id, made.job_id)

    def _event(self, badge: BadgeEvent, made: Judgement) -> Event:
        event_id = EventId(str(uuid.uuid5(uuid.UUID(made.job_id), "mismatch")))
        copy, error = self._copy(badge, event_id)
        # Without a camera there is no picture, only a verdict.
        serial = badge.serial or Serial("")
        return Event(
            id=event_id,
            kind=EventKind.MISMATCH,
            occurred_at=badge.swiped_at,
            recorded_at=self._clock.now(),
            serial=serial,
            job_id=made.job_id,
            trigger=Trigger(TriggerKind.BADGE, made.judged_by),
            camera_name=self._names.name(serial) if serial else badge.reader,
            title="Badge mismatch",
            video_link=badge.video_link,
            snapshot_path=copy,
            error=error,
            details={
                "badge_id": badge.id,
                "user_id": badge.user_id,
                "person": badge.person,
                "reader": badge.reader,
                "note": made.note,
                **(awaited(badge.swiped_at) if serial and not badge.video_link else {}),
            },
        )

    def _add(self, event: Event) -> None:
        kept: Event | None = event
        if not self._store.add_event(event):
            kept = self._store.event(event.id)
        named = kept.snapshot_path if kept else None
        self._files.settle(event.snapshot_path, named=named)

    def _copy(
        self, badge: BadgeEvent, event_id: EventId
    ) -> tuple[str | None, Reason | None]:
        """Return a separate copy of the picture, and why there is none.

        Separate: the badge event may be purged before this one.
        """
        if badge.picture_path is None:
            why = Reason(badge.error) if badge.error else NO_PICTURE_YET()
            return None, why
        try:
            path = self._files.picture(badge.picture_path)
        except EvidenceAway as exc:
            return None, exc.as_reason
        if path is None:
            return None, PICTURE_LOST()
        jpeg = path.read_bytes()
        return self._files.save_snapshot(event_id, badge.swiped_at, jpeg), None

    def _job(self, event: Event) -> Job:
        return Job(
            id=event.job_id,
            trigger=event.trigger,
            serials=(),
            accepted_at=self._clock.now(),
            rooms=self._rooms,
            prefix=event.title,
            about=event.id,
        )
