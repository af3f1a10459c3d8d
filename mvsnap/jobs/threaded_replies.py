"""Messages of jobs without a camera: a crowd's end, a clip, an alert.

Most reply in the thread of another job; the kind of the message says which ones wait,
and for what.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mvsnap.clip_model import Clip
from mvsnap.clock import SystemClock
from mvsnap.core.message_parts import clip_part, note_part, opens_thread
from mvsnap.delivery.attachments import Attached, Attachments
from mvsnap.delivery.kinds import (
    ALERT_KIND,
    GROUP_KIND,
    REPORT_KIND,
    Attachment,
    MessageKind,
    Thread,
    kind_of,
)
from mvsnap.delivery.message import Facts, Message
from mvsnap.domain import Delivery, DeliveryState, Event, Job, JobId, MessageId
from mvsnap.errors import UpstreamError
from mvsnap.jobs.retry import RetryPolicy
from mvsnap.jobs.sender import RetryingSender, is_over
from mvsnap.jobs.stores import JobStores
from mvsnap.jobs.waits import JOB, ROOM, Wait, for_job, soonest
from mvsnap.logs.job import about
from mvsnap.store.notices.groups import NoticeGroup
from mvsnap.texts.channel_wordings import REPLIES_TO_UNSENT, VIDEO_ON_THE_WAY
from mvsnap.values import replace

if TYPE_CHECKING:
    from mvsnap.delivery.buttons import MessageButtons

# How soon to check again whether the message that opens the thread was sent.
_THREAD_POLL_S = 5.0
_SOON = timedelta(minutes=1)


class ThreadedReplies:
    def __init__(
        self,
        stores: JobStores,
        attachments: Attachments,
        sender: RetryingSender,
        policy: RetryPolicy,
        clock: SystemClock,
        buttons: MessageButtons | None = None,
    ) -> None:
        """buttons: None where nobody may press any."""
        self._buttons = buttons
        self._stores = stores
        self._attachments = attachments
        self._sender = sender
        self._policy = policy
        self._clock = clock

    def send(self, job: Job) -> Wait | None:
        """Post the job's event to each room: an end and a clip in their thread.

        Returns None when nothing remains, else what to wait for.
        """
        event = self._stores.events.event(job.about) if job.about else None
        if event is None:  # of a report or a group, deleted, or about the site itself
            return self._send_without_event(job)
        send_one = {
            Thread.STARTS: self._send_alone,
            Thread.REPLIES: self._send_reply,
            Thread.ENDS: self._send_end,
        }[kind_of(event).thread]
        # Whoever looks for the trigger in the log finds what came of it.
        with about(event.job_id or job.id):
            return soonest([send_one(job, event, room) for room in job.rooms])

    def _send_without_event(self, job: Job) -> Wait | None:
        if (report := self._stores.report(job)) is not None:
            return self._send_to_all(REPORT_KIND, Facts(job, report=report))
        if (group := self._stores.notices.group(job.id)) is not None:
            return self._send_to_all(GROUP_KIND, self._facts_of_group(job, group))
        return soonest([self._send_alert(job, room) for room in job.rooms])

    def _send_to_all(self, kind: MessageKind, facts: Facts) -> Wait | None:
        messages = [Message(kind, kind.name, room, facts) for room in facts.job.rooms]
        return soonest([self._sender.send_or_give_up(one) for one in messages])

    def _send_alone(self, job: Job, event: Event, room: str) -> Wait | None:
        message = self._message(Facts(job, event), room)
        if self._buttons is None:
            return self._sender.send_or_give_up(message)
        if message.file is None:
            card = self._buttons.alone(event, room)
            return self._sender.send_or_give_up(replace(message, card=card))
        wait = self._sender.send_or_give_up(message)
        known = self._stores.events.deliveries_of_job(job.id)
        sent = known.get((message.part, room))
        if sent is not None and (sent_id := _sent_id(sent)) is not None:
            below = self._buttons.below(message.facts, event, room, sent_id)
            if below is not None:
                self._sender.try_once(below)
        return wait

    def _send_alert(self, job: Job, room: str) -> Wait | None:
        """Say what is so now: it may have been waiting since the trouble was over."""
        known = self._stores.events.deliveries_of_job(job.id)
        sent = known.get((ALERT_KIND.name, room))
        if sent is not None and is_over(sent, job):
            return None  # else it would claim ends that another message has to say
        troubles = self._stores.troubles.claim_for_message(job.id, room)
        if not troubles:
            return None  # another message says that all is over
        facts = Facts(job, troubles=tuple(troubles))
        message = Message(ALERT_KIND, ALERT_KIND.name, room, facts)
        return self._sender.send_or_give_up(message)

    def _facts_of_group(self, job: Job, group: NoticeGroup) -> Facts:
        """Return how many messages there were about a camera, besides those sent."""
        newest = self._stores.events.events_of_jobs(group.job_ids)
        names = (one.camera_name for one in newest if one.camera_name)
        return Facts(job, camera=next(names, group.camera), group=group)

    def _send_end(self, job: Job, end: Event, room: str) -> Wait | None:
        deliveries = self._stores.events.deliveries_of_job(end.job_id)
        opened = deliveries.get((end.serial, room))
        if opened is not None and opened.state is DeliveryState.FAILED:
            return None  # a room that never got the crowd needs no end
        if opened is None or opened.state is not DeliveryState.SENT:
            return self._until_told(job, end.job_id)
        wait = self._until_earlier(job, end.job_id, room)
        if wait is not None:
            return wait
        # Threads have one level: where a note was sent first, it is the head.
        note = deliveries.get((note_part(end.serial), room))
        parent_id = (note.message_id if note else None) or opened.message_id
        message = self._message(Facts(job, end), room)
        card = self._buttons.beside(end, room) if self._buttons else None
        return self._sender.send_or_give_up(
            replace(message, parent_id=parent_id, card=card)
        )

    def _send_reply(self, job: Job, event: Event, room: str) -> Wait | None:
        """Reply to the head of the thread; post on its own if that was given up."""
        opened = self._openers(event.job_id, room)
        head = next(filter(None, map(_sent_id, opened)), None)
        lost = opened and all(d.state is DeliveryState.FAILED for d in opened)
        clip = self._clip(event)
        first = self._first_with(job, clip, room)
        is_early = head is None and not lost
        wait = None
        if is_early:
            wait = self._until_told(job, event.job_id)
        elif first is not None and not first.is_over:
            wait = self._until_told(job, first.job_id)
        wait = wait or self._until_earlier(job, event.job_id, room)
        if wait is not None:
            return wait
        if clip is not None and self._is_coming(job, clip):
            return Wait(_THREAD_POLL_S, why=VIDEO_ON_THE_WAY())
        if kind_of(event).is_part_of_job:
            # Stored with the job that requested it, where people look for it.
            job = replace(job, id=event.job_id)
        facts = Facts(
            job,
            event,
            is_same=first is not None and first.state is DeliveryState.SENT,
            is_gone=clip is None or self._stores.files.is_gone(clip),
        )
        message = self._message(facts, room)
        return self._sender.send_or_give_up(replace(message, parent_id=head))

    def _message(self, facts: Facts, room: str) -> Message:
        event = facts.event
        assert event is not None
        kind: MessageKind = kind_of(event)
        # A file that is already in the room is not sent again.
        attached = Attached()
        if not facts.is_same:
            attached = self._attachments.file(kind, event, room)
        return Message(
            *(kind, kind.part(event), room, facts, attached.file),
            lacking=attached.lacking,
        )

    def _openers(self, job_id: JobId, room: str) -> list[Delivery]:
        """Return the messages that may open the job's thread, best one first."""
        known = self._stores.events.deliveries_of_job(job_id)
        ranked = [
            (rank, delivery)
            for (part, where), delivery in known.items()
            if where == room and (rank := opens_thread(part)) is not None
        ]
        return [delivery for _, delivery in sorted(ranked, key=lambda pair: pair[0])]

    def _clip(self, event: Event) -> Clip | None:
        """Return the clip of the event, None where it has none (any more)."""
        if kind_of(event).attachment is not Attachment.CLIP:
            return None
        return self._stores.clips.clip(event.id)

    def _first_with(self, job: Job, clip: Clip | None, room: str) -> Delivery | None:
        """Return the message that already brought the same file to this room."""
        if clip is None or not clip.shared or clip.path is None:
            return None
        part = clip_part(clip.camera)
        waiting = Delivery(clip.job_id, part, room, DeliveryState.WAITING)
        of_file = self._stores.clips.of_file(clip)
        is_young = self._clock.passed_since(job.accepted_at) < _SOON
        if is_young and all(other.shared for other in of_file):
            return waiting  # the first is about to be finished, or was deleted since
        first = next((other for other in of_file if room in other.rooms), clip)
        if first.id == clip.id:
            return None
        known = self._stores.events.deliveries_of_job(first.job_id)
        return known.get((part, room), waiting)

    def _is_coming(self, job: Job, clip: Clip) -> bool:
        """Return whether another machine is handing the video over just now."""
        is_young = self._clock.passed_since(job.accepted_at) < _SOON
        return is_young and self._stores.files.is_elsewhere(clip.path)

    def _until_earlier(self, job: Job, thread: JobId, room: str) -> Wait | None:
        """Let the messages of a thread that wait for the same go before this one."""
        same = (ROOM + room, JOB + thread)
        if self._stores.states.has_earlier(job, thread, same):
            return self._until_told(job, thread)
        return None

    def _until_told(self, job: Job, first: JobId) -> Wait | None:
        """Return how to wait for the message of another job; None: not at all."""
        unsent = UpstreamError(REPLIES_TO_UNSENT(), retry=True)
        if not self._policy.allows_retry(job, unsent):
            return None
        # Soon at first; in a long outage as rarely as the first message is retried.
        young = self._clock.passed_since(job.accepted_at) < _SOON
        delay_s = _THREAD_POLL_S if young else self._policy.defer_s(job, unsent)
        return for_job(first, delay_s, unsent.as_reason)


def _sent_id(delivery: Delivery) -> MessageId | None:
    return delivery.message_id if delivery.state is DeliveryState.SENT else None
