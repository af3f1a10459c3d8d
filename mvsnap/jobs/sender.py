"""Post: sends a message, tries it again, parks its job, or gives it up."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from mvsnap.clock import SystemClock
from mvsnap.delivery import Courier, Letter
from mvsnap.domain import DeliveryState, Job, MessageId
from mvsnap.errors import UpstreamError
from mvsnap.jobs.retry import RetryPolicy, retrying
from mvsnap.metrics import Metrics
from mvsnap.store.events import Store

log = logging.getLogger(__name__)


class Post:
    """courier: None when Webex is not configured; pictures are then only kept."""

    def __init__(
        self,
        store: Store,
        courier: Courier | None,
        clock: SystemClock,
        metrics: Metrics,
        patience: RetryPolicy,
    ) -> None:
        self._store = store
        self._courier = courier
        self._clock = clock
        self._metrics = metrics
        self._patience = patience

    def send(self, job: Job, letter: Letter) -> MessageId:
        """Send unless it was sent already; return the message's id.

        Raises:
            UpstreamError: not sent within our patience.
        """
        if self._courier is None:
            # Accepted while Webex was configured, which it is no more.
            raise UpstreamError("Webex is not configured", retry=False)
        courier = self._courier
        return retrying(
            lambda: courier.send_once(job, letter),
            self._clock,
            limit_s=self._patience.call_s,
        )

    def try_once(self, job: Job, letter: Letter) -> None:
        """Send what is only nice to have: what goes wrong is logged."""
        if self._courier is None or self._patience.is_over:
            return
        try:
            self._courier.send_once(job, letter)
        except UpstreamError as exc:
            log.warning("%s not sent: %s", letter.part, exc.message)

    def send_or_give_up(
        self, job: Job, letter: Letter, *, or_else: Letter | None = None
    ) -> float | None:
        """Return None when nothing is left, else in how many seconds to come again.

        or_else: what to send where Webex refuses the file for good.
        """
        known = self._store.deliveries_of_job(job.id).get((letter.part, letter.room))
        if known and known.is_over:
            return None
        try:
            self.send(job, letter)
        except UpstreamError as exc:
            if letter.file and or_else and not exc.retry and not exc.unsure:
                log.warning("%s posted without its file: %s", letter.part, exc.message)
                return self.send_or_give_up(job, or_else)
            return self.park_or_give_up(job, letter.part, letter.room, exc)
        self._metrics.parts.labels("delivered").inc()
        took_s = (self._clock.now() - job.accepted_at).total_seconds()
        self._metrics.delivery_s.observe(took_s)
        log.info("%s posted to %s after %.1f s", letter.part, letter.room, took_s)
        return None

    def park_or_give_up(
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


def soonest(waits: Iterable[float | None]) -> float | None:
    """Return the shortest of some waits, None when nothing is left to wait for."""
    return min((wait for wait in waits if wait is not None), default=None)
