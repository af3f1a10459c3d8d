"""Retrying sender: sends a message, retries it, defers its job, or gives it up."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace

from mvsnap.clock import SystemClock
from mvsnap.delivery.channel import FileLimits
from mvsnap.delivery.message import Message
from mvsnap.delivery.sender import MessageSender
from mvsnap.domain import DeliveryState, Job, MessageId
from mvsnap.errors import UpstreamError
from mvsnap.jobs.retry import RetryPolicy, retrying
from mvsnap.metrics import Metrics
from mvsnap.store.events import Store

log = logging.getLogger(__name__)


class RetryingSender:
    def __init__(
        self,
        sender: MessageSender,
        store: Store,
        policy: RetryPolicy,
        clock: SystemClock,
        metrics: Metrics,
    ) -> None:
        self._sender = sender
        self._store = store
        self._policy = policy
        self._clock = clock
        self._metrics = metrics

    def limits(self, room: str) -> FileLimits:
        return self._sender.limits(room)

    def send(self, message: Message) -> MessageId:
        """Send unless it was sent already; return the message's id.

        Raises:
            UpstreamError: not sent within the retry policy.
        """
        return retrying(
            lambda: self._sender.send_once(message),
            self._clock,
            limit_s=self._policy.call_s,
        )

    def try_once(self, message: Message) -> None:
        """Send an optional message: a failure is only logged."""
        if self._policy.is_over:
            return
        try:
            self._sender.send_once(message)
        except UpstreamError as exc:
            log.warning("%s not sent: %s", message.part, exc.message)

    def send_or_give_up(self, message: Message) -> float | None:
        """Return None when nothing remains, else in how many seconds to run again."""
        job, part, room = message.job, message.part, message.room
        known = self._store.deliveries_of_job(job.id).get((part, room))
        if known and known.is_over:
            return None
        try:
            self.send(message)
        except UpstreamError as exc:
            is_refused = not exc.retry and not exc.unsure
            if message.file and message.kind.goes_without_file and is_refused:
                log.warning("%s posted without its file: %s", part, exc.message)
                return self.send_or_give_up(replace(message, file=None))
            return self.defer_or_give_up(job, part, room, exc)
        self._metrics.parts.labels("delivered").inc()
        took_s = (self._clock.now() - job.accepted_at).total_seconds()
        self._metrics.delivery_s.observe(took_s)
        log.info("%s posted to %s after %.1f s", part, room, took_s)
        return None

    def defer_or_give_up(
        self, job: Job, part: str, room: str, why: UpstreamError
    ) -> float | None:
        if self._policy.allows_retry(job, why):
            return self._policy.defer_s(job, why)
        now = self._clock.now()
        self._store.set_delivery(
            job.id, part, room, DeliveryState.FAILED, now, error=why.message
        )
        self._metrics.parts.labels("undelivered").inc()
        log.error("%s of job %s not delivered: %s", part, job.id, why.message)
        return None


def soonest(waits: Iterable[float | None]) -> float | None:
    """Return the shortest of some waits, None when nothing remains to wait for."""
    return min((wait for wait in waits if wait is not None), default=None)
