"""The messages of a job: to every room, in its thread, each once.

What one room refuses does not hold up the others.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from mvsnap.clock import SystemClock
from mvsnap.core.parts import END, HEAD, clip_part, note_part, opens_thread
from mvsnap.delivery import Courier, Letter, Words
from mvsnap.domain import (
    CameraName,
    Delivery,
    DeliveryState,
    Event,
    EventKind,
    Job,
    JobId,
    MessageId,
    Serial,
)
from mvsnap.errors import UpstreamError
from mvsnap.footage import Clip
from mvsnap.jobs.retry import Patience, retrying
from mvsnap.metrics import Metrics
from mvsnap.store.clips import ClipStore
from mvsnap.store.files import Files
from mvsnap.store.store import Store

log = logging.getLogger(__name__)

# The message that opens the thread of each room, when there is one.
Heads = Mapping[str, Future[MessageId]]

# How soon to look again whether the message that opens the thread was sent.
_THREAD_LOOK_S = 5.0
_SOON = timedelta(minutes=1)


class Mailing:
    """courier: None when Webex is not configured; pictures are then only kept.

    clip_bytes: a larger clip is not uploaded; its message has a link.
    """

    def __init__(
        self,
        store: Store,
        clips: ClipStore,
        files: Files,
        courier: Courier | None,
        words: Words,
        clock: SystemClock,
        metrics: Metrics,
        patience: Patience,
        *,
        clip_bytes: int,
    ) -> None:
        self._store = store
        self._clips = clips
        self._clip_bytes = clip_bytes
        self._files = files
        self._courier = courier
        self._words = words
        self._clock = clock
        self._metrics = metrics
        self._patience = patience

    def open_threads(self, job: Job, pool: Executor) -> Heads:
        """Several cameras of one trigger make one thread in each room."""
        if len(job.serials) < 2:
            return {}
        raised = self._about(job)
        return {
            room: pool.submit(self._send, job, self._head(job, raised, room))
            for room in job.rooms
        }

    def open(self, job: Job) -> float | None:
        """Tell of a job without pictures; its clips follow in the same thread.

        Returns None when nothing is left, else in how many seconds to come again.
        """
        raised = self._about(job)
        letters = [self._head(job, raised, room) for room in job.rooms]
        return _soonest(self._send_or_give_up(job, letter) for letter in letters)

    def deliver(
        self, job: Job, event: Event, heads: Heads, pool: Executor
    ) -> float | None:
        """Send the event to every room that has no message of it yet.

        Returns None when nothing is left, else in how many seconds to come again.
        """
        raised = self._about(job)
        sends = [
            pool.submit(self._deliver, job, event, raised, room, heads.get(room))
            for room in job.rooms
        ]
        return _soonest([send.result() for send in sends])

    def say_that_it_follows(
        self, job: Job, serial: Serial, name: str, heads: Heads, why: UpstreamError
    ) -> None:
        """Tell people now that the picture is late; best effort, once."""
        if self._courier is None or self._patience.is_over:
            return

        def words(repeat: bool) -> str:
            return self._words.note(job, name, why.message, repeat=repeat)

        for room in job.rooms:
            try:
                head = heads[room].result() if room in heads else None
                letter = Letter(note_part(serial), room, words, parent_id=head)
                self._courier.send_once(job, letter)
            except UpstreamError as exc:
                log.warning("could not say that a picture is late: %s", exc.message)

    def follow_up(self, job: Job) -> float | None:
        """Say in the thread of each room that a crowd is over, or a clip is there."""
        event = self._about(job)
        if event is None:  # purged meanwhile
            return None
        send = self._send_clip if event.kind is EventKind.CLIP else self._send_end
        return _soonest([send(job, event, room) for room in job.rooms])

    def _send_end(self, job: Job, end: Event, room: str) -> float | None:
        opened = self._store.deliveries_of_job(end.job_id).get((end.serial, room))
        if opened is not None and opened.state is DeliveryState.FAILED:
            return None  # a room that never heard of the crowd needs no end
        if opened is None or opened.state is not DeliveryState.SENT:
            return self._until_opened(job)

        def words(repeat: bool) -> str:
            return self._words.end(job, end, repeat=repeat)

        # Webex has threads of one level: where a note came first, it is the head.
        note_id = self._note_id(end.job_id, end.serial, room)
        letter = Letter(END, room, words, parent_id=note_id or opened.message_id)
        return self._send_or_give_up(job, letter)

    def _send_clip(self, job: Job, event: Event, room: str) -> float | None:
        """Post a clip below what opened the thread; alone where that was given up."""
        opened = self._openers(event.job_id, room)
        head = next(filter(None, map(_sent_id, opened)), None)
        lost = opened and all(d.state is DeliveryState.FAILED for d in opened)
        if head is None and not lost and (wait := self._until_opened(job)) is not None:
            return wait
        clip = self._clips.clip(event.id)
        first = self._first_with(job, clip, room)
        if (
            first
            and not first.is_over
            and (wait := self._until_opened(job)) is not None
        ):
            return wait
        is_same = first is not None and first.state is DeliveryState.SENT
        file = None
        if clip and not is_same:
            file = self._files.clip_for_webex(clip, self._clip_bytes)

        def letter(file: Path | None) -> Letter:
            def words(repeat: bool) -> str:
                return self._words.clip(
                    job, event, is_attached=bool(file), is_same=is_same, repeat=repeat
                )

            part = clip_part(CameraName(event.camera_name))
            return Letter(part, room, words, file, head)

        # Noted with the job that asked for the clip: there people look for it.
        asked = replace(job, id=event.job_id)
        return self._send_or_give_up(asked, letter(file), or_else=letter(None))

    def _openers(self, job_id: JobId, room: str) -> list[Delivery]:
        """Return the messages that may open the job's thread, the best one first."""
        ranked = [
            (rank, delivery)
            for (part, where), delivery in self._store.deliveries_of_job(job_id).items()
            if where == room and (rank := opens_thread(part)) is not None
        ]
        return [delivery for _, delivery in sorted(ranked, key=lambda pair: pair[0])]

    def _first_with(self, job: Job, clip: Clip | None, room: str) -> Delivery | None:
        """Return the message that carries the same file to this room already."""
        if clip is None or not clip.shared:
            return None
        part = clip_part(clip.camera)
        waiting = Delivery(clip.job_id, part, room, DeliveryState.WAITING)
        first = self._clips.first_of_file(clip)
        if first is None:  # it is about to be finished; or was deleted since
            return waiting if self._clock.now() - job.accepted_at < _SOON else None
        if room not in first.rooms:
            return None
        return self._store.deliveries_of_job(first.job_id).get((part, room), waiting)

    def _until_opened(self, job: Job) -> float | None:
        """Return how long to wait for the message to follow; None: it never comes."""
        unsent = UpstreamError("the message it follows is not sent", retry=True)
        if not self._patience.lasts(job, unsent):
            return None
        # Soon at first; in a long outage as seldom as the first message is tried.
        young = self._clock.now() - job.accepted_at < _SOON
        return _THREAD_LOOK_S if young else self._patience.park_s(job, unsent)

    def _deliver(
        self,
        job: Job,
        event: Event,
        raised: Event | None,
        room: str,
        head: Future[MessageId] | None,
    ) -> float | None:
        def words(repeat: bool) -> str:
            now = self._clock.now()
            return self._words.snapshot(job, event, now, raised=raised, repeat=repeat)

        try:
            parent_id = (
                head.result() if head else self._note_id(job.id, event.serial, room)
            )
        except UpstreamError as exc:
            return self._park_or_give_up(job, event.serial, room, exc)
        picture = self._files.for_webex(event)
        letter = Letter(event.serial, room, words, picture, parent_id)
        return self._send_or_give_up(job, letter)

    def _send_or_give_up(
        self, job: Job, letter: Letter, *, or_else: Letter | None = None
    ) -> float | None:
        """or_else: what to send where Webex refuses the file for good."""
        known = self._store.deliveries_of_job(job.id).get((letter.part, letter.room))
        if known and known.state in (DeliveryState.SENT, DeliveryState.FAILED):
            return None
        try:
            self._send(job, letter)
        except UpstreamError as exc:
            if letter.file and or_else and not exc.retry and not exc.unsure:
                log.warning("%s goes without its file: %s", letter.part, exc.message)
                return self._send_or_give_up(job, or_else)
            return self._park_or_give_up(job, letter.part, letter.room, exc)
        self._metrics.parts.labels("delivered").inc()
        took_s = (self._clock.now() - job.accepted_at).total_seconds()
        self._metrics.delivery_s.observe(took_s)
        log.info("%s posted to %s after %.1f s", letter.part, letter.room, took_s)
        return None

    def _head(self, job: Job, raised: Event | None, room: str) -> Letter:
        def words(repeat: bool) -> str:
            return self._words.head(job, raised=raised, repeat=repeat)

        return Letter(HEAD, room, words)

    def _send(self, job: Job, letter: Letter) -> MessageId:
        if self._courier is None:
            # Accepted while Webex was configured, which it is no more.
            raise UpstreamError("Webex is not configured", retry=False)
        courier = self._courier
        return retrying(
            lambda: courier.send_once(job, letter),
            self._clock,
            limit_s=self._patience.call_s,
        )

    def _park_or_give_up(
        self, job: Job, part: str, room: str, why: UpstreamError
    ) -> float | None:
        if self._patience.lasts(job, why):
            return self._patience.park_s(job, why)
        now = self._clock.now()
        self._store.set_delivery(
            job.id, part, room, DeliveryState.FAILED, now, error=why.message
        )
        self._metrics.parts.labels("undelivered").inc()
        log.error("%s of job %s not delivered: %s", part, job.id, why.message)
        return None

    def _note_id(self, job_id: JobId, serial: Serial, room: str) -> MessageId | None:
        known = self._store.deliveries_of_job(job_id)
        note = known.get((note_part(serial), room))
        return note.message_id if note else None

    def _about(self, job: Job) -> Event | None:
        return self._store.event(job.about) if job.about else None


def _soonest(waits: Iterable[float | None]) -> float | None:
    return min((wait for wait in waits if wait is not None), default=None)


def _sent_id(delivery: Delivery) -> MessageId | None:
    return delivery.message_id if delivery.state is DeliveryState.SENT else None
