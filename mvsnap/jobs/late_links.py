"""Video links that were not known when their picture was stored.

They are asked for as long as a job is retried. A room that has the picture by then gets
the link, or why there is none, as a reply; in the others it is part of the message.
"""

from __future__ import annotations

import logging
from datetime import datetime

from mvsnap.clock import SystemClock
from mvsnap.core.message_parts import ASKED, HEAD, link_part, note_part
from mvsnap.core.moments import is_first_picture
from mvsnap.core.video_links import LINK_FOLLOWS, NO_LINK, awaited, awaits_since
from mvsnap.delivery.kinds import LINK_KIND
from mvsnap.delivery.message import Facts, Message
from mvsnap.domain import DeliveryState, Event, Job, MessageId
from mvsnap.errors import UpstreamError
from mvsnap.jobs.retry import RetryPolicy
from mvsnap.jobs.sender import RetryingSender
from mvsnap.jobs.waits import Wait, soonest
from mvsnap.photographer import Photographer
from mvsnap.store.events import Store
from mvsnap.store.events.links import set_video_link
from mvsnap.values import replace

log = logging.getLogger(__name__)

# Of a message that has left, or may have.
_POSTED = frozenset({DeliveryState.SENDING, DeliveryState.UNSURE, DeliveryState.SENT})


def with_link(
    event: Event,
    link: str | None,
    why: UpstreamError | None,
    at: datetime,
    *,
    may_follow: bool,
) -> Event:
    """Return the event with its link, or with what it says instead.

    why: there is no link. may_follow: it is asked for again if that may help.
    """
    if link is not None or why is None:
        return replace(event, video_link=link)
    follows = may_follow and why.retry
    said = awaited(at) if follows else {NO_LINK: why.as_reason}
    return replace(event, details={**event.details, **said})


class LateLinks:
    def __init__(
        self,
        store: Store,
        photographer: Photographer,
        sender: RetryingSender,
        policy: RetryPolicy,
        clock: SystemClock,
    ) -> None:
        self._store = store
        self._photographer = photographer
        self._sender = sender
        self._policy = policy
        self._clock = clock

    def send(self, job: Job) -> Wait | None:
        """Ask for the links that the job lacks, and post them.

        Returns None when nothing remains, else what it waits for.
        """
        events = self._store.events_of_job(job.id)
        pictures = [e for e in events if e.serial and not is_first_picture(e)]
        return soonest([self._send(job, event) for event in pictures])

    def _send(self, job: Job, event: Event) -> Wait | None:
        at = awaits_since(event)
        if at is not None:
            try:
                link, why = self._photographer.ask_link(event.serial, at), None
            except UpstreamError as exc:
                if self._policy.allows_retry(job, exc):
                    return Wait(self._policy.defer_s(job, exc), why=exc.as_reason)
                link, why = None, exc
            event = self._settle(job, event, link, why)
        elif not event.details.get(NO_LINK) and event.video_link is None:
            return None
        return self._reply(job, event)

    def _settle(
        self, job: Job, event: Event, link: str | None, why: UpstreamError | None
    ) -> Event:
        """Store the link, after which rooms need a reply to know it."""
        known, now = self._store.deliveries_of_job(job.id), self._clock.now()
        for room in job.rooms_of(event.serial):
            sent = known.get((event.serial, room))
            if sent is not None and sent.state in _POSTED:
                self._store.set_delivery(
                    job.id, link_part(event.serial), room, DeliveryState.WAITING, now
                )
        details = {k: v for k, v in event.details.items() if k != LINK_FOLLOWS}
        if why is not None:
            details[NO_LINK] = why.as_reason
            log.warning("no video link for %s: %s", event.serial, why.message)
        event = replace(event, video_link=link, details=details)
        set_video_link(self._store, event)
        return event

    def _reply(self, job: Job, event: Event) -> Wait | None:
        known, part = self._store.deliveries_of_job(job.id), link_part(event.serial)

        def head(room: str) -> MessageId | None:
            parts = (HEAD, ASKED, note_part(event.serial), event.serial)
            openers = (known.get((opener, room)) for opener in parts)
            return next((o.message_id for o in openers if o and o.message_id), None)

        raised = self._store.event(job.about) if job.about else None
        facts = Facts(job, event, raised=None if raised == event else raised)
        return soonest(
            [
                self._sender.send_or_give_up(
                    Message(LINK_KIND, part, room, facts, parent_id=head(room))
                )
                for room in job.rooms_of(event.serial)
                if (part, room) in known and not known[part, room].is_over
            ]
        )
