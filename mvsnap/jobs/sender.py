"""Retrying sender: sends a message, retries it, defers its job, or gives it up."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from mvsnap.clock import SystemClock
from mvsnap.delivery.channel import FileLimits
from mvsnap.delivery.message import Message
from mvsnap.delivery.sender import MessageSender
from mvsnap.domain import Delivery, DeliveryState, Job, MessageId
from mvsnap.errors import OfNewerRelease, UnknownRecipient, UpstreamError
from mvsnap.jobs.retry import RetryPolicy, retrying
from mvsnap.jobs.rooms import Rooms
from mvsnap.jobs.waits import Wait, for_room
from mvsnap.metrics import RETRIES, Metrics
from mvsnap.store.events import Store
from mvsnap.texts.channel_wordings import NEWER_RELEASE, NOT_TRIED_NOW
from mvsnap.values import replace

_REFUSED = "it was refused there"
_FAILED = "it could not be sent"

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
        needs_less = self._fails_alone
        return _with_what_is_taken(message, self._try, needs_less, self._try_less)

    def try_once(self, message: Message) -> None:
        """Send an optional message: a failure is only logged."""
        if self._policy.is_over or self._rooms.why_away(message.room):
            return
        try:
            send = self._sender.send_once
            _with_what_is_taken(message, send, _is_refused, send)
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
        took_s = self._clock.passed_since(job.accepted_at).total_seconds()
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
                return for_room(room, why.as_reason)
            return Wait(self._policy.defer_s(job, why), why=why.as_reason)
        now = self._clock.now()
        self._store.set_delivery(
            job.id, part, room, DeliveryState.FAILED, now, error=why.as_reason
        )
        self._metrics.parts.labels("undelivered").inc()
        self._metrics.deliveries.labels("given_up").inc()
        log.error("%s of job %s not delivered: %s", part, job.id, why.message)
        return None

    def _try(self, message: Message) -> MessageId:
        room = message.room
        away = self._rooms.why_away(room)
        if not self._rooms.begin(room):
            raise UpstreamError(away or NOT_TRIED_NOW(name=room), retry=True)
        # A room that is away is not called again and again by each job in turn.
        limit_s = 0.0 if away else self._policy.message_s
        try:
            sent = retrying(
                lambda: self._sender.send_once(message), self._clock, limit_s=limit_s
            )
        except UpstreamError as exc:
            if exc.retry:
                asked_s = exc.retry_after_s or 0.0
                self._rooms.failed(room, _key(message), exc.as_reason, asked_s)
            else:
                self._rooms.worked(room)
            raise
        self._rooms.worked(room)
        return sent

    def _try_less(self, message: Message) -> MessageId:
        if self._rooms.why_away(message.room):  # for want of an upload, perhaps
            return self._sender.send_once(message)
        return self._try(message)

    def _fails_alone(self, message: Message, why: UpstreamError) -> bool:
        """Return whether to send less: an upload can fail for ever, words rarely do."""
        if _is_refused(message, why) or self._rooms.fails_alone(_key(message)):
            return True
        is_last = self._policy.is_rerun and not self._policy.allows_retry(
            message.job, why
        )
        return is_last and not self._policy.is_over

    def _known(self, message: Message) -> Delivery | None:
        every = self._store.deliveries_of_job(message.job.id)
        known = every.get((message.part, message.room))
        if known is not None:
            _require_known(known)
        return known


def _key(message: Message) -> tuple[str, str, str]:
    return (message.job.id, message.part, message.room)


def _is_refused(_message: Message, why: UpstreamError) -> bool:
    return not why.retry


def _with_what_is_taken(
    message: Message,
    send: Callable[[Message], MessageId],
    needs_less: Callable[[Message, UpstreamError], bool],
    send_less: Callable[[Message], MessageId],
) -> MessageId:
    """Send a message; if it is refused, without its file, or outside of its thread.

    needs_less: says whether an error is one that less decoration may avoid.

    Raises:
        UpstreamError: why the message as it is was not sent; or of a plainer one, that
            it may be later.
    """
    try:
        return send(message)
    except UpstreamError as exc:
        refusal = exc
    if isinstance(refusal, UnknownRecipient) or not needs_less(message, refusal):
        raise refusal
    for plainer in _plainer(message, _FAILED if refusal.retry else _REFUSED):
        log.warning("%s sent with less: %s", message.part, refusal.message)
        try:
            return send_less(plainer)
        except UpstreamError as exc:
            if exc.retry:
                raise
    raise refusal


def _plainer(message: Message, lacking: str) -> Iterator[Message]:
    """Yield the message with less and less decoration: the words must arrive."""
    if message.card is not None:
        message = replace(message, card=None)
        yield message
    alone = replace(message, parent_id=None)
    if message.file is not None:
        yield replace(message, file=None, lacking=lacking)
    if message.parent_id is not None:
        yield alone
        if message.file is not None:
            yield replace(alone, file=None, lacking=lacking)


def is_over(delivery: Delivery, job: Job) -> bool:
    """Return whether nothing remains to do: what had failed may be tried again.

    Raises:
        OfNewerRelease: its state is none of this release.
    """
    _require_known(delivery)
    if delivery.state is DeliveryState.FAILED and job.again_at is not None:
        return delivery.changed_at >= job.again_at
    return delivery.is_over


def _require_known(delivery: Delivery) -> None:
    """Refuse to send what a newer release may have sent."""
    if delivery.state not in list(DeliveryState):
        raise OfNewerRelease(NEWER_RELEASE())
