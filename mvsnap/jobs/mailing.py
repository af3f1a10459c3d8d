"""The messages of a job: to every room, in its thread, each once.

What one room refuses does not hold up the others.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from datetime import timedelta

from mvsnap.clock import SystemClock
from mvsnap.delivery import END, HEAD, Courier, Letter, Words, note_part
from mvsnap.domain import (
    DeliveryState,
    Event,
    EventKind,
    Job,
    JobId,
    MessageId,
    Serial,
)
from mvsnap.errors import UpstreamError
from mvsnap.jobs.retry import Patience, retrying
from mvsnap.metrics import Metrics
from mvsnap.store.files import Files
from mvsnap.store.store import Store

log = logging.getLogger(__name__)

# The message that opens the thread of each room, when there is one.
Heads = Mapping[str, Future[MessageId]]

# How soon to look again whether the message that opens the thread was sent.
_THREAD_LOOK_S = 5.0
_SOON = timedelta(minutes=1)


class Mailing:
    """courier: None when Webex is not configured; pictures are then only kept."""

    def __init__(
        self,
        store: Store,
        files: Files,
        courier: Courier | None,
        words: Words,
        clock: SystemClock,
        metrics: Metrics,
        patience: Patience,
    ) -> None:
        self._store = store
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
        return {room: pool.submit(self._open_thread, job, room) for room in job.rooms}

    def deliver(
        self, job: Job, event: Event, heads: Heads, pool: Executor
    ) -> float | None:
        """Send the event to every room that has no message of it yet.

        Returns None when nothing is left, else in how many seconds to come again.
        """
        raised = self._store.event(job.about) if job.about else None
        sends = [
            pool.submit(self._deliver, job, event, raised, room, heads.get(room))
            for room in job.rooms
        ]
        waits = [send.result() for send in sends]
        return min((wait for wait in waits if wait is not None), default=None)

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
        """Say in the thread of each room that a crowd is over; or tell a mismatch."""
        about = self._store.event(job.about) if job.about else None
        if about is None:  # purged meanwhile
            return None
        is_end = about.kind is EventKind.END
        send = self._send_end if is_end else self._send_mismatch
        waits = [send(job, about, room) for room in job.rooms]
        return min((wait for wait in waits if wait is not None), default=None)

    def _send_mismatch(self, job: Job, event: Event, room: str) -> float | None:
        def words(repeat: bool) -> str:
            return self._words.mismatch(job, event, self._clock.now(), repeat=repeat)

        picture = self._files.for_webex(event)
        return self._send_or_give_up(job, Letter(event.serial, room, words, picture))

    def _send_end(self, job: Job, end: Event, room: str) -> float | None:
        opened = self._store.deliveries_of_job(end.job_id).get((end.serial, room))
        if opened is None or opened.state is not DeliveryState.SENT:
            if opened is not None and opened.state is DeliveryState.FAILED:
                return None  # a room that never heard of the crowd needs no end
            unsent = UpstreamError("the message it follows is not sent", retry=True)
            if not self._patience.lasts(job, unsent):
                return None
            # Soon at first; in a long outage as seldom as the first message is tried.
            young = self._clock.now() - job.accepted_at < _SOON
            return _THREAD_LOOK_S if young else self._patience.park_s(job, unsent)

        def words(repeat: bool) -> str:
            return self._words.end(job, end, repeat=repeat)

        # Webex has threads of one level: where a note came first, it is the head.
        note_id = self._note_id(end.job_id, end.serial, room)
        letter = Letter(END, room, words, parent_id=note_id or opened.message_id)
        return self._send_or_give_up(job, letter)

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

    def _send_or_give_up(self, job: Job, letter: Letter) -> float | None:
        known = self._store.deliveries_of_job(job.id).get((letter.part, letter.room))
        if known and known.state in (DeliveryState.SENT, DeliveryState.FAILED):
            return None
        try:
            self._send(job, letter)
        except UpstreamError as exc:
            return self._park_or_give_up(job, letter.part, letter.room, exc)
        self._metrics.parts.labels("delivered").inc()
        took_s = (self._clock.now() - job.accepted_at).total_seconds()
        self._metrics.delivery_s.observe(took_s)
        log.info("%s posted to %s after %.1f s", letter.part, letter.room, took_s)
        return None

    def _open_thread(self, job: Job, room: str) -> MessageId:
        def words(repeat: bool) -> str:
            return self._words.head(job, repeat=repeat)

        return self._send(job, Letter(HEAD, room, words))

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
