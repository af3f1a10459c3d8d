"""The first messages of a job: to every room, in its thread, each once.

A room that refuses one does not hold up the others.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass

from mvsnap.core.message_parts import HEAD, again_part, going_to, note_part
from mvsnap.delivery.attachments import Attached, Attachments
from mvsnap.delivery.kinds import HEAD_KIND, NOTE_KIND, kind_of
from mvsnap.delivery.message import Facts, Message
from mvsnap.domain import Delivery, DeliveryState, Event, Job, MessageId, Serial
from mvsnap.errors import UpstreamError
from mvsnap.jobs.sender import RetryingSender
from mvsnap.jobs.waits import Wait, soonest
from mvsnap.store.events import Store

log = logging.getLogger(__name__)

# The message that opens the thread in each room, if there is one.
Heads = Mapping[str, Future[MessageId]]


@dataclass(frozen=True, slots=True)
class DelayNotice:
    """`first`: a picture of another moment, shown until the wanted one is there."""

    serial: Serial
    camera: str
    why: str
    first: Event | None = None


class Threads:
    def __init__(
        self, store: Store, attachments: Attachments, sender: RetryingSender
    ) -> None:
        self._store = store
        self._attachments = attachments
        self._sender = sender

    def open_threads(self, job: Job, pool: Executor) -> Heads:
        """Open one thread per room where a trigger has several cameras."""
        rooms = [r for r in job.rooms if len(going_to(r, job, job.serials)) > 1]
        raised = self._about(job) if rooms else None
        return {
            room: pool.submit(self._sender.send, _head(job, raised, room))
            for room in rooms
        }

    def open(self, job: Job) -> Wait | None:
        """Post a job without pictures; its clips follow in the same thread.

        Returns None when nothing remains, else what to wait for.
        """
        raised = self._about(job)
        heads = [_head(job, raised, room) for room in job.rooms]
        return soonest(self._sender.send_or_give_up(head) for head in heads)

    def deliver(
        self, job: Job, event: Event, heads: Heads, pool: Executor
    ) -> Wait | None:
        """Send the event to every room that has no message of it yet.

        Returns None when nothing remains, else what to wait for.
        """
        facts = Facts(job, event, raised=self._about(job))
        sends = [
            pool.submit(self._deliver, facts, event, room, heads.get(room))
            for room in job.rooms_of(event.serial)
        ]
        return soonest([send.result() for send in sends])

    def post_delay_notice(self, job: Job, notice: DelayNotice, heads: Heads) -> None:
        """Post that the picture is late; attempted once in each run of the job."""
        first, raised = notice.first, self._about(job)
        is_covered = raised is not None and kind_of(raised).covered_by_head
        for room in job.rooms_of(notice.serial):
            said = None if is_covered and room in heads else raised
            facts = Facts(job, first, said, camera=notice.camera, error=notice.why)
            attached = Attached()
            if first is not None:
                attached = self._attachments.file(NOTE_KIND, first, room)
            try:
                head = heads[room].result() if room in heads else None
            except UpstreamError as exc:
                log.warning("could not post that a picture is delayed: %s", exc.message)
            else:
                part = note_part(notice.serial)
                note = Message(
                    *(NOTE_KIND, part, room, facts, attached.file, head),
                    lacking=attached.lacking,
                )
                self._sender.try_once(note)

    def _deliver(
        self, facts: Facts, event: Event, room: str, head: Future[MessageId] | None
    ) -> Wait | None:
        job, raised = facts.job, facts.raised
        if head is not None and raised and kind_of(raised).covered_by_head:
            facts, raised = Facts(job, event), None
        known = self._store.deliveries_of_job(job.id)
        told = known.get((event.serial, room))
        part = _part(job, event, told)
        note = known.get((note_part(event.serial), room)) or told
        try:
            above = note.message_id if note else None
            parent_id = head.result() if head else above
        except UpstreamError as exc:
            if head is not None:  # clips need not wait for it
                self._sender.defer_or_give_up(job, HEAD, room, exc)
            return self._sender.defer_or_give_up(job, part, room, exc)
        kind = kind_of(event, raised)
        attached = self._attachments.file(kind, event, room)
        message = Message(
            *(kind, part, room, facts, attached.file, parent_id),
            lacking=attached.lacking,
        )
        return self._sender.send_or_give_up(message)

    def _about(self, job: Job) -> Event | None:
        return self._store.event(job.about) if job.about else None


def _part(job: Job, event: Event, told: Delivery | None) -> str:
    """Return the part of a picture's message; `told`: what there is under its serial.

    A picture that was taken again follows the message that there is none.
    """
    again_at = job.again_at
    if again_at is None or event.recorded_at < again_at or told is None:
        return event.serial
    is_before = told.state is DeliveryState.SENT and told.changed_at < again_at
    return again_part(event.serial) if is_before else event.serial


def _head(job: Job, raised: Event | None, room: str) -> Message:
    return Message(HEAD_KIND, HEAD, room, Facts(job, raised=raised))
