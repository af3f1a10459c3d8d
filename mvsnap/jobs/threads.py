"""The first messages of a job: to every room, in its thread, each once.

A room that refuses one does not hold up the others.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING

from msgspec import Struct

from mvsnap.core.message_parts import ASKED, HEAD, again_part, going_to, note_part
from mvsnap.delivery.attachments import Attached, Attachments
from mvsnap.delivery.kinds import HEAD_KIND, NOTE_KIND, kind_of
from mvsnap.delivery.message import Facts, Message
from mvsnap.domain import Delivery, DeliveryState, Event, Job, MessageId, Serial
from mvsnap.errors import UpstreamError
from mvsnap.jobs.sender import RetryingSender
from mvsnap.jobs.waits import Wait, soonest
from mvsnap.store.events import Store
from mvsnap.values import replace

if TYPE_CHECKING:
    from mvsnap.delivery.buttons import MessageButtons
    from mvsnap.delivery.cards import Card

log = logging.getLogger(__name__)

# The message that opens the thread in each room, if there is one.
Heads = Mapping[str, Future[MessageId]]


class DelayNotice(Struct, frozen=True):
    """`first`: a picture of another moment, shown until the wanted one is there."""

    serial: Serial
    camera: str
    why: str
    first: Event | None = None


class Threads:
    def __init__(
        self,
        store: Store,
        attachments: Attachments,
        sender: RetryingSender,
        buttons: MessageButtons | None = None,
    ) -> None:
        """buttons: below pictures and words alone; None: nobody may press any."""
        self._buttons = buttons
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
        # Where somebody asked for it, the thread is there, and the bot has answered.
        rooms = [room for room in job.rooms if self._asked(job, room) is None]
        heads = [
            replace(_head(job, raised, room), card=self._to_confirm(raised, room))
            for room in rooms
        ]
        return soonest(self._sender.send_or_give_up(head) for head in heads)

    def deliver(
        self, job: Job, event: Event, heads: Heads, pool: Executor
    ) -> Wait | None:
        """Send the event to every room that has no message of it yet.

        Returns None when nothing remains, else what to wait for.
        """
        facts = Facts(job, event, raised=self._about(job))
        rooms = job.rooms_of(event.serial)
        sends = [
            pool.submit(self._deliver, facts, event, room, heads.get(room))
            for room in rooms[:-1]
        ]
        last = [self._deliver(facts, event, one, heads.get(one)) for one in rooms[-1:]]
        return soonest([*last, *(send.result() for send in sends)])

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
                head = heads[room].result() if room in heads else self._asked(job, room)
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
        sent = known.get((event.serial, room))
        part = _part(job, event, sent)
        note = known.get((note_part(event.serial), room)) or sent
        try:
            above = note.message_id if note else None
            parent_id = head.result() if head else self._asked(job, room) or above
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
        wait = self._sender.send_or_give_up(message)
        if wait is None:
            self._add_buttons(message, event)
        return wait

    def _add_buttons(self, message: Message, event: Event) -> None:
        """Post the buttons for a picture in its thread; attempted once in each run."""
        if self._buttons is None:
            return
        known = self._store.deliveries_of_job(message.job.id)
        sent = known.get((message.part, message.room))
        parent_id = message.parent_id or (sent.message_id if sent else None)
        if parent_id is None:
            return
        # The head says what is raised, for all cameras; each has buttons of its own.
        facts = replace(message.facts, raised=self._about(message.job))
        found = self._buttons.below(facts, event, message.room, parent_id)
        if found is not None:
            self._sender.try_once(found)

    def _to_confirm(self, raised: Event | None, room: str) -> Card | None:
        return self._buttons.alone(raised, room) if self._buttons else None

    def _asked(self, job: Job, room: str) -> MessageId | None:
        """Return the thread of what a person wrote or pressed, if that led to it."""
        asked = self._store.deliveries_of_job(job.id).get((ASKED, room))
        return asked.message_id if asked else None

    def _about(self, job: Job) -> Event | None:
        return self._store.event(job.about) if job.about else None


def _part(job: Job, event: Event, sent: Delivery | None) -> str:
    """Return the part of a picture's message; `sent`: what there is under its serial.

    A picture that was taken again follows the message that there is none.
    """
    again_at = job.again_at
    if again_at is None or event.recorded_at < again_at or sent is None:
        return event.serial
    is_before = sent.state is DeliveryState.SENT and sent.changed_at < again_at
    return again_part(event.serial) if is_before else event.serial


def _head(job: Job, raised: Event | None, room: str) -> Message:
    return Message(HEAD_KIND, HEAD, room, Facts(job, raised=raised))
