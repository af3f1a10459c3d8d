"""Retrying sender: sends a message, retries it, defers its job, or gives it up."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

from mvsnap.clock import SystemClock
from mvsnap.delivery.channel import FileLimits
from mvsnap.delivery.message import Message
from mvsnap.delivery.sender import MessageSender
from mvsnap.domain import Delivery, DeliveryState, Job, MessageId
from mvsnap.errors import UnknownRecipient, UpstreamError
from mvsnap.jobs.retry import RetryPolicy, retrying
from mvsnap.jobs.rooms import Rooms
from mvsnap.jobs.waits import Wait, for_room
from mvsnap.metrics import RETRIES, Metrics
from mvsnap.store.events import Store

_REFUSED = "it was refused there"

log = logging.getLogger(__name__)


class RetryingSender:
    def __init__(
        self,
        sender: MessageSender,
        store: Store,
        policy: RetryPolicy,
        rooms: Rooms,
        clock: SystemClock,
        metrics: Metrics,
    ) -> None:
        self._sender = sender
        self._store = store
        self._policy = policy
        self._rooms = rooms
        self._clock = clock
        self._metrics = metrics

    def limits(self, room: str) -> FileLimits:
        return self._sender.limits(room)

    def send(self, message: Message) -> MessageId:
        """Send unless it was sent already; return the message's id.

        Raises:
            UpstreamError: not sent within the retry policy, or the room is away.
        """
        known = self._known(message)
        if known and known.state is DeliveryState.SENT and known.message_id:
            return known.message_id
        return _with_what_is_taken(message, self._try)

    def try_once(self, message: Message) -> None:
        """Send an optional message: a failure is only logged."""
        if self._policy.is_over or self._rooms.why_away(message.room):
            return
        try:
            _with_what_is_taken(message, self._sender.send_once)
        except UpstreamError as exc:
            log.warning("%s not sent: %s", message.part, exc.message)

    def send_or_give_up(self, message: Message) -> Wait | None:
        """Return None when nothing remains, else what to wait for."""
        job, part, room = message.job, message.part, message.room
        known = self._known(message)
        if known and is_over(known, job):
            return None
        try:
            self.send(message)
        except UpstreamError as exc:
            return self.defer_or_give_up(job, part, room, exc)
        self._metrics.parts.labels("delivered").inc()
        self._metrics.deliveries.labels("sent").inc()
        took_s = (self._clock.now() - job.accepted_at).total_seconds()
        self._metrics.delivery_s.observe(took_s)
        log.info("%s posted to %s after %.1f s", part, room, took_s)
        return None

    def defer_or_give_up(
        self, job: Job, part: str, room: str, why: UpstreamError
    ) -> Wait | None:
        if self._policy.allows_retry(job, why):
            self._metrics.deliveries.labels("deferred").inc()
            RETRIES.labels("job").inc()
            if self._rooms.why_away(room) and not self._policy.is_over:
                return for_room(room, why.message)
            return Wait(self._policy.defer_s(job, why), why=why.message)
        now = self._clock.now()
        self._store.set_delivery(
            job.id, part, room, DeliveryState.FAILED, now, error=why.message
        )
        self._metrics.parts.labels("undelivered").inc()
        self._metrics.deliveries.labels("given_up").inc()
        log.error("%s of job %s not delivered: %s", part, job.id, why.message)
        return None

    def _try(self, message: Message) -> MessageId:
        room = message.room
        away = self._rooms.why_away(room)
        if not self._rooms.begin(room):
            raise UpstreamError(away or f"{room} is not tried now", retry=True)
        # A room that is away is not called again and again by each job in turn.
        limit_s = 0.0 if away else self._policy.message_s
        try:
            sent = retrying(
                lambda: self._sender.send_once(message), self._clock, limit_s=limit_s
            )
        except UpstreamError as exc:
            if exc.retry:
                key = (message.job.id, message.part, room)
                asked_s = exc.retry_after_s or 0.0
                self._rooms.failed(room, key, exc.message, asked_s)
            else:
                self._rooms.worked(room)
            raise
        self._rooms.worked(room)
        return sent

    def _known(self, message: Message) -> Delivery | None:
        known = self._store.deliveries_of_job(message.job.id)
        return known.get((message.part, message.room))


def _with_what_is_taken(
    message: Message, send: Callable[[Message], MessageId]
) -> MessageId:
    """Send a message; if it is refused, without its file, or outside of its thread.

    Raises:
        UpstreamError: why the message as it is was not sent; or of a plainer one, that
            it may be later.
    """
    try:
        return send(message)
    except UpstreamError as exc:
        refusal = exc
    for plainer in _plainer(message):
        if refusal.retry or isinstance(refusal, UnknownRecipient):
            break
        log.warning("%s refused: %s", message.part, refusal.message)
        try:
            return send(plainer)
        except UpstreamError as exc:
            if exc.retry:
                raise
    raise refusal


def _plainer(message: Message) -> Iterator[Message]:
    """Yield the message with less and less decoration: the words must arrive."""
    alone = replace(message, parent_id=None)
    if message.file is not None:
        yield replace(message, file=None, lacking=_REFUSED)
    if message.parent_id is not None:
        yield alone
        if message.file is not None:
            yield replace(alone, file=None, lacking=_REFUSED)


def is_over(delivery: Delivery, job: Job) -> bool:
    """Return whether nothing remains to do: what had failed may be tried again."""
    if delivery.state is DeliveryState.FAILED and job.again_at is not None:
        return delivery.changed_at >= job.again_at
    return delivery.is_over
